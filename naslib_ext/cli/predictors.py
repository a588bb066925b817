"""``naslib-ext predictors``."""

from __future__ import annotations

import argparse

from naslib_ext.cli.options import Commands, positive, sizes


def add(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser("predictors", help="compare predictors at several numbers of labels")
    parser.add_argument("--search-space", required=True, metavar="S")
    parser.add_argument("--dataset", required=True, metavar="D")
    parser.add_argument("--predictors", required=True, metavar="A,B", help="names; settings as in xgb:encoding=path")
    parser.add_argument("--train-sizes", required=True, type=sizes, metavar="N,M", help="numbers of labels")
    parser.add_argument("--trials", type=positive, default=5, help="splits, the same for all (default: 5)")
    parser.add_argument("--metric", default="val_accuracy", help="what is predicted (default: val_accuracy)")
    parser.add_argument("--epoch", type=positive, help="training schedule in epochs (default: the longest)")
    parser.add_argument("--test-size", type=positive, default=0, help="default: all others of a table")
    parser.add_argument("--reference", metavar="A", help="tested against the others (default: the first)")
    parser.add_argument("--surrogate", action="store_true", help="labels from a surrogate fitted on the table")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of results; what is there is not run again")
    parser.add_argument("--executor", default="process", choices=("serial", "process"))
    parser.add_argument("--workers", type=positive, metavar="W", help="processes (default: one a core)")
    parser.add_argument("--data-dir", metavar="DIR", help="folder of tables (default: NASLIB_EXT_DATA)")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from naslib_ext.experiments.predictor_study import PredictorStudy, format_paired, format_summary, run_study

    names = tuple(dict.fromkeys(options.predictors.split(",")))
    study = PredictorStudy(
        options.search_space, options.dataset, names, options.train_sizes, options.out, options.trials,
        options.metric, options.epoch, options.test_size, "surrogate" if options.surrogate else "table",
        options.data_dir,
    )  # fmt: skip
    summary = run_study(study, options.reference or names[0], options.executor, options.workers)
    print(format_summary(summary))
    print(format_paired(summary["paired"]))
    print(f"results in {options.out}")
