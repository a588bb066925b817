"""NASLib's ``runners/predictors/runner.py``: predictors against the number of labels, on a table or a surrogate.

python runners/predictors/runner.py --search-space nasbench201 --dataset cifar10 --metric test_accuracy --epoch 200 \
    --predictors doa,xgb --train-sizes 78,156,1562 --trials 5 --out DIR
"""

import sys

from naslib_ext.cli import main

if __name__ == "__main__":
    sys.exit(main(["predictors", *sys.argv[1:]]))
