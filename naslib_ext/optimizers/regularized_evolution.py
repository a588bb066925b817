"""Regularized evolution (Real et al., AAAI 2019): tournament selection, mutation, and death by age."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from naslib_ext.optimizers.base import Optimizer
from naslib_ext.parameters import Parameter
from naslib_ext.search_spaces import Codes

MUTANTS = 8
"""Mutants of the chosen parent that are tried for a new one before its whole neighbourhood is."""


class RegularizedEvolution(Optimizer):
    """Algorithm 1 of the paper, with NASLib's parameters.

    Differences from NASLib: a child that has been evaluated before is mutated anew instead of being queried again,
    and where the whole neighbourhood of a parent is known, another tournament chooses another parent.
    """

    parameters = {
        "population_size": Parameter(30, "architectures alive", minimum=1),
        "sample_size": Parameter(10, "architectures in a tournament, drawn with replacement", minimum=1),
    }

    def _start(self) -> None:
        self._population: deque[tuple[Codes, float]] = deque(maxlen=self.settings["population_size"])

    def _propose(self, rng: np.random.Generator) -> Codes | None:
        if self._asked < self.settings["population_size"] or not self._population:
            return self._sample_new(rng)
        for _ in range(len(self._population)):
            child = self._child(self._tournament(rng), rng)
            if child is not None:
                return child
        return None

    def _tournament(self, rng: np.random.Generator) -> Codes:
        drawn = rng.integers(len(self._population), size=self.settings["sample_size"])
        winner = max(drawn.tolist(), key=lambda member: self._population[member][1])
        return self._population[winner][0]

    def _child(self, parent: Codes, rng: np.random.Generator) -> Codes | None:
        child = self._first_new(self.space.mutate(np.repeat(parent[None], MUTANTS, axis=0), rng))
        if child is not None:
            return child
        return self._first_new(rng.permutation(self.space.neighbors(parent)))

    def _observe(self, code: Codes, score: float) -> None:
        self._population.append((code, score))

    def _load_state(self, state: dict[str, Any]) -> None:
        codes, scores = self.history
        self._population.extend(zip(codes, scores.tolist(), strict=True))
