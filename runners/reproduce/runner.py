"""Prints a table of a paper with the paper's values and ours: ``python runners/reproduce/runner.py anasod``.

Runs are kept in ``--out``; the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse

from naslib_ext.experiments.reproduction import anasod

TABLES = {"anasod": anasod.SEARCH}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", choices=sorted(TABLES))
    parser.add_argument("--out", default="reproduction", help="folder of runs (default: reproduction)")
    parser.add_argument("--seeds", type=int, default=100, help="runs a method (default: 100)")
    parser.add_argument("--executor", default="process", choices=("serial", "process"))
    parser.add_argument("--workers", type=int, default=None, help="processes (default: one a core)")
    options = parser.parse_args()
    print(
        TABLES[options.table].fill(options.out + "/" + options.table, options.seeds, options.executor, options.workers)
    )


if __name__ == "__main__":
    main()
