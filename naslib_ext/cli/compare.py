"""``naslib-ext compare``."""

from __future__ import annotations

import argparse

from naslib_ext.cli.options import Commands, positive

SET_BY_COMPARISON = ("seed", "optimizer", "out_dir", "save", "resume")
"""Keys that are set for each run; those of a file are left out."""


def add(commands: Commands) -> None:
    """Adds the command and its options."""
    epilog = "Trailing 'key value' pairs win over the file: search.population_size 20"
    parser = commands.add_parser("compare", help="compare search methods over seeds", epilog=epilog)
    parser.add_argument("--config-file", metavar="F", help="YAML file with NASLib's keys, for all methods")
    parser.add_argument("--search-space", metavar="S", help="default: the file's")
    parser.add_argument("--dataset", metavar="D", help="default: the file's")
    names = "names, separated by commas; NASLib's: naslib:re; with settings: anasod_bo+beta_max=0+decoding=random"
    parser.add_argument("--optimizers", required=True, metavar="A,B", help=names)
    parser.add_argument("--budget", type=positive, help="queries a run (default: the file's search.epochs, else 150)")
    parser.add_argument("--seeds", type=positive, default=20, help="runs a method (default: 20)")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of results")
    parser.add_argument("--metric", help="what is optimised (default: val_accuracy)")
    parser.add_argument("--epoch", type=positive, help="training schedule in epochs (default: the longest)")
    parser.add_argument("--test-metric", help="what found architectures are reported with")
    parser.add_argument("--surrogate", action="store_true", help="query a surrogate fitted on the table")
    parser.add_argument("--executor", default="process", choices=("serial", "process", "ray"))
    parser.add_argument("--workers", type=positive, metavar="W", help="runs at a time (default: one a core)")
    parser.add_argument("--address", metavar="A", help="ray: of the cluster, or auto (default: one on this machine)")
    parser.add_argument("--data-dir", metavar="DIR", help="folder of tables (default: NASLIB_EXT_DATA)")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from naslib_ext.configuration import raw_values, section
    from naslib_ext.errors import ConfigError
    from naslib_ext.experiments.compare import Comparison, compare, format_summary

    values = raw_values(options.config_file, options.overrides)
    useless = [key for key in options.overrides[::2] if key in SET_BY_COMPARISON]
    if useless:
        raise ConfigError(f"{useless[0]}: a comparison sets it for each run; see --optimizers, --seeds and --out")
    values = {key: value for key, value in values.items() if key not in SET_BY_COMPARISON}
    flags = {
        "search_space": options.search_space,
        "dataset": options.dataset,
        "metric": options.metric,
        "epoch": options.epoch,
        "test_metric": options.test_metric,
        "data_dir": options.data_dir,
        "benchmark": "surrogate" if options.surrogate else None,
    }
    values |= {name: value for name, value in flags.items() if value is not None}
    if options.budget is not None:
        values["search"] = {**section(values, "search"), "epochs": options.budget}
    names = tuple(dict.fromkeys(options.optimizers.split(",")))
    comparison = Comparison(names, options.seeds, options.out, values)
    print(format_summary(compare(comparison, options.executor, options.workers, options.address)))
    print(f"results in {options.out}")
