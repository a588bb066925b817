"""A surrogate as critic: how much each choice of each component is worth, from all architectures told so far."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

from naslib_ext.search_spaces import Codes, SearchSpace

PENALTY = 1.0
"""Of the squared weights: as if a weight and what the regression does not explain had the same deviation."""

GROWTH = 1.01
"""The weights are computed again when there are this many times as many architectures as the last time."""

SMALLEST = 1e-9


class AdditiveCritic:
    """Ridge regression of scores, as normal quantiles of their ranks, on one-hot components.

    The quantiles make it indifferent to the metric's unit and to failures far below the rest. ``values`` (L, C) is the
    worth of choice c of component l; only differences within a component mean something. Their unit is the standard
    deviation of what the regression does not explain (its most likely value under the prior that the penalty stands
    for), so that it is bold where components add up and careful where they do not.
    """

    def __init__(self, space: SearchSpace) -> None:
        starts = np.concatenate([[0], np.cumsum(space.cardinalities)])
        self._starts = starts[:-1]
        self._gram = np.zeros((starts[-1], starts[-1]))
        self._indices: list[NDArray[np.int64]] = []
        self._scores: list[float] = []
        self._fitted = 0
        self.values = np.zeros((space.num_positions, int(space.cardinalities.max())))
        self._places = np.nonzero(np.arange(self.values.shape[1]) < space.cardinalities[:, None])

    def add(self, code: Codes, score: float) -> None:
        """Takes note of an architecture (L,) and its finite score."""
        indices = self._starts + code.astype(np.int64)
        self._gram[np.ix_(indices, indices)] += 1
        self._indices.append(indices)
        self._scores.append(score)

    def fit(self) -> None:
        """Brings ``values`` up to date, unless there is next to nothing new."""
        number = len(self._scores)
        if number < GROWTH * self._fitted or number == self._fitted:
            return
        targets = ndtri((rankdata(self._scores) - 0.5) / number)
        indices = np.stack(self._indices)
        repeated = np.repeat(targets, indices.shape[1])
        moments = np.bincount(indices.ravel(), repeated, minlength=len(self._gram))
        weights = np.linalg.solve(self._gram + PENALTY * np.eye(len(self._gram)), moments)
        unexplained = np.sqrt(max(float(targets @ targets - moments @ weights), SMALLEST) / number)
        self.values[self._places] = weights / unexplained
        self._fitted = number

    def state(self) -> dict[str, Any]:
        """The weights and how many architectures they come from; the rest follows from the history."""
        return {"values": self.values.copy(), "fitted": self._fitted}

    def load_state(self, state: dict[str, Any]) -> None:
        """Restores what ``state`` gave."""
        self.values, self._fitted = np.array(state["values"]), int(state["fitted"])
