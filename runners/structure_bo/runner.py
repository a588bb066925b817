"""Two objectives, and transfer.

python runners/structure_bo/runner.py pareto --search-space nasbench201 --dataset cifar10 --epoch 12 --seeds 20
python runners/structure_bo/runner.py transfer --source cifar10 --source-epoch 12 --dataset cifar100 --out DIR
python runners/structure_bo/runner.py transfer --source cifar100 --source-epoch 12 --dataset cifar100 --out DIR

The first prints the share of the whole table's hypervolume that each method finds. The others print the best score on
a data set, from scratch and after a search on another one, or on the same one with a shorter schedule.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.errors import exit_status
from naslib_ext.experiments.pareto_study import pareto_study
from naslib_ext.experiments.statistics import mean, sem
from naslib_ext.experiments.transfer_study import Problem, transfer_study


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    studies = parser.add_subparsers(required=True)
    for name, run in (("pareto", _pareto), ("transfer", _transfer)):
        study = studies.add_parser(name)
        study.set_defaults(run=run)
        study.add_argument("--search-space", default="nasbench201")
        study.add_argument("--dataset", default="cifar10")
        study.add_argument("--metric", default="val_accuracy")
        study.add_argument("--epoch", type=int, help="training schedule (default: the longest)")
        study.add_argument("--queries", default="20,50,100,150", help="where results are read")
        study.add_argument("--seeds", type=int, default=20)
        if name == "pareto":
            study.add_argument("--cost", default="latency_ms/pixel3", help="a score of the table that costs no query")
        else:
            study.add_argument("--source", required=True, help="data set of the first search")
            study.add_argument("--source-epoch", type=int, help="its training schedule (default: the longest)")
            study.add_argument("--source-budget", type=int, default=100, help="its queries (default: 100)")
            study.add_argument("--out", required=True, metavar="DIR", help="folder of the first searches")
    options = parser.parse_args()
    options.queries = tuple(int(n) for n in options.queries.split(","))
    return exit_status(partial(options.run, options))


def _pareto(options: argparse.Namespace) -> None:
    benchmark = load_benchmark(options.search_space, options.dataset)
    results = pareto_study(benchmark, options.metric, options.epoch, options.cost, options.queries, options.seeds)
    _head(f"{options.metric} and {options.cost}", options)
    for name, (means, errors) in results.items():
        _row(name, means, errors, 4)


def _transfer(options: argparse.Namespace) -> None:
    source = Problem(options.search_space, options.source, options.source_epoch, options.metric)
    target = Problem(options.search_space, options.dataset, options.epoch, options.metric)
    budget = options.queries[-1]
    curves = transfer_study(source, target, options.source_budget, budget, options.seeds, options.out)
    _head(f"after {options.source_budget} queries on {source.dataset}@{source.epoch or 'longest'}", options)
    for name, values in curves.items():
        read = values[:, [n - 1 for n in options.queries]]
        _row(name, mean(read), sem(read), 3)


def _head(what: str, options: argparse.Namespace) -> None:
    print(f"{options.search_space}/{options.dataset}@{options.epoch or 'longest'}: {what}, {options.seeds} seeds")
    print(f"| | {' | '.join(f'{n} queries' for n in options.queries)} |\n|{'---|' * (len(options.queries) + 1)}")


def _row(name: str, means: Sequence[float | None], errors: Sequence[float | None], digits: int) -> None:
    cells = [f"{m:.{digits}f} ± {e or 0:.{digits}f}" for m, e in zip(means, errors, strict=True)]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
