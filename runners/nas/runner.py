"""NASLib's ``runners/nas/runner.py``: one search from a YAML file and trailing ``key value`` overrides.

python runners/nas/runner.py --config-file configs/nasbench201/re.yaml search.epochs 150 seed 3
"""

import sys

from naslib_ext.cli import main

if __name__ == "__main__":
    sys.exit(main(["search", *sys.argv[1:]]))
