"""A table as a benchmark: every answer is a look-up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.benchmarks.base import Benchmark, Values
from naslib_ext.benchmarks.metrics import Column, metric_info, parse_column
from naslib_ext.benchmarks.row_index import RowIndex
from naslib_ext.errors import DataFileError, InvalidArchitecture, MissingMetric, UnknownArchitecture
from naslib_ext.search_spaces import SearchSpace


class TabularBenchmark(Benchmark):
    """Recorded values of architectures.

    Args:
        space: what the codes mean.
        codes: (m, L) one row an architecture.
        metrics: column -> (m,) values. A column is ``metric`` or ``metric@epochs``; NaN is a missing value.
        dataset: name of the data set.
        maximize: ``True`` gives every metric its usual direction (known losses, errors and costs are minimised, all
            others maximised), ``False`` minimises all, a dict names the direction of single metrics.
        key: ``"code"`` where each code has its own row, ``"canonical"`` where a row stands for all that compute the
            same function.

    Raises ``DataFileError`` where the arrays do not fit each other or two rows are the same architecture.
    """

    def __init__(
        self,
        space: SearchSpace,
        codes: ArrayLike,
        metrics: Mapping[str, ArrayLike],
        dataset: str,
        maximize: bool | Mapping[str, bool] = True,
        key: str = "code",
    ) -> None:
        self._columns: dict[Column, Values] = {
            parse_column(name): np.asarray(values, dtype=np.float64) for name, values in metrics.items()
        }
        super().__init__(space, dataset, key, _directions({column.metric for column in self._columns}, maximize))
        self.codes = space.check(codes) if key == "code" else space.canonical(codes)
        for column, values in self._columns.items():
            if values.shape != (len(self.codes),):
                raise DataFileError(f"{self.name}: {column} has shape {values.shape}, expected ({len(self.codes)},)")
        self._incomplete = {column for column, values in self._columns.items() if np.isnan(values).any()}
        self._index = RowIndex(self.codes, space.cardinalities)
        if self._index.has_duplicates:
            raise DataFileError(f"{self.name}: two rows are the same architecture under key {key!r}")
        self.free = {name: partial(self.query, metric=name) for name in self.metrics() if self._is_free(name)}

    def _is_free(self, metric: str) -> bool:
        return metric_info(metric).free and Column(metric, self.resolve(metric, None)) not in self._incomplete

    def metrics(self) -> dict[str, list[int | None]]:
        schedules: dict[str, list[int | None]] = {}
        for metric, epoch in sorted(self._columns, key=lambda column: (column.metric, column.epoch or 0)):
            schedules.setdefault(metric, []).append(epoch)
        return schedules

    def column(self, column: Column) -> Values:
        """(m,) all values of a column, in the order of ``codes``; NaN where there is none."""
        return self._columns[column]

    def query(self, codes: ArrayLike, metric: str = "val_accuracy", epoch: int | None = None) -> Values:
        column = Column(metric, self.resolve(metric, epoch))
        values: Values = self._columns[column].take(self._rows(codes))
        if column in self._incomplete and np.isnan(values).any():
            row = int(np.argmax(np.isnan(values)))
            raise MissingMetric(f"{self.name}: no {column} for architecture {np.asarray(codes)[row].tolist()}")
        return values

    def holds(self, codes: ArrayLike, metric: str, epoch: int | None = None) -> NDArray[np.bool_]:
        """(n,) bool: which architectures have a value of ``metric``."""
        values = self._columns[Column(metric, self.resolve(metric, epoch))]
        known: NDArray[np.bool_] = np.append(~np.isnan(values), False)  # the last one answers for row -1
        return known[self._index.find(self._keyed(codes))]

    def _keyed(self, codes: ArrayLike) -> NDArray[np.int8]:
        if self.key == "canonical":
            return self.space.canonical(codes)
        array = np.asarray(codes)
        if array.ndim != 2 or array.shape[1] != self.space.num_positions or array.dtype != np.int8:
            return self.space.check(codes)
        return array

    def _rows(self, codes: ArrayLike) -> NDArray[np.integer[Any]]:
        rows = self._index.find(self._keyed(codes))
        if len(rows) and rows.min() < 0:
            code = np.asarray(codes)[int(np.argmin(rows))].tolist()
            if not self.space.is_valid([code])[0]:
                raise InvalidArchitecture(f"{self.space.name}: not an architecture: {code}")
            raise UnknownArchitecture(f"{self.name} has no row for architecture {code}")
        return rows

    @cached_property
    def is_complete(self) -> bool:
        """Whether every architecture of the space has a row."""
        total = self.space.size if self.key == "code" else self.space.num_functions
        return total is not None and len(self.codes) == total

    def optimum(self, metric: str = "val_accuracy", epoch: int | None = None) -> float | None:
        column = Column(metric, self.resolve(metric, epoch))
        if not self.is_complete or column in self._incomplete:
            return None
        values = self._columns[column]
        return float(values.max() if self.direction(metric) > 0 else values.min())


def _directions(metrics: Iterable[str], maximize: bool | Mapping[str, bool]) -> dict[str, bool]:
    usual = {name: metric_info(name).maximize for name in metrics}
    if maximize is False:
        return {name: up if metric_info(name).free else False for name, up in usual.items()}
    return usual if maximize is True else usual | dict(maximize)
