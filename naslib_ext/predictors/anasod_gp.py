"""The model of ANASOD-BO (Wan et al., WACV 2022) as a predictor with uncertainty."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from naslib_ext.encodings.by_name import ENCODINGS, features_of
from naslib_ext.parameters import Parameter
from naslib_ext.predictors.base import Predictor, Values
from naslib_ext.predictors.gaussian_process import GaussianProcess
from naslib_ext.predictors.targets import LogGap
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes


class ANASODGaussianProcess(Predictor):
    """A Gaussian process on the distribution of operations; its uncertainty is that of one architecture's score.

    That includes how much the architectures of one encoding differ, which is the process's noise.

    Differences from the paper: targets are log errors relative to the spread of the scores (``LogGap``). The kernel's
    parameters come from at most ``num_fitted`` random architectures, the posterior from all. Other encodings are
    divided by their root mean squared norm, for which the bounds of the lengthscale are meant.
    """

    parameters = {
        "encoding": Parameter("operations", "what is seen of an architecture", choices=ENCODINGS),
        "num_fitted": Parameter(400, "most architectures that choose the kernel's parameters", minimum=2),
    }

    def _features(self, codes: Codes) -> NDArray[np.float64]:
        return np.asarray(features_of(self.space, codes, self._encoding) / self._scale, dtype=np.float64)

    def _fit(self, codes: Codes, scores: Values) -> None:
        self._encoding, self._scale = self.settings["encoding"], 1.0
        if self._encoding != "operations":
            self._scale = float(np.sqrt((self._features(codes) ** 2).sum(axis=1).mean())) or 1.0
        self._targets = LogGap(scores)
        features, targets = self._features(codes), self._targets.targets(scores)
        chosen = stream(self.seed, "anasod_gp").permutation(len(codes))[: self.settings["num_fitted"]]
        self._process = GaussianProcess().fit(features[chosen], targets[chosen])
        self._process.condition(features).set_targets(targets)

    def _query(self, codes: Codes) -> Values:
        return self._predict(codes)[0]

    def _predict(self, codes: Codes) -> tuple[Values, Values]:
        mean, std = self._process.predict(self._features(codes))
        return self._targets.scores(mean), self._targets.deviations(mean, np.sqrt(std**2 + self._process.noise))
