"""ANASOD-BO (Wan et al., WACV 2022, Algorithm 2): Bayesian optimisation of the distribution of operations."""

from __future__ import annotations

from typing import Any

import numpy as np

from naslib_ext.encodings.operation_distribution import Counts, draw_num_blocks, round_to_counts
from naslib_ext.optimizers.acquisition import expected_improvement, log_expected_improvement_slopes
from naslib_ext.optimizers.anasod.surrogate_search import Floats, SurrogateSearch
from naslib_ext.optimizers.gp_model import GPModel
from naslib_ext.parameters import Parameter

STARTS, ASCENTS, RATE = 32, 15, 0.05
"""Of the gradient-based acquisition: draws that it starts from, steps of eq. (4), and their length on the simplex."""


class ANASODBayesianOptimization(SurrogateSearch):
    """Algorithm 2 with a Gaussian process (Matern 5/2, no ARD, the paper's bounds) and expected improvement.

    Differences from the paper, besides those of ``SurrogateSearch``:
        Targets are log errors relative to the spread of the scores, since their unit is not known (``LogGap``).
        The parameters are fitted by L-BFGS from the last ones, not after every query; the posterior is always exact.
        Eq. (4) ascends log expected improvement in steps of fixed length, since the improvement itself is flat far
        from the data; its ends are rounded to encodings and compared like draws (``acquisition: gradient``).
    """

    parameters = {
        **SurrogateSearch.parameters,
        "acquisition": Parameter(
            "sample", "candidates as drawn, or after gradient ascent", choices=("sample", "gradient")
        ),
        "ei_incumbent": Parameter(
            "observed",
            "what has to be improved: the best target observed, or the largest posterior mean at visited encodings",
            choices=("observed", "posterior"),
        ),
    }

    def _start(self) -> None:
        super()._start()
        self._model = GPModel(self.settings["refit_every"])

    def _update(self, distributions: Floats, targets: Floats) -> None:
        self._model.update(distributions, targets)
        observed = self.settings["ei_incumbent"] == "observed"
        self._to_improve = float((targets if observed else self._model.process.fitted()).max())

    def _acquisition(self, distributions: Floats, rng: np.random.Generator) -> Floats:
        return expected_improvement(*self._model.process.predict(distributions), self._to_improve)

    def _candidates(self, rng: np.random.Generator) -> Counts:
        if self.settings["acquisition"] == "sample":
            return super()._candidates(rng)
        points = self._ascend(self._draw_points(self._alpha(), STARTS, rng))
        cells = points.reshape(-1, self.space.num_operations)
        totals = np.repeat(draw_num_blocks(self.space, STARTS, rng), len(cells) // STARTS)
        return np.unique(round_to_counts(cells, totals).reshape(STARTS, -1), axis=0)

    def _ascend(self, points: Floats) -> Floats:
        """(m, d) the distributions to which eq. (4) leads from ``points`` (m, d)."""
        for _ in range(ASCENTS):
            mean, std, mean_slope, std_slope = self._model.process.input_gradients(points)
            by_mean, by_std = log_expected_improvement_slopes(mean, std, self._to_improve)
            gradient = by_mean[:, None] * mean_slope + by_std[:, None] * std_slope
            steps = RATE * gradient / np.maximum(np.linalg.norm(gradient, axis=1, keepdims=True), 1e-12)
            cells = np.maximum(points + steps, 0).reshape(len(points), -1, self.space.num_operations)
            points = (cells / cells.sum(axis=2, keepdims=True)).reshape(points.shape)
        return points

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "model": self._model.state()}

    def _load_state(self, state: dict[str, Any]) -> None:
        super()._load_state(state)
        self._model.load_state(state["model"], self._distributions(self._encode(self.history[0])))
