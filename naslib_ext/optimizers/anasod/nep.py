"""ANASOD with a neural ensemble (Wan et al., WACV 2022, section 4.1): Algorithm 2 with the model of BANANAS."""

from __future__ import annotations

from typing import Any

import numpy as np

from naslib_ext.optimizers.acquisition import independent_thompson_sample
from naslib_ext.optimizers.anasod.surrogate_search import Floats, SurrogateSearch
from naslib_ext.optimizers.gp_model import refit_is_due
from naslib_ext.optimizers.nep_model import PARAMETERS, NEPModel


class ANASODNeuralSearch(SurrogateSearch):
    """Five perceptrons on the distribution of operations, and independent Thompson sampling.

    Differences from the paper: those of ``SurrogateSearch`` and ``NEPModel``; targets are log errors (``LogGap``).
    """

    parameters = {**SurrogateSearch.parameters, **PARAMETERS}

    def _start(self) -> None:
        super()._start()
        self._model = NEPModel(self.settings, self.seed)

    def _update(self, distributions: Floats, targets: Floats) -> None:
        if refit_is_due(len(targets), self._model.fitted, self.settings["refit_every"]):
            self._model.fit(distributions, targets)

    def _acquisition(self, distributions: Floats, rng: np.random.Generator) -> Floats:
        return independent_thompson_sample(*self._model.predict(distributions), rng)

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "fitted": self._model.fitted}

    def _load_state(self, state: dict[str, Any]) -> None:
        super()._load_state(state)
        if state["fitted"]:
            codes, scores = self.history
            self._model.fit(*self._data(codes[: state["fitted"]], scores[: state["fitted"]]))
