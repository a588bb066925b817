"""Random search: every architecture drawn anew from the space's distribution."""

from __future__ import annotations

import numpy as np

from naslib_ext.optimizers.base import Optimizer
from naslib_ext.search_spaces import Codes


class RandomSearch(Optimizer):
    """Random search as NASLib's ``RandomSearch``, without repeats."""

    def _propose(self, rng: np.random.Generator) -> Codes | None:
        return self._sample_new(rng)
