"""Measurements gathered architecture by architecture, and tables put together."""

from __future__ import annotations

import json
import logging
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.benchmarks.table import Table
from naslib_ext.errors import DataFileError
from naslib_ext.search_spaces import Codes, SearchSpace

Values = NDArray[np.float64]
logger = logging.getLogger(__name__)

SINGLE = {"params": 1e3, "flops": 1e5}
"""Where a column's median is larger it counts single parameters or operations, else millions, its unit here: networks
of these benchmarks have between 0.05 and 50 million parameters and between 5 and 50,000 million operations."""


class Rows:
    """One array a column ``<dataset>/<metric>[@<epochs>]``, filled row by row; what is not put in stays NaN."""

    def __init__(self) -> None:
        self._columns: dict[str, array[float]] = {}

    def put(self, row: int, values: Mapping[str, float]) -> None:
        """Adds the values of ``row``; rows come in ascending order."""
        for column, value in values.items():
            stored = self._columns.setdefault(column, array("d"))
            stored.extend([np.nan] * (row - len(stored)))
            stored.append(value)

    def columns(self, rows: int) -> dict[str, Values]:
        """Every column, (rows,) each."""
        return {
            name: np.concatenate([np.asarray(values), np.full(rows - len(values), np.nan)])
            for name, values in self._columns.items()
        }

    def table(self, where: str, space: SearchSpace, codes: Codes, source: str, licence: str) -> Table:
        """The table of ``codes`` (n, L), the rows' architectures. Raises ``DataFileError``."""
        return make_table(where, space, codes, self.columns(len(codes)), source, licence)


def make_table(
    where: str, space: SearchSpace, codes: Codes, columns: Mapping[str, Values], source: str, licence: str
) -> Table:
    """A table with one row for each architecture under the space's key. Raises ``DataFileError``.

    Args:
        where: the file, for messages.
        space: what the codes mean.
        codes: (n, L); of rows that are the same architecture the first is kept.
        columns: ``<dataset>/<metric>[@<epochs>]`` -> (n,); those without a value are left out. ``params`` and
            ``flops`` may count single ones or millions.
        source: for the manifest.
        licence: for the manifest.
    """
    filled = {name: _in_unit(name, values) for name, values in columns.items() if not np.isnan(values).all()}
    datasets = sorted({name.split("/")[0] for name in filled})
    if not filled:
        raise DataFileError(f"{where}: no measured value of {space.name} in it")
    metrics = {name.split("/", 1)[1].split("@")[0] for name in filled}
    losses = {name: False for name in metrics if name.endswith("loss") and not name.endswith("neg_loss")}
    return _distinct(Table(space, codes, dict(filled), datasets, space.key, losses, source, licence), where)


def merge_by_space(tables: Iterable[Table]) -> list[Table]:
    """``merge`` for the tables of each search space."""
    spaces: dict[str, list[Table]] = {}
    for table in tables:
        spaces.setdefault(table.space.name, []).append(table)
    return [merge(group) for group in spaces.values()]


def merge(tables: Iterable[Table]) -> Table:
    """One table of several of one space, all architectures and columns; of two values of one entry the later wins."""
    merged, *others = tables
    for table in others:
        merged = _joined(merged, table)
    return merged


def _joined(first: Table, second: Table) -> Table:
    keyed = np.concatenate([_keyed(first), _keyed(second)])
    firsts, places = _groups(keyed)
    old, new = np.split(places, [len(first.codes)])
    columns = {}
    for name in first.columns | second.columns:
        values = np.full(len(firsts), np.nan)
        if name in first.columns:
            values[old] = first.columns[name]
        if name in second.columns:
            later = np.asarray(second.columns[name], dtype=np.float64)
            values[new] = np.where(np.isnan(later), values[new], later)
        columns[name] = values
    return replace(
        first,
        codes=np.concatenate([first.codes, second.codes])[firsts],
        columns=columns,
        datasets=sorted({*first.datasets, *second.datasets}),
        maximize=first.maximize | second.maximize,
        source=_listed(first.source, second.source),
        licence=_listed(first.licence, second.licence),
    )


def _in_unit(column: str, values: Values) -> Values:
    limit = SINGLE.get(column.split("/", 1)[1])
    return values / 1e6 if limit is not None and np.nanmedian(values) > limit else values


def _distinct(table: Table, where: str) -> Table:
    """The first row of each architecture; files may hold one architecture in several spellings."""
    firsts, _ = _groups(_keyed(table))
    if len(firsts) == len(table.codes):
        return table
    logger.warning("%s: %d rows repeat another architecture and are left out", where, len(table.codes) - len(firsts))
    columns = {name: values[firsts] for name, values in table.columns.items()}
    return replace(table, codes=table.codes[firsts], columns=columns)


def _keyed(table: Table) -> Codes:
    return table.space.canonical(table.codes) if table.key == "canonical" else table.codes


def _groups(keyed: Codes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First row of each distinct code, in order of appearance, and the group (n,) that each row belongs to."""
    _, firsts, groups = np.unique(keyed, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(firsts)
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return firsts[order], ranks[groups.ravel()]


def _listed(*texts: str) -> str:
    return "; ".join(dict.fromkeys(part for text in texts for part in text.split("; ") if part))


def codes_of(where: str, space: SearchSpace, architectures: Iterable[Any], read: Callable[[Any], Codes]) -> Codes:
    """(n, L) the codes that ``read`` makes of ``architectures``. Raises ``DataFileError`` naming the first bad one."""
    codes = []
    for architecture in architectures:
        try:
            codes.append(read(architecture))
        except (ValueError, TypeError) as error:  # InvalidArchitecture is a ValueError
            raise DataFileError(f"{where}: architecture {str(architecture)[:100]}: {error}") from error
    return np.stack(codes) if codes else np.empty((0, space.num_positions), dtype=np.int8)


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises ``DataFileError``."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataFileError(f"{path}: cannot read it, damaged or cut short: {error}") from error
