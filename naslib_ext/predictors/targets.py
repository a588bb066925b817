"""What a regression model is fitted to instead of scores: log errors of unknown unit, standardised."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

SHIFT = 2.0
"""Median gaps that the best score counts as being away from perfection."""


def without_failures(scores: ArrayLike) -> Floats:
    """(n,) scores in which a failed evaluation, -inf, counts as the worst of the others; 0 where all failed."""
    values = np.array(scores, dtype=np.float64)
    good = np.isfinite(values)
    values[~good] = values[good].min() if good.any() else 0.0
    return values


def typical_gap(scores: Floats) -> float:
    """The median distance to the best of ``scores`` (n,); their mean where half are the best, 1 where all are equal."""
    gaps = scores.max() - scores
    return float(np.median(gaps)) or float(gaps.mean()) or 1.0


class LogGap:
    """t = -log(1 + (best - score) / (2 median(best - score))), standardised: a log error without its unit.

    ANASOD fits the log of the error in percent (appendix A.1), e = e_best + (best - score). A score here may be an
    accuracy, a negative loss or a similarity, so that e_best is not known; the log stretches good scores as much as
    their spread is large against it. Twice the median gap is e_best for NAS-Bench-201 (12 epochs: 1.5 times on
    CIFAR-10, 2.4 on CIFAR-100). The result does not change when scores are scaled or shifted, and rises with them.
    """

    def __init__(self, scores: ArrayLike) -> None:
        values = np.asarray(scores, dtype=np.float64)
        self._best, self._shift = float(values.max()), SHIFT * typical_gap(values)
        logs = self._log(values)
        self._mean, self._scale = float(logs.mean()), float(logs.std()) or 1.0

    def _log(self, scores: ArrayLike) -> Floats:
        return -np.log1p((self._best - np.asarray(scores, dtype=np.float64)) / self._shift)

    def targets(self, scores: ArrayLike) -> Floats:
        """(n,) targets of scores not above the best one; mean 0 and deviation 1 for the scores of the constructor."""
        return (self._log(scores) - self._mean) / self._scale

    def scores(self, targets: ArrayLike) -> Floats:
        """The inverse of ``targets``."""
        logs = np.asarray(targets, dtype=np.float64) * self._scale + self._mean
        return self._best - self._shift * np.expm1(-logs)

    def deviations(self, targets: ArrayLike, deviations: ArrayLike) -> Floats:
        """Standard deviations of scores, to first order, from those of ``targets``."""
        logs = np.asarray(targets, dtype=np.float64) * self._scale + self._mean
        return self._shift * np.exp(-logs) * self._scale * np.asarray(deviations, dtype=np.float64)
