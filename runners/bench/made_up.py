"""Scores and tables for any space, which need no data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.benchmarks import TabularBenchmark
from naslib_ext.search_spaces import Codes, SearchSpace

Scores = Callable[[ArrayLike], NDArray[np.float64]]


def additive(space: SearchSpace, seed: int = 0) -> Scores:
    """A function: codes (n, L) -> scores (n,), about 50 to 100, sums of a worth of each choice."""
    worth = np.random.default_rng(seed).random((space.num_positions, int(space.cardinalities.max())))
    positions = np.arange(space.num_positions)

    def scores(codes: ArrayLike) -> NDArray[np.float64]:
        values: NDArray[np.float64] = 50 + 50 * worth[positions, np.asarray(codes)].mean(axis=1)
        return values

    return scores


def table(space: SearchSpace, codes: Codes, dataset: str = "made-up") -> TabularBenchmark:
    """A table of the rows ``codes`` (n, L) with such scores as accuracies."""
    return TabularBenchmark(space, codes, {"val_accuracy": additive(space)(codes)}, dataset)
