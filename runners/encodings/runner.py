"""How far the operation distribution of an architecture determines its quality, printed and plotted.

    python runners/encodings/runner.py --search-space nasbench201 --dataset cifar10,cifar100 --epoch 12 --out DIR

Within-encoding standard deviations (Table 1 of ANASOD) of all architectures of a table, or of a random sample of a
surrogate's space, and ``DIR/<search space>-<data set>.png`` for each data set (Fig. 2).
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from naslib_ext.atomic import write_atomically
from naslib_ext.benchmarks import load_benchmark
from naslib_ext.errors import exit_status
from naslib_ext.experiments.encoding_statistics import encoding_statistics, format_statistics, statistics_png


def main() -> int:
    options = _options()
    return exit_status(partial(_show_all, options))


def _show_all(options: argparse.Namespace) -> None:
    for dataset in options.dataset.split(","):
        _show(dataset, options)


def _show(dataset: str, options: argparse.Namespace) -> None:
    kind = "surrogate" if options.surrogate else "table"
    benchmark = load_benchmark(options.search_space, dataset, kind, options.data_dir)
    measured = benchmark, options.metric, options.epoch
    statistics = encoding_statistics(*measured, options.seed, options.per_cell)
    print(format_statistics(statistics, *measured))
    if options.out:
        path = Path(options.out) / f"{options.search_space}-{dataset}.png"
        write_atomically(path, statistics_png(statistics, *measured))
        print(f"  {path}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--search-space", required=True, metavar="S")
    parser.add_argument("--dataset", required=True, metavar="A,B", help="one or more, separated by commas")
    parser.add_argument("--metric", default="val_accuracy")
    parser.add_argument("--epoch", type=int, help="training schedule in epochs (default: the longest)")
    parser.add_argument("--surrogate", action="store_true", help="sample a surrogate fitted on the table")
    parser.add_argument("--per-cell", action="store_true", help="one encoding for each cell, where there are several")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--out", metavar="DIR", help="folder of the pictures (default: none)")
    parser.add_argument("--data-dir", metavar="DIR", help="folder of tables (default: NASLIB_EXT_DATA)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
