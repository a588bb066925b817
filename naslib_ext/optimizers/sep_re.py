"""Evolution with shortest-edit-path crossover (Qiu and Miikkulainen, 2023), the baseline of Delta-NAS."""

from __future__ import annotations

from math import ceil

import numpy as np

from naslib_ext.optimizers.edit_path import align, walk
from naslib_ext.optimizers.regularized_evolution import RegularizedEvolution
from naslib_ext.parameters import Parameter
from naslib_ext.search_spaces import Codes

TRIALS = 50
"""Crossovers that are tried for a new architecture, as in the released code."""


class SEPEvolution(RegularizedEvolution):
    """Regularized evolution in which every other child comes from two parents.

    ``crossover: sep`` takes ceil(rate x d) random edits of a shortest edit path of length d from one parent to the
    other; ``standard`` takes each position of the code from either parent with equal chances; ``none`` is ``re``.

    Differences from the released code: population and tournament are those of NASLib's regularized evolution, as
    budgets here are hundreds of queries and not 10,000 (there 100 and 10); a path runs over the space's single edits
    between codes whose vertices are matched in a common order (``edit_path.align``), not over a general graph edit
    distance, so that every architecture on it is valid; a child that is known already is drawn again.
    """

    parameters = {
        **RegularizedEvolution.parameters,
        "crossover": Parameter("sep", "how two parents are combined", choices=("sep", "standard", "none")),
        "crossover_rate": Parameter(0.5, "share of the edit path that a child takes", minimum=0, maximum=1),
    }

    def _propose(self, rng: np.random.Generator) -> Codes | None:
        started = self._asked >= self.settings["population_size"] and len(self._population) > 1
        if started and self.settings["crossover"] != "none" and self._asked % 2:
            child = self._crossed(rng)
            if child is not None:
                return child
        return super()._propose(rng)

    def _crossed(self, rng: np.random.Generator) -> Codes | None:
        """(L,) a new child of two winners of tournaments; ``None`` where none is found."""
        for _ in range(TRIALS):
            first, second = self._tournament(rng), self._tournament(rng)
            child = self._combined(first, second, rng)
            if self.space.is_valid(child[None])[0] and self.is_new(child[None])[0]:
                return child
        return None

    def _combined(self, first: Codes, second: Codes, rng: np.random.Generator) -> Codes:
        if self.settings["crossover"] == "standard":
            return np.where(rng.random(len(first)) < 0.5, first, second)
        start, goal = align(self.space, first, second)
        length = int(self.space.edit_distance(start[None], goal[None])[0])
        return walk(self.space, start, goal, ceil(self.settings["crossover_rate"] * length), rng)
