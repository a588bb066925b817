"""What is measured of an architecture in the figures of Delta-NAS."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from naslib_ext.benchmarks import Benchmark, load_benchmark
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes

Values = NDArray[np.float64]

REFERENCES = 2_000
"""Random architectures whose target gives the unit of losses."""

FAILED = -1e7
"""NASLib writes -1e8 where a proxy fails, as on a cell that is cut off."""


@dataclass(frozen=True)
class Target:
    """What is measured of an architecture: a free score of a benchmark, or one of its metrics.

    Args:
        search_space, dataset: of the benchmark.
        name: ``zen``, ``val_accuracy``, ...
        epoch: training schedule of a metric; ``None`` is the longest.
        kind: ``"table"`` or ``"surrogate"``.
        data_dir: folder of tables.
    """

    search_space: str
    dataset: str
    name: str = "val_accuracy"
    epoch: int | None = None
    kind: str = "table"
    data_dir: str | None = None

    @cached_property
    def benchmark(self) -> Benchmark:
        """What answers."""
        return load_benchmark(self.search_space, self.dataset, self.kind, self.data_dir)

    def __call__(self, codes: Codes) -> Values:
        """(n,) values, higher is better; a zero-cost score that failed counts as the least of the references."""
        return np.maximum(self._values(codes), self._least)

    def _values(self, codes: Codes) -> Values:
        if self.name in self.benchmark.free:
            return np.asarray(self.benchmark.free[self.name](codes), dtype=np.float64)
        return self.benchmark.score(codes, self.name, self.epoch)

    @cached_property
    def _least(self) -> float:
        """The least value of random architectures that is no failure."""
        values = self._values(self.benchmark.space.sample(REFERENCES, stream(0, "references")))
        return float(values[values > FAILED].min())

    @cached_property
    def variance(self) -> float:
        """Of random architectures."""
        return float(self(self.benchmark.space.sample(REFERENCES, stream(0, "references"))).var())


def cell(value: float | None, error: float | None) -> str:
    """A mean and its standard error; ``-`` where there is no mean."""
    if value is None:
        return "-"
    return f"{value:.3f}" + ("" if error is None else f" ±{error:.3f}")
