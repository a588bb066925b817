"""Compares methods over all tables, surrogates and carried tables, and ranks them.

python runners/suite/runner.py --optimizers rs,re,ls,structure_bo --budget 100 --seeds 20 --out suite
python runners/suite/runner.py --optimizers rs,re,ls --slow lissnas,delta_nas --slow-seeds 5 --budget 150 --out suite
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial

from naslib_ext.errors import ConfigError, exit_status
from naslib_ext.experiments.executors import EXECUTORS
from naslib_ext.experiments.page import number
from naslib_ext.experiments.suite.study import TASKS, Suite, find_tasks


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--optimizers", required=True, metavar="A,B", help="methods, as naslib-ext compare takes them")
    parser.add_argument("--seeds", type=int, default=20, help="runs of each on each benchmark (default: 20)")
    parser.add_argument("--slow", default="", metavar="A,B", help="methods that have fewer seeds")
    parser.add_argument("--slow-seeds", type=int, default=5, help="runs of those (default: 5)")
    parser.add_argument("--tasks", metavar="A,B", help=f"of {', '.join(task.name for task in TASKS)}")
    parser.add_argument("--budget", type=int, default=150, help="queries a run (default: 150)")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of results")
    parser.add_argument("--executor", default="process", choices=EXECUTORS)
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--address", metavar="A", help="of a Ray cluster, or auto (default: one on this machine)")
    options = parser.parse_args()
    return exit_status(partial(_compare, options))


def _suite(options: argparse.Namespace) -> Suite:
    methods, slow = (list(filter(None, names.split(","))) for names in (options.optimizers, options.slow))
    twice = set(methods) & set(slow)
    if twice:
        raise ConfigError(f"{', '.join(sorted(twice))}: named in --optimizers and in --slow")
    seeds = dict.fromkeys(methods, options.seeds) | dict.fromkeys(slow, options.slow_seeds)
    tasks = find_tasks(options.tasks.split(",")) if options.tasks is not None else TASKS
    return Suite(seeds, options.budget, options.out, tasks)


def _compare(options: argparse.Namespace) -> None:
    suite, started = _suite(options), time.monotonic()
    for task, results in suite.run(options.executor, options.workers, options.address):
        print(f"{task.name} ({time.monotonic() - started:.0f} s)", flush=True)
        for name, result in results.items():
            print(f"  {name:<40}{number(result['best_mean'][-1]):>10} ± {number(result['best_sem'][-1])}")
    print(suite.write())


if __name__ == "__main__":
    sys.exit(main())
