"""Means, standard errors, ranks and paired tests over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats


def mean(values: NDArray[np.float64]) -> list[float | None]:
    """Mean over the first axis; ``None`` where a value is missing."""
    return _plain(values.mean(axis=0))


def sem(values: NDArray[np.float64]) -> list[float | None]:
    """Standard error of the mean over the first axis; ``None`` for a single row."""
    if len(values) < 2:
        return [None] * values.shape[1]
    return _plain(values.std(axis=0, ddof=1) / np.sqrt(len(values)))


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


def mean_ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) mean rank of each method over seeds, 1 is best; ``scores`` (seeds, m), higher is better, ties share."""
    ranks: NDArray[np.float64] = stats.rankdata(-scores, axis=1).mean(axis=0)
    return ranks


class PairedTest(NamedTuple):
    """Two methods on the same seeds: mean difference of their scores and p-values of Wilcoxon's signed-rank test."""

    first: str
    second: str
    difference: float
    p_value: float
    p_holm: float


def differences(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """``first - second``, 0 where they are equal, as two failed runs (-inf) are."""
    with np.errstate(invalid="ignore"):
        return np.where(first == second, 0.0, first - second)


def paired_tests(scores: dict[str, NDArray[np.float64]]) -> list[PairedTest]:
    """Wilcoxon's test for each pair of methods, ``scores`` (seeds,) each, with Holm's correction over all pairs."""
    pairs = list(combinations(scores, 2))
    between = [differences(scores[a], scores[b]) for a, b in pairs]
    p_values = [_wilcoxon(values) for values in between]
    return [
        PairedTest(a, b, float(np.mean(values)), p, corrected)
        for (a, b), values, p, corrected in zip(pairs, between, p_values, holm(p_values), strict=True)
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values of as many tests after Holm's correction."""
    order, number = np.argsort(p_values), len(p_values)
    corrected = np.empty(number)
    corrected[order] = np.minimum(1, np.maximum.accumulate([p_values[i] * (number - k) for k, i in enumerate(order)]))
    return corrected.tolist()


def _wilcoxon(differences: NDArray[np.float64]) -> float:
    if len(differences) < 2 or not differences.any():
        return 1.0
    return float(stats.wilcoxon(differences, zero_method="zsplit").pvalue)
