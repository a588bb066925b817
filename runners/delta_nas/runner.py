"""Figures 3, 4 and 5 of Delta-NAS, measured.

    python runners/delta_nas/runner.py loss --target zen --out DIR
    python runners/delta_nas/runner.py search --dataset cifar100 --epoch 12 --methods delta_nas,sep_re,re,ls --out DIR

``loss``: the error of difference predictors against the edit distance k of the pairs (Fig. 3). ``search``: the edit
distance from the best architecture to the optimum (Fig. 4a) and its accuracy (Figs. 4b and 5) against the queries.
Each prints a table and writes ``summary.json`` and figures.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from naslib_ext.errors import exit_status
from naslib_ext.experiments.difference_loss import LossStudy, format_losses, loss_figure
from naslib_ext.experiments.search_traces import SearchStudy, format_searches, search_figures
from naslib_ext.experiments.target import Target

CHECKPOINTS = (25, 50, 75, 100, 150, 200, 300)


def main() -> int:
    options = _options()
    return exit_status(partial(options.run, options))


def _loss(options: argparse.Namespace) -> None:
    distances = tuple(int(k) for k in options.distances.split(","))
    predictors = tuple(options.predictors.split(",")) if options.predictors else ()
    study = LossStudy(
        _target(options, options.target), distances, options.pairs, options.labels, predictors, options.contexts,
        options.trials,
    )  # fmt: skip
    print(format_losses(loss_figure(study, Path(options.out))))


def _search(options: argparse.Namespace) -> None:
    methods = tuple(options.methods.split(","))
    study = SearchStudy(_target(options, options.metric), methods, options.budget, options.seeds)
    summary = search_figures(study, Path(options.out), options.executor, options.workers)
    print(format_searches(summary, CHECKPOINTS))


def _target(options: argparse.Namespace, name: str) -> Target:
    kind = "surrogate" if options.surrogate else "table"
    return Target(options.search_space, options.dataset, name, options.epoch, kind, options.data_dir)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    loss, search = commands.add_parser("loss"), commands.add_parser("search")
    loss.set_defaults(run=_loss)
    loss.add_argument("--target", default="zen", help="a zero-cost score or a metric (default: zen)")
    loss.add_argument("--distances", default="1,2,3,4,5", metavar="K,K")
    loss.add_argument("--pairs", type=int, default=1_000, help="to train on, and as many to measure on")
    loss.add_argument("--labels", type=int, default=156, help="of the predictors by name")
    loss.add_argument("--predictors", default="", metavar="A,B", help="as in naslib-ext predictors (default: none)")
    loss.add_argument("--contexts", type=int, default=4, help="pairs that a difference is averaged over")
    loss.add_argument("--trials", type=int, default=5)
    search.set_defaults(run=_search)
    search.add_argument("--methods", default="delta_nas,sep_re,re,ls", metavar="A,B")
    search.add_argument("--metric", default="val_accuracy")
    search.add_argument("--budget", type=int, default=150)
    search.add_argument("--seeds", type=int, default=100)
    search.add_argument("--executor", default="process", choices=("serial", "process"))
    search.add_argument("--workers", type=int)
    for command in (loss, search):
        command.add_argument("--search-space", default="nasbench201")
        command.add_argument("--dataset", default="cifar10")
        command.add_argument("--epoch", type=int, help="training schedule in epochs (default: the longest)")
        command.add_argument("--surrogate", action="store_true", help="values from a surrogate fitted on the table")
        command.add_argument("--data-dir", metavar="DIR", help="folder of tables (default: NASLIB_EXT_DATA)")
        command.add_argument("--out", required=True, metavar="DIR")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
