"""Tables and figures of the four papers, with the paper's values and ours side by side.

    python runners/reproduce/runner.py --list
    python runners/reproduce/runner.py anasod-table-2 dsm-nas-table-2 --seeds 100
    python runners/reproduce/runner.py all --docs docs/reproduction.md

Runs are kept in ``--out``; the same command goes on where it stopped. ``--docs`` writes the page of everything that
``--out`` holds results of.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from naslib_ext.atomic import write_atomically
from naslib_ext.errors import ConfigError, exit_status
from naslib_ext.experiments.reproduction.entry import Run
from naslib_ext.experiments.reproduction.papers import listing, page, select


def main() -> int:
    return exit_status(partial(_reproduce, _options()))


def _reproduce(options: argparse.Namespace) -> None:
    out = Path(options.out)
    if options.list:
        print(listing())
    elif options.seeds is not None and options.seeds < 1:
        raise ConfigError(f"--seeds: expected a positive integer, got {options.seeds}")
    elif not options.names and not options.docs:
        raise ConfigError("name a table or figure, a paper, or all; --list shows what there is")
    for entry in select(options.names):
        seeds = entry.seeds if options.seeds is None else options.seeds
        print(entry.run(Run(out, seeds, options.executor, options.workers, options.data_dir)), flush=True)
    if options.docs:
        write_atomically(Path(options.docs), page(out))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a table or figure, a paper, or all")
    parser.add_argument("--list", action="store_true", help="names, seeds and subjects")
    parser.add_argument("--out", default="reproduction", metavar="DIR", help="folder of runs (default: reproduction)")
    parser.add_argument("--seeds", type=int, help="runs a method (default: of each table its own)")
    parser.add_argument("--executor", default="process", choices=("serial", "process"))
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    parser.add_argument("--data-dir", metavar="DIR", help="folder of tables (default: NASLIB_EXT_DATA)")
    parser.add_argument("--docs", metavar="FILE", help="write the page of all results in --out")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
