"""The Bayesian optimisation that ANASOD is compared with: the same Gaussian process on adjacency or path encodings."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from naslib_ext.encodings.by_name import features_of
from naslib_ext.optimizers.acquisition import expected_improvement
from naslib_ext.optimizers.base import Optimizer
from naslib_ext.optimizers.gp_model import GPModel
from naslib_ext.parameters import Parameter
from naslib_ext.predictors.gaussian_process import Pool
from naslib_ext.predictors.targets import LogGap, without_failures
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes

Floats = NDArray[np.float64]

SCALE_SAMPLE = 200
"""Random architectures from which the size of the features is taken."""


class EncodingBO(Optimizer):
    """GP-BO (Wan et al., WACV 2022, section 4.1): Matern 5/2, expected improvement over random architectures.

    Features are divided by their root mean squared norm, so that the largest distances are about those on the simplex
    of ANASOD's encoding and the bounds of the lengthscale mean the same. With features of 0 and 1 as they are, the
    greatest lengthscale allowed (0.5) would make any two architectures independent.

    Random candidates are drawn anew when the GP's parameters are fitted, and serve until the next fit.
    """

    encoding: ClassVar[str]
    parameters = {
        "num_init": Parameter(10, "random architectures at the start", minimum=1),
        "num_candidates": Parameter(500, "random architectures that the acquisition is computed for", minimum=1),
        "refit_every": Parameter(5, "least number of queries between two fits of the GP's parameters", minimum=1),
    }

    def _start(self) -> None:
        self._model = GPModel(self.settings["refit_every"])
        self._pool: tuple[Codes, Pool] | None = None
        features = features_of(self.space, self.space.sample(SCALE_SAMPLE, stream(0, "scale")), self.encoding)
        self._scale = float(np.sqrt((features**2).sum(axis=1).mean())) or 1.0

    def _features(self, codes: Codes) -> Floats:
        return np.asarray(features_of(self.space, codes, self.encoding) / self._scale, dtype=np.float64)

    def _propose(self, rng: np.random.Generator) -> Codes | None:
        codes, scores = self.history
        if len(codes) < self.settings["num_init"] or self.incumbent is None:
            return None
        values = without_failures(scores)
        targets = LogGap(values).targets(values)
        if self._model.update(self._features(codes), targets) or self._pool is None:
            self._pool = self._draw_pool()
        candidates, pool = self._pool
        worth = expected_improvement(*pool.predict(), float(targets.max()))
        return self._first_new(candidates[np.argsort(-worth, kind="stable")])

    def _draw_pool(self) -> tuple[Codes, Pool]:
        """Candidates that depend on the fit alone, so that a resumed search has the same ones."""
        rng = stream(self.seed, "candidates", self._model.fitted)
        candidates = self.space.sample(self.settings["num_candidates"], rng)
        return candidates, self._model.process.pool(self._features(candidates))

    def _state(self) -> dict[str, Any]:
        return {"model": self._model.state()}

    def _load_state(self, state: dict[str, Any]) -> None:
        self._model.load_state(state["model"], self._features(self.history[0]))
        if self._model.fitted:
            self._pool = self._draw_pool()


class AdjacencyBO(EncodingBO):
    """GP-BO on the one-hot encoding of the choice at each position."""

    encoding = "adjacency"


class PathBO(EncodingBO):
    """GP-BO on the path encoding, truncated as BANANAS's is."""

    encoding = "truncated_path"
