"""TPE (Bergstra et al., NeurIPS 2011): Optuna's sampler behind ask and tell. Needs the extra ``bo``."""

from __future__ import annotations

from typing import Any

import numpy as np

from naslib_ext.errors import MissingDependency
from naslib_ext.optimizers.base import Optimizer
from naslib_ext.optimizers.choices import Choices
from naslib_ext.parameters import Parameter
from naslib_ext.search_spaces import Codes

SUGGESTIONS = 4
"""Suggestions that are asked for until one is a new architecture; then a random one is taken."""


class TPE(Optimizer):
    """Optuna's multivariate ``TPESampler`` with its defaults, on one categorical variable for each position.

    The study is made from what has been told, and each suggestion has a seed of its own, so that searches resume.

    Differences from Optuna: the first ``num_init`` architectures come from the space's own distribution; where the
    sampler repeats itself time and again, a random architecture is taken; failed evaluations are left out.
    """

    parameters = {
        "num_init": Parameter(10, "random architectures at the start", minimum=1),
        "n_ei_candidates": Parameter(24, "candidates that a suggestion is the best of", minimum=1),
    }

    def __init__(self, config: Any = None) -> None:
        super().__init__(config)
        _optuna()

    def _start(self) -> None:
        optuna = _optuna()
        self._choices = Choices(self.space)
        self._distributions = {
            f"{variable:03}": optuna.distributions.CategoricalDistribution(list(range(size)))
            for variable, size in enumerate(self._choices.cardinalities.tolist())
        }
        level = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(direction="maximize")
        optuna.logging.set_verbosity(level)
        self._study.ask()  # every suggestion is for this trial, which never ends
        (self._trial,) = self._study.get_trials(deepcopy=False)

    def _propose(self, rng: np.random.Generator) -> Codes | None:
        if len(self._scores) < self.settings["num_init"] or self.incumbent is None:
            return None
        for _ in range(SUGGESTIONS):
            code = self._first_new(self._choices.to_codes(self._suggest(int(rng.integers(2**31)))[None]))
            if code is not None:
                return code
        return None

    def _suggest(self, seed: int) -> np.ndarray:
        """(V,) the sampler's choices."""
        sampler = _optuna().samplers.TPESampler(
            n_startup_trials=0,
            n_ei_candidates=self.settings["n_ei_candidates"],
            multivariate=True,
            constant_liar=True,  # else it would read a copy of the trials that only ``study.ask`` brings up to date
            seed=seed,
        )
        chosen = sampler.sample_relative(self._study, self._trial, self._distributions)
        return np.array([chosen[name] for name in self._distributions])

    def _observe(self, code: Codes, score: float) -> None:
        if score == -np.inf:
            return
        choices = dict(zip(self._distributions, self._choices.of_codes(code[None])[0].tolist(), strict=True))
        trial = _optuna().trial.create_trial(params=choices, distributions=self._distributions, value=score)
        self._study.add_trial(trial)

    def _load_state(self, state: dict[str, Any]) -> None:
        for code, score in zip(*self.history, strict=True):
            self._observe(code, float(score))


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise MissingDependency("tpe needs optuna: pip install 'naslib_ext[bo]'") from error
    return optuna
