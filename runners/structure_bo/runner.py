"""Two objectives, transfer, and what each ingredient is worth.

python runners/structure_bo/runner.py pareto --search-space nasbench201 --dataset cifar10 --epoch 12 --seeds 20
python runners/structure_bo/runner.py transfer --source cifar10 --source-epoch 12 --dataset cifar100 --out DIR
python runners/structure_bo/runner.py transfer --source cifar100 --source-epoch 12 --dataset cifar100 --out DIR
python runners/structure_bo/runner.py ablation --seeds 20 --queries 100 --out DIR
python runners/structure_bo/runner.py ablation --tasks nasbench301-surrogate --panels batch --queries 150 --out DIR
python runners/structure_bo/runner.py limits --tasks transbench101_micro-jigsaw,transbench101_macro-jigsaw

The first prints the share of the whole table's hypervolume that each method finds. The next two print the best score on
a data set, from scratch and after a search on another one, or on the same one with a shorter schedule. Ablations
print how far variants with one ingredient left out or exchanged are from the optimum; finished runs are kept. Limits
say whether the optimum could be foreseen from the rest of its table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.errors import ConfigError, exit_status
from naslib_ext.experiments.executors import EXECUTORS
from naslib_ext.experiments.statistics import mean, sem
from naslib_ext.experiments.structure_bo.ablations import FIRST, PANELS, AblationStudy
from naslib_ext.experiments.structure_bo.limits import Limits, limits
from naslib_ext.experiments.structure_bo.pareto import pareto_study
from naslib_ext.experiments.structure_bo.tables import write_tables
from naslib_ext.experiments.structure_bo.transfer import Problem, transfer_study
from naslib_ext.experiments.suite.study import TASKS, Task
from naslib_ext.parameters import Parameter

ABLATED = "nasbench201-cifar100-200,transbench101_micro-class_scene,transbench101_macro-class_object,nasbench_macro"
"""A table of each of four spaces."""


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
    ablation = studies.add_parser("ablation")
    ablation.set_defaults(run=_ablation)
    ablation.add_argument("--tasks", default=ABLATED, help="of the suite's (default: %(default)s)")
    ablation.add_argument("--panels", default=",".join(PANELS), help="(default: %(default)s)")
    ablation.add_argument("--queries", default="100", help="of a run (default: %(default)s)")
    ablation.add_argument("--seeds", type=int, default=20, help="runs of a variant on each (default: %(default)s)")
    ablation.add_argument("--first-seed", type=int, default=0)
    ablation.add_argument("--out", required=True, metavar="DIR")
    ablation.add_argument("--executor", default="process", choices=EXECUTORS)
    ablation.add_argument("--workers", type=int)
    limited = studies.add_parser("limits")
    limited.set_defaults(run=_limits)
    limited.add_argument("--tasks", default=ABLATED, help="of the suite's (default: %(default)s)")
    options = parser.parse_args()
    return exit_status(partial(_checked_run, options))


def _checked_run(options: argparse.Namespace) -> None:
    """Does what was asked for, with ``queries`` as ascending numbers. Raises ``ConfigError`` for impossible numbers."""
    positive = Parameter(1, "how many", minimum=1)
    for name, value in vars(options).items():
        if isinstance(value, int):
            number = Parameter(0, "the first of many", minimum=0) if name == "first_seed" else positive
            number.check(value, f"--{name.replace('_', '-')}")
    if "queries" in options:
        options.queries = tuple(sorted({positive.check(text, "--queries") for text in options.queries.split(",")}))
    options.run(options)


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


def _ablation(options: argparse.Namespace) -> None:
    tasks, panels = _tasks(options.tasks), options.panels.split(",")
    if unknown := set(panels) - set(PANELS):
        raise ConfigError(f"unknown panels {', '.join(sorted(unknown))}; known: {', '.join(PANELS)}")
    if options.queries[-1] <= FIRST:
        raise ConfigError(f"--queries: more than {FIRST} are needed, as many as random starts")
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    study = AblationStudy(tasks, panels, options.queries[-1], seeds, options.out)
    print(f"{options.queries[-1]} queries, seeds {seeds[0]} to {seeds[-1]}\n")
    print(write_tables(study.run(options.executor, options.workers)))


def _limits(options: argparse.Namespace) -> None:
    tasks = _tasks(options.tasks)
    print(f"| | {' | '.join(Limits._fields)} |\n|{'---|' * (len(Limits._fields) + 1)}")
    for task in tasks:
        benchmark = load_benchmark(task.search_space, task.dataset, task.kind)
        values = limits(benchmark, task.metric, task.epoch)
        cells = ["-" if value != value else f"{value:.3f}".removesuffix(".000") for value in values]
        print(f"| {task.name} | {' | '.join(cells)} |", flush=True)


def _tasks(names: str) -> list[Task]:
    known = {task.name: task for task in TASKS}
    if unknown := set(names.split(",")) - set(known):
        raise ConfigError(f"unknown tasks {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    return [known[name] for name in names.split(",")]


def _head(what: str, options: argparse.Namespace) -> None:
    print(f"{options.search_space}/{options.dataset}@{options.epoch or 'longest'}: {what}, {options.seeds} seeds")
    print(f"| | {' | '.join(f'{n} queries' for n in options.queries)} |\n|{'---|' * (len(options.queries) + 1)}")


def _row(name: str, means: Sequence[float | None], errors: Sequence[float | None], digits: int) -> None:
    cells = [f"{m:.{digits}f} ± {e or 0:.{digits}f}" for m, e in zip(means, errors, strict=True)]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
