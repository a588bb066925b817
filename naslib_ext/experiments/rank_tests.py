"""Tests of many methods on many benchmarks (Demsar, "Statistical comparisons of classifiers", JMLR 2006)."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import stats


def friedman_p(ranks: NDArray[np.float64]) -> float:
    """p-value of Friedman's test that all methods are equal; ``ranks`` (benchmarks, methods); 1 where it says nothing.

    Sec. 3.2.2, in the form of Iman and Davenport, whose F distribution is less conservative.
    """
    benchmarks, methods = ranks.shape
    if benchmarks < 2 or methods < 2:
        return 1.0
    own = stats.rankdata(ranks, axis=1)
    spread = np.sum((own - (methods + 1) / 2) ** 2)
    if spread == 0:
        return 1.0
    # the ties' form of Friedman's statistic: between methods against everything
    between = benchmarks * np.sum((own.mean(axis=0) - (methods + 1) / 2) ** 2)
    if between >= spread:
        return 0.0
    statistic = (benchmarks - 1) * between / (spread - between)
    return float(stats.f.sf(statistic, methods - 1, (methods - 1) * (benchmarks - 1)))


def critical_difference(methods: int, benchmarks: int, level: float = 0.05) -> float:
    """Nemenyi's critical difference of two mean ranks, q_level sqrt(k (k + 1) / (6 N)); Sec. 3.2.2."""
    q = float(stats.studentized_range.ppf(1 - level, methods, inf)) / sqrt(2)
    return q * sqrt(methods * (methods + 1) / (6 * benchmarks))


def groups(ranks: NDArray[np.float64], difference: float) -> list[tuple[int, int]]:
    """The largest runs ``(first, last)`` of ascending mean ranks (m,) that lie within the critical difference."""
    last = [int(np.searchsorted(ranks, rank + difference, side="right")) - 1 for rank in ranks]
    return [
        (first, end) for first, end in enumerate(last) if end > first and (first == 0 or end > last[first - 1])
    ]  # fmt: skip
