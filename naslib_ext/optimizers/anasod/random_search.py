"""ANASOD-RS and ANASOD-biasedRS (Wan et al., WACV 2022, section 3.2): random search over encodings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from naslib_ext.encodings.operation_distribution import decode_distribution
from naslib_ext.errors import InvalidArchitecture
from naslib_ext.optimizers.anasod.base import REDRAWS, ANASODOptimizer
from naslib_ext.parameters import Parameter
from naslib_ext.search_spaces import Codes

PAPER_QUERIES = 300
"""The paper's T."""


class ANASODRandomSearch(ANASODOptimizer):
    """Each query draws a distribution p ~ Dir(1, ..., 1) and decodes one architecture of it.

    By default every block draws its operation from p (decoding B): that needs no grid, and finds better architectures
    than rounding p first (decoding A) in the same number of queries on nearly all tables tried (docs/anasod.md).

    Differences from the paper, which takes this for uniform sampling of architectures: it is uniform over
    distributions, so that cells of few different operations are drawn more often.
    """

    parameters = {
        **ANASODOptimizer.parameters,
        "decoding": Parameter(
            "blocks",
            "blocks: every block draws its operation; counts: the nearest realisable encoding in random order",
            choices=("blocks", "counts"),
        ),
    }

    def _propose(self, rng: np.random.Generator) -> Codes | None:
        alpha = self._dirichlet(self._beta())
        return self._draw_new(alpha, rng) if self.settings["decoding"] == "counts" else self._draw_blocks(alpha, rng)

    def _beta(self) -> float:
        return 0.0

    def _draw_blocks(self, alpha: NDArray[np.float64], rng: np.random.Generator) -> Codes | None:
        """(L,) a new architecture whose blocks draw from one p ~ Dir(``alpha`` (d,)); ``None`` where none is found."""
        for _ in range(REDRAWS):
            try:
                code = decode_distribution(self.space, self._draw_points(alpha, 1, rng)[0], rng, draws=1)
            except InvalidArchitecture:
                continue
            if self._if_new(code) is not None:
                return code
        return None


class ANASODBiasedRandomSearch(ANASODRandomSearch):
    """Eq. (3): p ~ Dir(k beta_t p* + 1) around the best encoding p*, beta_t = beta_max t / T after t queries.

    p* is the encoding of the best architecture itself, not the distribution that it was drawn from.
    """

    depends_on_budget = True
    parameters = {
        **ANASODRandomSearch.parameters,
        "beta_max": Parameter(2.0, "concentration at the end of the search", minimum=0),
        "T": Parameter(0, f"queries until beta_max is reached; 0: the budget, {PAPER_QUERIES} without one", minimum=0),
    }

    def _beta(self) -> float:
        horizon = self.settings["T"] or self.budget or PAPER_QUERIES
        return float(self.settings["beta_max"]) * min(self._asked / horizon, 1.0)
