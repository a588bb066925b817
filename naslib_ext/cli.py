"""The ``naslib-ext`` command. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from naslib_ext import __version__
from naslib_ext.errors import exit_status

if TYPE_CHECKING:
    from naslib_ext.defaults.trainer import Trainer


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; 0 on success, 1 with one line on standard error for bad input, 2 for bad usage."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and (not hasattr(options, "config_file") or rest[0].startswith("--")):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.overrides = rest
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, format="%(message)s")
    again = "the same command with --resume" if hasattr(options, "resume") else "the same command"
    return exit_status(partial(options.run, options), "naslib-ext", again)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="naslib-ext", description="Neural architecture search on benchmarks.")
    parser.add_argument("--version", action="version", version=f"naslib-ext {__version__}")
    parser.add_argument("-v", "--verbose", action="store_true", help="say what is going on")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_search(commands)
    _add_compare(commands)
    _add_predictors(commands)
    _add_shrink(commands)
    _add_report(commands)
    _add_data(commands)
    _add_doctor(commands)
    return parser


Commands = argparse._SubParsersAction
OFFICIAL = tuple("nasbench101 nasbench201 natsbench nasbench301 nasbench360 transbench101 suite_zero".split())
"""The kinds of published files that ``data import`` reads."""
OVERRIDES = "Trailing 'key value' pairs win over the file: search.epochs 150 seed 3"
COMPARED = ("seed", "optimizer", "out_dir", "save", "resume")
"""Keys that ``compare`` sets for each run; those of a file are left out."""


def _add_demo(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("demo", help="compare a few methods on a table and write a report")
    parser.add_argument("--out", default="demo", help="folder of results (default: demo)")
    parser.set_defaults(run=_demo)


def _add_search(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("search", help="run one search method", epilog=OVERRIDES)
    parser.add_argument("--config-file", metavar="F", help="YAML file with NASLib's keys")
    parser.add_argument("--resume", action="store_true", help="go on from what the run's folder holds")
    parser.set_defaults(run=_search)


def _add_compare(commands: Commands[argparse.ArgumentParser]) -> None:
    epilog = "Trailing 'key value' pairs win over the file: search.population_size 20"
    parser = commands.add_parser("compare", help="compare search methods over seeds", epilog=epilog)
    parser.add_argument("--config-file", metavar="F", help="YAML file with NASLib's keys, for all methods")
    parser.add_argument("--search-space", metavar="S", help="default: the file's")
    parser.add_argument("--dataset", metavar="D", help="default: the file's")
    names = "names, separated by commas; NASLib's: naslib:re; with settings: anasod_bo+beta_max=0+decoding=random"
    parser.add_argument("--optimizers", required=True, metavar="A,B", help=names)
    parser.add_argument("--budget", type=_positive, help="queries a run (default: the file's search.epochs, else 150)")
    parser.add_argument("--seeds", type=_positive, default=20, help="runs a method (default: 20)")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of results")
    parser.add_argument("--metric", help="what is optimised (default: val_accuracy)")
    parser.add_argument("--epoch", type=_positive, help="training schedule in epochs (default: the longest)")
    parser.add_argument("--test-metric", help="what found architectures are reported with")
    parser.add_argument("--surrogate", action="store_true", help="query a surrogate fitted on the table")
    parser.add_argument("--executor", default="process", choices=("serial", "process", "ray"))
    parser.add_argument("--workers", type=_positive, metavar="W", help="runs at a time (default: one a core)")
    parser.add_argument("--address", metavar="A", help="ray: of the cluster, or auto (default: one on this machine)")
    parser.add_argument("--data-dir", metavar="DIR", help="folder of tables (default: NASLIB_EXT_DATA)")
    parser.set_defaults(run=_compare)


def _add_predictors(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("predictors", help="compare predictors at several numbers of labels")
    parser.add_argument("--search-space", required=True, metavar="S")
    parser.add_argument("--dataset", required=True, metavar="D")
    parser.add_argument("--predictors", required=True, metavar="A,B", help="names; settings as in xgb:encoding=path")
    parser.add_argument("--train-sizes", required=True, type=_sizes, metavar="N,M", help="numbers of labels")
    parser.add_argument("--trials", type=_positive, default=5, help="splits, the same for all (default: 5)")
    parser.add_argument("--metric", default="val_accuracy", help="what is predicted (default: val_accuracy)")
    parser.add_argument("--epoch", type=_positive, help="training schedule in epochs (default: the longest)")
    parser.add_argument("--test-size", type=_positive, default=0, help="default: all others of a table")
    parser.add_argument("--reference", metavar="A", help="tested against the others (default: the first)")
    parser.add_argument("--surrogate", action="store_true", help="labels from a surrogate fitted on the table")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of results; what is there is not run again")
    parser.add_argument("--executor", default="process", choices=("serial", "process"))
    parser.add_argument("--workers", type=_positive, metavar="W", help="processes (default: one a core)")
    parser.add_argument("--data-dir", metavar="DIR", help="folder of tables (default: NASLIB_EXT_DATA)")
    parser.set_defaults(run=_predictors)


def _add_shrink(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("shrink", help="shrink a search space with LISSNAS and its rivals, and measure it")
    parser.add_argument("--search-space", required=True, metavar="S")
    parser.add_argument("--dataset", required=True, metavar="D")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of results; what is there is not run again")
    parser.add_argument("--labels", type=_positive, help="queries for the predictor (default: 200 or 300)")
    parser.add_argument("--size", type=_positive, help="most architectures kept (default: the paper's reduction)")
    parser.add_argument("--seeds", type=_positive, default=20, help="default: 20")
    parser.add_argument("--predictor", default="structure_gp", metavar="P", help="default: structure_gp")
    parser.add_argument("--rounds", type=_positive, default=4, help="of labels; 1: all at random (default: 4)")
    parser.add_argument("--methods", metavar="A,B", help="names, separated by commas (default: all)")
    parser.add_argument("--metric", help="what is measured (default: validation accuracy, else test accuracy)")
    parser.add_argument("--epoch", type=_positive, help="training schedule in epochs (default: the longest)")
    parser.add_argument("--surrogate", action="store_true", help="query a surrogate fitted on the table")
    parser.add_argument("--data-dir", metavar="DIR", help="folder of tables (default: NASLIB_EXT_DATA)")
    parser.set_defaults(run=_shrink)


def _add_report(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("report", help="HTML, PNG and tables from what a run, a comparison or a suite wrote")
    parser.add_argument("folder", metavar="DIR")
    parser.set_defaults(run=_report)


def _add_data(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("data", help="tables: list, import, verify")
    parser.add_argument("--data-dir", metavar="DIR", help="folder of tables (default: NASLIB_EXT_DATA)")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    actions.add_parser("list", help="the tables that are found").set_defaults(run=_data_list)
    actions.add_parser("verify", help="check every table against its manifest").set_defaults(run=_data_verify)
    load = actions.add_parser("import", help="turn foreign files into tables")
    kinds = "npz: codes and columns without a manifest; csv: lines of text; the others: a benchmark's published files"
    load.add_argument("kind", choices=("npz", "csv", *OFFICIAL), help=kinds)
    load.add_argument("files", nargs="+", metavar="FILE")
    load.add_argument("--search-space", metavar="S", help="csv: what the architectures are (default: integers)")
    load.add_argument("--dataset", metavar="D", default="data", help="csv: name of the data set")
    load.add_argument("--source", default="", help="npz, csv: where the numbers come from, for the manifest")
    load.add_argument("--licence", default="", help="npz, csv: their licence, for the manifest")
    load.set_defaults(run=_data_import)


def _add_doctor(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("doctor", help="what is installed, which NASLib is found and what it lacks")
    parser.add_argument("--import", dest="import_naslib", action="store_true", help="import NASLib, say what is mended")
    parser.set_defaults(run=_doctor)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a positive integer, got {text}")
    return value


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted({_positive(word) for word in text.split(",")}))


# the commands


def _search(options: argparse.Namespace) -> None:
    from naslib_ext.configuration import load_config, raw_values
    from naslib_ext.defaults.run_folder import folder_of
    from naslib_ext.defaults.trainer import Trainer
    from naslib_ext.naslib_bridge.adapters.naslib_names import is_naslibs
    from naslib_ext.optimizers import get_optimizer, list_optimizers

    values = raw_values(options.config_file, options.overrides)
    if is_naslibs(str(values.get("optimizer", "")), list_optimizers()):
        from naslib_ext.experiments.naslib_runner import search_with_naslib

        search_with_naslib(values, options.resume)
        return
    config = load_config(options.config_file, options.overrides)
    method = get_optimizer(config.optimizer)
    if method.using_step_function:
        from naslib_ext.defaults.one_shot_trainer import search_and_describe

        print("\n".join(search_and_describe(method, config, options.resume)))
        return
    trainer = Trainer(method(config), config, lightweight_output=True)
    trainer.search(resume_from=options.resume)
    found = trainer.benchmark.space.to_string(trainer.final_architecture)
    best = trainer.search_trajectory["valid_acc"][-1]
    print(f"{config.optimizer} after {len(trainer.records)} queries: {trainer.metric} {best:.3f}")
    print(f"architecture {found}, test {trainer.evaluate():.3f}")
    if config.optimizer == "structure_bo" and config.search.minimize:
        _print_front(trainer)
    print(f"results in {folder_of(config)}")


def _print_front(trainer: Trainer) -> None:
    """The best value at each cost, of a search with two objectives."""
    from naslib_ext.optimizers.structure_bo import StructureBO

    assert isinstance(trainer.optimizer, StructureBO)
    print(f"Pareto front, {trainer.config.search.minimize} and {trainer.metric}:")
    for code, score, cost in zip(*trainer.optimizer.pareto_front, strict=True):
        value = trainer.benchmark.direction(trainer.metric) * score
        print(f"{cost:12.3f} {value:12.3f} {trainer.benchmark.space.to_string(code)}")


def _compare(options: argparse.Namespace) -> None:
    from naslib_ext.configuration import raw_values, section
    from naslib_ext.errors import ConfigError
    from naslib_ext.experiments.compare import Comparison, compare, format_summary

    values = raw_values(options.config_file, options.overrides)
    useless = [key for key in options.overrides[::2] if key in COMPARED]
    if useless:
        raise ConfigError(f"{useless[0]}: a comparison sets it for each run; see --optimizers, --seeds and --out")
    values = {key: value for key, value in values.items() if key not in COMPARED}
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


def _predictors(options: argparse.Namespace) -> None:
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


def _shrink(options: argparse.Namespace) -> None:
    from naslib_ext.experiments.shrinkage.report import shrink_command

    shrink_command(options)


def _report(options: argparse.Namespace) -> None:
    from pathlib import Path

    from naslib_ext.experiments.report import write_report

    print(f"wrote {write_report(Path(options.folder))}")


def _demo(options: argparse.Namespace) -> None:
    from naslib_ext.experiments.demo import demo

    demo(options.out)


def _data_list(options: argparse.Namespace) -> None:
    from naslib_ext.benchmarks import data_folders, list_tables, open_table

    tables = list_tables(options.data_dir)
    for path, space in tables:
        table = open_table(path)
        metrics = ", ".join(table.metric_names())
        print(f"{space}: {', '.join(table.datasets)}; {len(table.codes):,} rows, {metrics}; {path}")
    if not tables:
        print(f"no tables in {', '.join(map(str, data_folders(options.data_dir)))}")


def _data_verify(options: argparse.Namespace) -> None:
    from naslib_ext.benchmarks import list_tables, open_table

    for path, _ in list_tables(options.data_dir):
        table = open_table(path)
        for dataset in table.datasets:
            table.benchmark(dataset)
        checked = "matches its manifest" if path.with_suffix(".json").is_file() else "readable; it has no manifest"
        print(f"{path}: {checked}")


def _data_import(options: argparse.Namespace) -> None:
    from pathlib import Path

    from naslib_ext.benchmarks import CARRIED, DATA_VARIABLE, data_folders
    from naslib_ext.benchmarks.readers import read_csv, read_npz
    from naslib_ext.benchmarks.table import save_table
    from naslib_ext.errors import DataFileError
    from naslib_ext.search_spaces import get_search_space

    folder = data_folders(options.data_dir)[0]
    if folder == CARRIED:
        raise DataFileError(f"no folder for tables: set {DATA_VARIABLE} or use --data-dir")
    if options.kind in OFFICIAL:
        _import_official(options.kind, options.files, str(folder))
        return
    for file in map(Path, options.files):
        if options.kind == "npz":
            table = read_npz(file, options.source, options.licence)
        else:
            space = get_search_space(options.search_space) if options.search_space else None
            table = read_csv(file, space, options.dataset, options.source, options.licence)
        for dataset in table.datasets:
            table.benchmark(dataset)  # a table that cannot be used is not written
        print(f"{file} -> {save_table(table, folder)}: {len(table.codes):,} architectures, {', '.join(table.datasets)}")


def _import_official(kind: str, files: Sequence[str], folder: str) -> None:
    from pathlib import Path

    from naslib_ext.benchmarks import open_table
    from naslib_ext.benchmarks.official import import_files

    for path in import_files(kind, [Path(file) for file in files], Path(folder)):
        if path.with_suffix(".json").is_file():
            table = open_table(path)
            print(f"{path}: {len(table.codes):,} architectures, {', '.join(table.datasets)}")
        else:
            print(f"{path}: a surrogate, for load_benchmark(..., kind='surrogate') and --surrogate")


def _doctor(options: argparse.Namespace) -> None:
    from naslib_ext.naslib_bridge.adapters.doctor import doctor

    print("\n".join(doctor(options.import_naslib)))


if __name__ == "__main__":
    sys.exit(main())
