"""The Gaussian process of a search: kept up to date at low cost, with a state of a few numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.predictors.gaussian_process import GaussianProcess

Floats = NDArray[np.float64]

GROWTH = 0.1
"""Parameters are refitted when this share of new observations has come, and ``refit_every`` of them."""


def refit_is_due(known: int, fitted: int, refit_every: int) -> bool:
    """Whether a model of ``known`` observations, of which ``fitted`` chose its parameters, should choose them anew."""
    return fitted == 0 or known - fitted >= max(refit_every, GROWTH * fitted)


class GPModel:
    """An exact GP over growing data; its parameters are refitted now and then, from where they are.

    Args:
        refit_every: least number of observations between two fits of the parameters.
    """

    def __init__(self, refit_every: int) -> None:
        self.process = GaussianProcess()
        self._refit_every = refit_every
        self._known = 0
        self.fitted = 0
        """Observations at the last fit of the parameters."""

    def update(self, x: Floats, y: Floats) -> bool:
        """Takes all data, inputs (n, d) and targets (n,); earlier inputs stand first. Returns whether it refitted."""
        refit = refit_is_due(len(x), self.fitted, self._refit_every)
        if refit:
            self.process.fit(x, y)
            self.fitted = len(x)
        else:
            self.process.extend(x[self._known :]).set_targets(y)
        self._known = len(x)
        return refit

    def state(self) -> dict[str, Any]:
        """What cannot be computed from the data."""
        return {"parameters": self.process.parameters.copy(), "fitted": self.fitted}

    def load_state(self, state: dict[str, Any], x: Floats) -> None:
        """Restores what ``state`` gave, for the inputs (n, d) so far."""
        self.process.parameters = np.array(state["parameters"], dtype=np.float64)
        self._known = self.fitted = int(state["fitted"])
        if self.fitted:
            self.process.condition(x[: self.fitted])
