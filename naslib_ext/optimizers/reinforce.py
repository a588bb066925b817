"""REINFORCE (Williams, 1992) with an independent categorical policy, as NAS-Bench-101 uses it (Ying et al., 2019)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.optimizers.base import Optimizer
from naslib_ext.optimizers.choices import Choices
from naslib_ext.parameters import Parameter
from naslib_ext.search_spaces import Codes

DRAWS = 64
"""Architectures that are drawn from the policy at once."""

ROUNDS = 4
"""Batches of draws without a new architecture before one is drawn from the space's own distribution."""


class Reinforce(Optimizer):
    """Logits of each variable go up the gradient of (reward - baseline) log p(architecture), at every reward told.

    The baseline is a bias-corrected moving average of the rewards.

    Differences from the published code: the advantage is divided by the moving root mean square of the advantages,
    since the rewards' unit is not known (there they are accuracies from 0 to 1, so that the policy hardly moves in 300
    steps); what is known already is drawn again; a failed evaluation teaches nothing.
    """

    parameters = {
        "learning_rate": Parameter(0.1, "step size of the logits", minimum=0),
        "momentum": Parameter(0.9, "of the moving averages", minimum=0, maximum=0.999),
    }

    def _start(self) -> None:
        self._choices = Choices(self.space)
        self._logits = np.zeros((len(self._choices.cardinalities), int(self._choices.cardinalities.max())))
        self._logits[np.arange(self._logits.shape[1]) >= self._choices.cardinalities[:, None]] = -np.inf
        self._reward = self._square = self._weight = 0.0

    def _probabilities(self) -> NDArray[np.float64]:
        """(V, most values) the policy."""
        odds = np.exp(self._logits - self._logits.max(axis=1, keepdims=True))
        probabilities: NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
        return probabilities

    def _propose(self, rng: np.random.Generator) -> Codes | None:
        thresholds = self._probabilities().cumsum(axis=1)[:, :-1]
        for _ in range(ROUNDS):
            uniform = rng.random((DRAWS, len(thresholds), 1))
            choices = np.minimum((uniform >= thresholds).sum(axis=2), self._choices.cardinalities - 1)
            code = self._first_new(self._choices.to_codes(choices))
            if code is not None:
                return code
        return None

    def _observe(self, code: Codes, score: float) -> None:
        if score == -np.inf:
            return
        keep = self.settings["momentum"]
        self._weight = keep * self._weight + (1 - keep)
        self._reward = keep * self._reward + (1 - keep) * score
        advantage = score - self._reward / self._weight
        self._square = keep * self._square + (1 - keep) * advantage**2
        if self._square > 0:
            self._climb(code, advantage / np.sqrt(self._square / self._weight))

    def _climb(self, code: Codes, advantage: float) -> None:
        """One step up the gradient: the indicators of the choices made, less their probabilities."""
        gradient = -self._probabilities()
        gradient[np.arange(len(gradient)), self._choices.of_codes(code[None])[0]] += 1
        self._logits += self.settings["learning_rate"] * advantage * gradient

    def _state(self) -> dict[str, Any]:
        averages = np.array([self._weight, self._reward, self._square])
        return {"logits": self._logits.copy(), "averages": averages}

    def _load_state(self, state: dict[str, Any]) -> None:
        self._logits = np.array(state["logits"], dtype=np.float64)
        self._weight, self._reward, self._square = np.asarray(state["averages"]).tolist()
