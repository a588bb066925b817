"""``python -m naslib_ext.cli``."""

import sys

from naslib_ext.cli import main

sys.exit(main())
