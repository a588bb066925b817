"""What a regression model is fitted to instead of scores: log errors of unknown unit, standardised."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

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

    Args:
        scores: (n,) what is known.
        shift: median gaps that the best score counts as being away from perfection; less spreads good scores more.
    """

    def __init__(self, scores: ArrayLike, shift: float = SHIFT) -> None:
        values = np.asarray(scores, dtype=np.float64)
        self._best, self._shift = float(values.max()), shift * typical_gap(values)
        logs = self._log(values)
        self._mean, self._scale = float(logs.mean()), float(logs.std()) or 1.0

    def _log(self, scores: ArrayLike) -> Floats:
        return -np.log1p((self._best - np.asarray(scores, dtype=np.float64)) / self._shift)

    def targets(self, scores: ArrayLike) -> Floats:
        """(n,) targets of scores not above the best one; mean 0 and deviation 1 for the scores of the constructor."""
        return (self._log(scores) - self._mean) / self._scale

    def scores(self, targets: ArrayLike) -> Floats:
        """(n,) scores of targets (n,): the inverse of ``targets``."""
        logs = np.asarray(targets, dtype=np.float64) * self._scale + self._mean
        return self._best - self._shift * np.expm1(-logs)

    def deviations(self, targets: ArrayLike, deviations: ArrayLike) -> Floats:
        """(n,) standard deviations of scores, to first order, from those of ``targets`` (n,)."""
        logs = np.asarray(targets, dtype=np.float64) * self._scale + self._mean
        return self._shift * np.exp(-logs) * self._scale * np.asarray(deviations, dtype=np.float64)


LEAST_TARGET = -3.0
"""Targets of a search are cut off here: how bad a bad architecture is, is of no interest."""

LEAST_SHIFT = 0.1
"""Least shift of a search's targets, in median gaps of its random start."""


def search_targets(scores: ArrayLike, num_random: int, shift: float) -> Floats:
    """(n,) ``LogGap`` targets of all scores of a search, failed ones (-inf) as the worst.

    The shift follows the median gap of all scores, which falls as a search goes on among good ones. It has a least
    value, from the ``num_random`` scores of the start: else a search would lose itself in the noise of a plateau.
    """
    values = without_failures(scores)
    start = np.append(values[:num_random], values.max())
    at_least = LEAST_SHIFT * typical_gap(start) / typical_gap(values)
    return np.maximum(LogGap(values, max(shift, at_least)).targets(values), LEAST_TARGET)


class RankGaussian:
    """t = Phi^-1((rank - 1/2) / n): normal scores, whatever the distribution of scores. Equal scores share their rank.

    Between and beyond the n scores of the constructor the map is linear, so that it rises strictly and can be inverted.
    """

    def __init__(self, scores: ArrayLike) -> None:
        values = np.asarray(scores, dtype=np.float64)
        self._scores, counts = np.unique(values, return_counts=True)
        self._targets = ndtri((counts.cumsum() - counts / 2) / len(values))
        if len(self._scores) == 1:  # one score only: any slope will do
            self._scores, self._targets = np.array([values[0], values[0] + 1]), np.array([0.0, 1.0])

    def targets(self, scores: ArrayLike) -> Floats:
        """(n,) targets of any scores."""
        return _piecewise_linear(np.asarray(scores, dtype=np.float64), self._scores, self._targets)

    def scores(self, targets: ArrayLike) -> Floats:
        """(n,) scores of targets (n,): the inverse of ``targets``."""
        return _piecewise_linear(np.asarray(targets, dtype=np.float64), self._targets, self._scores)

    def deviations(self, targets: ArrayLike, deviations: ArrayLike) -> Floats:
        """(n,) standard deviations of scores: half of the way between one of ``targets`` (n,) below and one above."""
        middle, reach = np.asarray(targets, dtype=np.float64), np.asarray(deviations, dtype=np.float64)
        return (self.scores(middle + reach) - self.scores(middle - reach)) / 2


def _piecewise_linear(x: Floats, knots: Floats, values: Floats) -> Floats:
    """The broken line through (knots, values), which goes on straight beyond both ends."""
    piece = np.clip(np.searchsorted(knots, x) - 1, 0, len(knots) - 2)
    slope = np.diff(values) / np.diff(knots)
    return values[piece] + (x - knots[piece]) * slope[piece]
