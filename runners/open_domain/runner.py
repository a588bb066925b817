"""Open-domain ANASOD: find an encoding by training networks, then compare its networks with others.

    python runners/open_domain/runner.py search --config-file configs/open_domain/digits.yaml --seeds 5 --out DIR
    python runners/open_domain/runner.py evaluate --config-file configs/open_domain/digits.yaml --seeds 5 --out DIR
    python runners/open_domain/runner.py pool DIR DIR2

``search`` writes ``summary.json``, ``encodings.csv``, ``search.png`` and ``encodings.png``; ``evaluate`` searches where
that is not done yet, retrains, and adds ``networks.csv``; ``pool`` tests several evaluations together. Trainings are
kept in ``DIR/trainings.sqlite`` and never repeated: the same command goes on after it was killed, and with more seeds
trains what is new. Trailing ``key value`` pairs win over the file (``search.queries 30``).
"""

from __future__ import annotations

import argparse
import logging
import sys
from functools import partial
from pathlib import Path

from naslib_ext.errors import ConfigError, exit_status
from naslib_ext.experiments.executors import EXECUTORS
from naslib_ext.experiments.open_domain.evaluation import retrain
from naslib_ext.experiments.open_domain.report import (
    format_evaluation,
    format_pooled,
    format_search,
    write_evaluation,
    write_search,
)
from naslib_ext.experiments.open_domain.study import Workers, load_study, search


def main() -> int:
    parser = _parser()
    options, overrides = parser.parse_known_args()
    if any(word.startswith("-") for word in overrides[::2]):
        parser.error(f"unknown option: {' '.join(overrides)}")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return exit_status(partial(options.run, options, overrides))


def _pool(options: argparse.Namespace, overrides: list[str]) -> None:
    print(format_pooled([Path(folder) for folder in options.folders]))


def _search(options: argparse.Namespace, overrides: list[str]) -> None:
    if options.seeds < 1:
        raise ConfigError(f"--seeds: expected at least 1, got {options.seeds}")
    out, seeds = Path(options.out), range(options.seeds)
    study = load_study(options.config_file, out, overrides)
    workers = Workers(options.executor, options.workers, options.address)
    searches = search(study, seeds, workers)
    if not options.evaluate:
        print(format_search(write_search(out, study, searches)))
        return
    summary = write_evaluation(out, study, searches, retrain(study, searches, seeds, workers))
    print(format_search(summary), format_evaluation(summary), sep="\n\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in ("search", "evaluate"):
        command = commands.add_parser(name)
        command.set_defaults(run=_search, evaluate=name == "evaluate")
        command.add_argument("--config-file", metavar="F", required=True, help="a file of configs/open_domain")
        command.add_argument("--out", required=True, metavar="DIR")
        command.add_argument("--seeds", type=int, default=5, help="searches of each method (default: 5)")
        command.add_argument("--executor", choices=EXECUTORS, default="process")
        command.add_argument("--workers", type=int, help="trainings at a time (default: one a GPU, else one a core)")
        command.add_argument("--address", help="of a Ray cluster")
    pool = commands.add_parser("pool")
    pool.set_defaults(run=_pool)
    pool.add_argument("folders", nargs="+", metavar="DIR")
    return parser


if __name__ == "__main__":
    sys.exit(main())
