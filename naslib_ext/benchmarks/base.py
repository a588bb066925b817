"""Codes in, values out: what every benchmark answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.benchmarks.metrics import COST
from naslib_ext.errors import MissingMetric
from naslib_ext.registry import unknown_name
from naslib_ext.search_spaces import SearchSpace

Values = NDArray[np.float64]
FreeScore = Callable[[ArrayLike], Values]


class Benchmark:
    """The quality and the cost of architectures of one space on one data set.

    Args:
        space: what the codes mean.
        dataset: name of the data set.
        key: what makes two codes the same architecture: the code itself or its canonical form.
        maximize: direction, for all metrics or by metric name.

    Attributes:
        free: scores that cost no query, name -> function of codes ``(n, L)`` to values ``(n,)``.
    """

    def __init__(self, space: SearchSpace, dataset: str, key: str, maximize: bool | Mapping[str, bool]) -> None:
        self.space = space
        self.dataset = dataset
        self.key = key
        self._maximize = maximize
        self.free: dict[str, FreeScore] = {}

    def metrics(self) -> dict[str, list[int | None]]:
        """Metric -> its training schedules in epochs, shortest first (``[None]`` where there is just one)."""
        raise NotImplementedError

    def query(self, codes: ArrayLike, metric: str = "val_accuracy", epoch: int | None = None) -> Values:
        """(n,) values of ``metric`` in its own unit, for codes ``(n, L)``.

        Args:
            codes: architectures.
            metric: name of the metric.
            epoch: training schedule; ``None`` is the longest.

        Raises:
            MissingMetric: no such metric or schedule, or no value for one of the architectures.
            UnknownArchitecture: the benchmark does not hold one of the architectures.
            InvalidArchitecture: a row is not an architecture of the space.
        """
        raise NotImplementedError

    def optimum(self, metric: str = "val_accuracy", epoch: int | None = None) -> float | None:
        """Best value of ``metric`` among all architectures of the space; ``None`` where it cannot be known."""
        return None

    def cost(self, codes: ArrayLike) -> Values:
        """(n,) seconds to evaluate each architecture. Raises ``MissingMetric`` where they are not known."""
        if not self.has_cost:
            raise MissingMetric(f"{self.name} does not know how long a training takes")
        return self.query(codes, COST)

    @property
    def name(self) -> str:
        """Search space and data set, for messages."""
        return f"{self.space.name}/{self.dataset}"

    @property
    def has_cost(self) -> bool:
        """Whether ``cost`` answers: by default, whether training times are among the metrics."""
        return COST in self.metrics()

    def direction(self, metric: str) -> int:
        """+1 where higher values of ``metric`` are better, -1 where lower ones are."""
        maximize = self._maximize if isinstance(self._maximize, bool) else self._maximize.get(metric, True)
        return 1 if maximize else -1

    def score(self, codes: ArrayLike, metric: str = "val_accuracy", epoch: int | None = None) -> Values:
        """(n,) ``query`` turned so that higher is better: what optimizers are told. Raises what ``query`` raises."""
        return self.direction(metric) * self.query(codes, metric, epoch)

    def resolve(self, metric: str, epoch: int | None) -> int | None:
        """The schedule that ``epoch`` means for ``metric``. Raises ``MissingMetric`` naming what there is."""
        schedules = self.metrics()
        if metric not in schedules:
            raise MissingMetric(f"{self.name}: {unknown_name('metric', metric, schedules)}")
        if epoch is None:
            return schedules[metric][-1]
        if epoch not in schedules[metric]:
            raise MissingMetric(f"{self.name}: {metric} has the schedules {schedules[metric]}, not {epoch}")
        return epoch

    def test_metric(self, metric: str) -> str | None:
        """The test metric that belongs to a validation metric, where the benchmark has one."""
        candidate = metric.replace("val_", "test_", 1) if metric.startswith("val_") else metric
        return candidate if candidate in self.metrics() else None
