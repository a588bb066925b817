"""Benchmarks: codes in, accuracy and cost out. Tables, surrogates fitted on tables, readers of foreign files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from naslib_ext.benchmarks.base import Benchmark
from naslib_ext.benchmarks.readers import read_npz, space_of_file
from naslib_ext.benchmarks.table import Table, load_table, read_manifest
from naslib_ext.benchmarks.tabular import TabularBenchmark
from naslib_ext.errors import DataFileError, UnknownName
from naslib_ext.registry import Registry, unknown_name

__all__ = [
    "Benchmark",
    "Table",
    "TabularBenchmark",
    "data_folders",
    "find_table",
    "list_kinds",
    "list_tables",
    "load_benchmark",
    "open_table",
]

DATA_VARIABLE = "NASLIB_EXT_DATA"
CARRIED = Path(__file__).parent.parent / "data"
"""The tables that the package carries."""

PREDICTED = ("mobilenet", "imagenet")
"""Search space and data set that a predictor published as a file answers for (``benchmarks/once_for_all.py``)."""

PUBLISHED = ("nasbench301", "cifar10")
"""Search space and data set whose published surrogate, once imported, goes before one that is fitted here."""

_THIRD_PARTY = Registry("benchmark", "naslib_ext.benchmarks", {})


def list_kinds() -> list[str]:
    """The kinds of benchmarks that ``load_benchmark`` takes, third parties' last."""
    return ["table", "surrogate", "training", *_THIRD_PARTY.names()]


def data_folders(data_dir: str | os.PathLike[str] | None = None) -> list[Path]:
    """Where tables are looked for: ``data_dir`` alone if given, else ``NASLIB_EXT_DATA`` and the carried ones."""
    if data_dir is not None:
        return [Path(data_dir)]
    variable = os.environ.get(DATA_VARIABLE)
    return [Path(variable), CARRIED] if variable else [CARRIED]


def list_tables(data_dir: str | os.PathLike[str] | None = None) -> list[tuple[Path, str]]:
    """(path, search space) of every table file in the data folders, in the order in which they are looked up."""
    return [
        (path, space)
        for folder in data_folders(data_dir)
        for path in sorted(folder.glob("*.npz"))
        if (space := _space_name(path)) is not None
    ]


def find_table(search_space: str, dataset: str | None = None, data_dir: str | os.PathLike[str] | None = None) -> Table:
    """The first table of ``search_space`` that has ``dataset``. Raises ``DataFileError`` saying where was looked."""
    known: list[str] = []
    for path, space in list_tables(data_dir):
        if space != search_space:
            continue
        table = open_table(path)
        if dataset is None or dataset in table.datasets:
            return table
        known += table.datasets
    where = ", ".join(str(folder) for folder in data_folders(data_dir))
    if known:
        raise UnknownName(f"no table of {search_space} in {where} has data set {dataset!r}; it has {', '.join(known)}")
    raise DataFileError(
        f"no table of {search_space!r} in {where}; set {DATA_VARIABLE} to a folder of tables or use 'naslib-ext data'"
    )


def open_table(path: Path) -> Table:
    """The table at ``path``; read again only when it or its manifest changes."""
    files = [file for file in (path, path.with_suffix(".json")) if file.is_file()]
    return _open(path, tuple(file.stat().st_mtime_ns for file in files))


def load_benchmark(
    search_space: str,
    dataset: str,
    kind: str = "table",
    data_dir: str | os.PathLike[str] | None = None,
    training: Mapping[str, Any] | None = None,
) -> Benchmark:
    """The benchmark of a search space on a data set.

    Args:
        search_space: name of the space.
        dataset: name of the data set, as the table has it.
        kind: ``"table"`` for recorded values, ``"surrogate"`` for a model fitted on them that answers for every
            architecture of the space (nasbench301: the published one, once it is imported; also where there is no
            table), ``"training"`` to train every candidate that is asked for, or the name of a third party's
            benchmark.
        data_dir: folder of table files; ``None`` means ``NASLIB_EXT_DATA`` and then the tables that are carried.
        training: how candidates are trained, see ``training.load_training``.

    Raises ``DataFileError`` or ``UnknownName`` where there is no such kind, table or image data set.
    """
    if (search_space, dataset) == PREDICTED and kind in ("table", "surrogate"):
        from naslib_ext.benchmarks.once_for_all import load_predictor

        predictor = load_predictor(data_folders(data_dir))
        if predictor is not None:
            return predictor
    if (search_space, dataset) == PUBLISHED and kind in ("table", "surrogate"):
        has_table = search_space in (space for _, space in list_tables(data_dir))
        if kind == "surrogate" or not has_table:
            from naslib_ext.benchmarks.official.nasbench301_models import find_surrogate

            published = find_surrogate(data_folders(data_dir))
            if published is not None:
                return published
    if kind == "table":
        return find_table(search_space, dataset, data_dir).benchmark(dataset)
    if kind == "surrogate":
        from naslib_ext.benchmarks.surrogate import load_surrogate

        return load_surrogate(search_space, dataset, data_dir)
    if kind == "training":
        from naslib_ext.benchmarks.training import load_training

        return load_training(search_space, dataset, training or {})
    if kind not in list_kinds():
        raise unknown_name("benchmark", kind, list_kinds())
    benchmark: Benchmark = _THIRD_PARTY.get(kind)(search_space, dataset, data_dir)
    return benchmark


def _space_name(path: Path) -> str | None:
    manifest = path.with_suffix(".json")
    return str(read_manifest(manifest)["space"]) if manifest.is_file() else space_of_file(path)


@lru_cache(maxsize=16)
def _open(path: Path, _modified: tuple[int, ...]) -> Table:
    return load_table(path) if path.with_suffix(".json").is_file() else read_npz(path)
