"""One-shot methods on one supernet, measured with the carried tables.

python runners/one_shot/search.py --datasets digits,shapes --seeds 5 --epochs 20 --out DIR

Finished searches in DIR are not run again. Prints a table for each data set; DIR/<data set> gets ``summary.json`` and
``curves.png``.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from naslib_ext.errors import exit_status
from naslib_ext.experiments.one_shot.study import METHODS, OneShotStudy, format_summary, run_study


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", default="digits,shapes", metavar="A,B")
    names = "one-shot methods, with settings as in anasod_dnas+update=projected (default: all six)"
    parser.add_argument("--methods", default=",".join(METHODS), metavar="A,B", help=names)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--out", required=True, metavar="DIR")
    return exit_status(partial(_run, parser.parse_args()))


def _run(options: argparse.Namespace) -> None:
    for dataset in options.datasets.split(","):
        study = OneShotStudy(dataset, tuple(options.methods.split(",")), options.seeds, options.epochs)
        summary = run_study(study, Path(options.out) / dataset, partial(print, file=sys.stderr, flush=True))
        print(format_summary(summary) + "\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
