"""LISSNAS measured.

    python runners/shrinkage/runner.py tables --search-space nasbench201 --dataset cifar10 --size 300 --out DIR
    python runners/shrinkage/runner.py search --search-space nasbench201 --dataset cifar10 --size 300 --labels 100 \
        --budget 200 --optimizers re,ls,anasod_bo --out DIR
    python runners/shrinkage/runner.py speed

``tables`` is ``naslib-ext shrink``. ``search`` compares methods in the whole space with the same in a shrunk one, with
as many queries, labels included. ``speed`` times the predictor and weighs a space of a million members.
"""

from __future__ import annotations

import argparse
import sys
import time
import tracemalloc
from functools import partial
from pathlib import Path

import numpy as np

from naslib_ext.cli import main as command_line
from naslib_ext.errors import exit_status
from naslib_ext.experiments.shrinkage.search import SearchStudy, format_searches, parse_methods, run_searches
from naslib_ext.experiments.shrinkage.study import ShrinkStudy
from naslib_ext.predictors import get_predictor
from naslib_ext.search_spaces import get_search_space
from naslib_ext.shrinkage import ShrunkSearchSpace
from naslib_ext.testing.made_up import smooth

LABELS, QUERIES, MEMBERS = 300, 100_000, 1_000_000


def main() -> int:
    if sys.argv[1:2] == ["tables"]:
        return command_line(["shrink", *sys.argv[2:]])
    options = _options()
    return exit_status(partial(options.run, options))


def _search(options: argparse.Namespace) -> None:
    study = ShrinkStudy(
        options.search_space, options.dataset, options.metric or "", options.epoch, options.labels or 0,
        options.size or 0, options.seeds, options.predictor, kind="surrogate" if options.surrogate else "table",
        data_dir=options.data_dir,
    )  # fmt: skip
    searches = SearchStudy(study, tuple(parse_methods(options.optimizers)), options.budget)
    print(format_searches(run_searches(searches, Path(options.out), lambda line: print(line, flush=True))))


def _speed(options: argparse.Namespace) -> None:
    """Processor seconds of one thread, features included."""
    for name in options.search_space.split(","):
        space, rng = get_search_space(name), np.random.default_rng(0)
        labelled, codes = space.sample(LABELS, rng), space.sample(QUERIES, rng)
        for predictor_name in options.predictor.split(","):
            predictor = get_predictor(predictor_name)().bind(space)
            predictor.fit(labelled, smooth(space, labelled))
            predictor.query(codes[:1000])
            started = time.process_time()
            predictor.query(codes)
            seconds = time.process_time() - started
            print(f"{name}: {QUERIES:,} predictions of {predictor_name} with {LABELS} labels: {seconds:.2f} s")
    space = get_search_space("nasbench301")
    codes = space.sample(MEMBERS, np.random.default_rng(0))
    tracemalloc.start()
    shrunk = ShrunkSearchSpace(space, codes)
    kept, peak = tracemalloc.get_traced_memory()
    print(
        f"nasbench301: {shrunk.size:,} members take {kept / 2**20:.0f} MiB, {peak / 2**20:.0f} while they are indexed"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("tables", help="naslib-ext shrink")
    search = commands.add_parser("search", help="is it worth shrinking before a search?")
    search.set_defaults(run=_search)
    search.add_argument("--search-space", required=True, metavar="S")
    search.add_argument("--dataset", required=True, metavar="D")
    search.add_argument("--optimizers", default="re,ls,anasod_bo", metavar="A,B")
    search.add_argument("--budget", type=int, default=200, help="queries in all (default: 200)")
    search.add_argument("--labels", type=int, help="of them for the predictor")
    search.add_argument("--size", type=int, help="members of the shrunk space")
    search.add_argument("--seeds", type=int, default=20)
    search.add_argument("--predictor", default="structure_gp")
    search.add_argument("--metric")
    search.add_argument("--epoch", type=int)
    search.add_argument("--surrogate", action="store_true")
    search.add_argument("--data-dir")
    search.add_argument("--out", required=True, metavar="DIR")
    speed = commands.add_parser("speed", help="processor time of predictions, memory of a shrunk space")
    speed.set_defaults(run=_speed)
    speed.add_argument("--search-space", default="nasbench101,nasbench301")
    speed.add_argument("--predictor", default="structure_gp,xgb")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
