"""Builds the tables that the package carries, or prints how good they are.

    python runners/benchmark/runner.py build [--folder build/carried] [--seeds 2] [--workers 2]
    python runners/benchmark/runner.py card [--data DIR]

``build`` trains all NAS-Bench-201 cells on both image data sets: two hours of CPU time. It can be killed and goes on
from the finished shards in its folder; at the end it writes the table into the package. ``card`` prints the figures
of the data card; those that need the published NAS-Bench-201 table look for it in DIR or in ``NASLIB_EXT_DATA``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from naslib_ext.benchmarks import CARRIED
from naslib_ext.benchmarks.table import save_table
from naslib_ext.experiments.carried_tables import assemble, build
from naslib_ext.experiments.data_card import data_card


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("build")
    making.add_argument("--folder", type=Path, default=Path("build/carried"))
    making.add_argument("--seeds", type=int, default=2, help="trainings of every cell on every data set")
    making.add_argument("--workers", type=int, help="processes; default: one a core")
    commands.add_parser("card").add_argument("--data", help="folder with the published nasbench201 table")
    options = parser.parse_args()
    if options.command == "card":
        print(data_card(options.data))
        return
    build(options.folder, options.seeds, options.workers)
    print(save_table(assemble(options.folder, options.seeds), CARRIED))


if __name__ == "__main__":
    main()
