"""NASLib's ``runners/nas/runner.py``: one search from a YAML file and trailing ``key value`` overrides.

python runners/nas/runner.py --config-file configs/nasbench201/re.yaml search.epochs 150 seed 3
python runners/nas/runner.py optimizer naslib:re search.epochs 150
"""

import sys

from naslib_ext.experiments.naslib_runner import main

if __name__ == "__main__":
    sys.exit(main("nas"))
