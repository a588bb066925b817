"""The table file: ``NAME.npz`` without pickles, beside a manifest ``NAME.json`` that is checked when it is opened.

The arrays are ``codes`` (m, L) ``int8`` and one (m,) float array a column, named ``<dataset>/<metric>[@<epochs>]``; a
column whose prefix is not a data set of the manifest (``latency_ms/pixel3``) belongs to all of them. The manifest has

    {"format": 1, "space": ..., "key": "code" | "canonical", "datasets": [...], "rows": m,
     "metrics": {metric: {"unit": ..., "maximize": ...}}, "source": ..., "licence": ..., "sha256": of the npz}
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.atomic import write_atomically, write_json
from naslib_ext.benchmarks.metrics import metric_info, parse_column
from naslib_ext.benchmarks.tabular import TabularBenchmark
from naslib_ext.errors import DataFileError
from naslib_ext.registry import unknown_name
from naslib_ext.search_spaces import CategoricalSearchSpace, SearchSpace, get_search_space, list_search_spaces

FORMAT = 1


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int)


def _are_metrics(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(info, dict) and isinstance(info.get("maximize"), bool) for info in value.values()
    )


FIELDS: dict[str, Callable[[Any], bool]] = {
    "format": _is_number,
    "space": _is_text,
    "key": ("code", "canonical").__contains__,
    "datasets": lambda value: isinstance(value, list) and all(map(_is_text, value)),
    "rows": _is_number,
    "metrics": _are_metrics,
    "source": _is_text,
    "licence": _is_text,
    "sha256": _is_text,
}
"""The fields that every manifest has, and what is a value of each."""


@dataclass(frozen=True)
class Table:
    """Everything that was measured on one search space: codes (m, L) and columns ``<dataset>/<metric>[@<epochs>]``."""

    space: SearchSpace
    codes: NDArray[np.int8]
    columns: dict[str, NDArray[Any]]
    datasets: list[str]
    key: str = "code"
    maximize: dict[str, bool] = field(default_factory=dict)
    source: str = ""
    licence: str = ""

    def benchmark(self, dataset: str) -> TabularBenchmark:
        """The part of the table that concerns one data set. Raises ``UnknownName``."""
        if dataset not in self.datasets:
            raise unknown_name(f"data set of {self.space.name}", dataset, self.datasets)
        if dataset not in self._benchmarks:
            others = tuple(f"{other}/" for other in self.datasets if other != dataset)
            columns = {
                name.removeprefix(f"{dataset}/"): values
                for name, values in self.columns.items()
                if not name.startswith(others)
            }
            self._benchmarks[dataset] = TabularBenchmark(
                self.space, self.codes, columns, dataset, self.maximize or True, self.key
            )
        return self._benchmarks[dataset]

    @cached_property
    def _benchmarks(self) -> dict[str, TabularBenchmark]:
        return {}

    def metric_names(self) -> list[str]:
        """Metrics without data set and schedule, sorted."""
        prefixes = tuple(f"{dataset}/" for dataset in self.datasets)
        names = (name.split("/", 1)[1] if name.startswith(prefixes) else name for name in self.columns)
        return sorted({parse_column(name).metric for name in names})


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of an ``.npz``. Raises ``DataFileError`` where it is missing, damaged or holds pickled objects."""
    if not path.is_file():
        raise DataFileError(f"{path}: no such file")
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as error:  # zipfile, zlib and numpy raise a dozen kinds for damaged files
        what = "holds pickled objects" if "pickle" in str(error) else "is damaged or not an npz file"
        raise DataFileError(f"{path} {what}: {error}") from error


def save_table(table: Table, folder: Path, name: str | None = None) -> Path:
    """Writes ``<name>.npz`` and its manifest ``<name>.json`` (default name: the search space's); the npz's path."""
    path = folder / f"{name or table.space.name}.npz"
    buffer = io.BytesIO()
    np.savez_compressed(buffer, codes=table.codes, **table.columns)  # type: ignore[arg-type]
    write_atomically(path, buffer.getvalue())
    metrics = {
        metric: {"unit": metric_info(metric).unit, "maximize": table.maximize.get(metric, metric_info(metric).maximize)}
        for metric in table.metric_names()
    }
    manifest = {
        "format": FORMAT,
        "space": table.space.name,
        "cardinalities": table.space.cardinalities.tolist(),
        "key": table.key,
        "datasets": table.datasets,
        "rows": len(table.codes),
        "metrics": metrics,
        "source": table.source,
        "licence": table.licence,
        "sha256": sha256(path),
    }
    write_json(path.with_suffix(".json"), manifest)
    return path


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a table. Raises ``DataFileError`` naming what is wrong with it."""
    try:
        manifest = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise DataFileError(f"{path}: cannot read the manifest: {error}") from error
    missing = [name for name in FIELDS if not isinstance(manifest, dict) or name not in manifest]
    if missing:
        raise DataFileError(f"{path}: the manifest lacks {', '.join(missing)}")
    if manifest["format"] != FORMAT:
        raise DataFileError(f"{path}: format {manifest['format']!r}, this version reads {FORMAT}")
    wrong = [f"{name} {manifest[name]!r}" for name, fits in FIELDS.items() if not fits(manifest[name])]
    if wrong:
        raise DataFileError(f"{path}: the manifest has an impossible {', '.join(wrong)}")
    return manifest


def load_table(path: Path) -> Table:
    """Opens ``path`` (.npz) and checks it against its manifest. Raises ``DataFileError``."""
    manifest_path = path.with_suffix(".json")
    manifest = read_manifest(manifest_path)
    if not path.is_file():
        raise DataFileError(f"{path}: no such file")
    if sha256(path) != manifest["sha256"]:
        raise DataFileError(f"{path} is not the file that {manifest_path.name} describes: sha256 differs")
    arrays = read_arrays(path)
    codes = arrays.pop("codes", None)
    space = space_of_manifest(manifest, manifest_path)
    expected = (manifest["rows"], space.num_positions)
    if codes is None or codes.shape != expected:
        raise DataFileError(f"{path}: codes must have shape {expected}, got {None if codes is None else codes.shape}")
    wrong = [name for name, values in arrays.items() if values.shape != expected[:1] or values.dtype.kind not in "fiu"]
    if wrong:
        raise DataFileError(f"{path}: columns {', '.join(wrong)} are not {expected[0]} numbers")
    try:
        codes = space.check(codes)
        for name in arrays:
            parse_column(name)
    except ValueError as error:  # InvalidArchitecture is one
        raise DataFileError(f"{path}: {error}") from error
    maximize = {metric: info["maximize"] for metric, info in manifest["metrics"].items()}
    return Table(
        space, codes, arrays, manifest["datasets"], manifest["key"], maximize, manifest["source"], manifest["licence"]
    )


def space_of_manifest(manifest: dict[str, Any], path: Path) -> SearchSpace:
    """The registered space that ``manifest`` names, else the generic one of its cardinalities."""
    if manifest["space"] in list_search_spaces():
        return get_search_space(manifest["space"])
    if "cardinalities" not in manifest:
        raise DataFileError(f"{path}: unknown search space {manifest['space']!r} and no cardinalities")
    try:
        return CategoricalSearchSpace(manifest["space"], manifest["cardinalities"])
    except (TypeError, ValueError) as error:  # InvalidArchitecture is one
        raise DataFileError(f"{path}: impossible cardinalities {manifest['cardinalities']!r}: {error}") from error
