"""``naslib-ext data``: list, verify and import tables."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from naslib_ext.cli.options import Commands

OFFICIAL = tuple("nasbench101 nasbench201 natsbench nasbench301 nasbench360 transbench101 suite_zero".split())
"""The kinds of published files that ``import`` reads."""


def add(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser("data", help="tables: list, import, verify")
    parser.add_argument("--data-dir", metavar="DIR", help="folder of tables (default: NASLIB_EXT_DATA)")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    actions.add_parser("list", help="the tables that are found").set_defaults(run=_list)
    actions.add_parser("verify", help="check every table against its manifest").set_defaults(run=_verify)
    load = actions.add_parser("import", help="turn foreign files into tables")
    kinds = "npz: codes and columns without a manifest; csv: lines of text; the others: a benchmark's published files"
    load.add_argument("kind", choices=("npz", "csv", *OFFICIAL), help=kinds)
    load.add_argument("files", nargs="+", metavar="FILE")
    load.add_argument("--search-space", metavar="S", help="csv: what the architectures are (default: integers)")
    load.add_argument("--dataset", metavar="D", default="data", help="csv: name of the data set")
    load.add_argument("--source", default="", help="npz, csv: where the numbers come from, for the manifest")
    load.add_argument("--licence", default="", help="npz, csv: their licence, for the manifest")
    load.set_defaults(run=_import)


def _list(options: argparse.Namespace) -> None:
    from naslib_ext.benchmarks import data_folders, list_tables, open_table

    tables = list_tables(options.data_dir)
    for path, space in tables:
        table = open_table(path)
        metrics = ", ".join(table.metric_names())
        print(f"{space}: {', '.join(table.datasets)}; {len(table.codes):,} rows, {metrics}; {path}")
    if not tables:
        print(f"no tables in {', '.join(map(str, data_folders(options.data_dir)))}")


def _verify(options: argparse.Namespace) -> None:
    from naslib_ext.benchmarks import list_tables, open_table

    for path, _ in list_tables(options.data_dir):
        table = open_table(path)
        for dataset in table.datasets:
            table.benchmark(dataset)
        checked = "matches its manifest" if path.with_suffix(".json").is_file() else "readable; it has no manifest"
        print(f"{path}: {checked}")


def _import(options: argparse.Namespace) -> None:
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
