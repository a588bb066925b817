"""GAEA (Li, Khodak, Balcan and Talwalkar, ICLR 2021), bilevel: exponentiated gradient on every edge's shares."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from naslib_ext.optimizers.one_shot.base import Floats
from naslib_ext.optimizers.one_shot.gradient import SimplexOptimizer
from naslib_ext.parameters import Parameter


class GAEA(SimplexOptimizer):
    """Shares (E, K'), uniform at first; p <- p exp(-rate * gradient), clamped and divided by its sum.

    ``search.update`` ``projected`` descends and divides by the sum instead, what its code calls ``gd``.
    """

    parameters = SimplexOptimizer.parameters | {"epochs": Parameter(25, "passes over the training images", minimum=1)}

    def _initial(self, edges: int, operations: int, rng: np.random.Generator) -> Floats:
        return np.full((edges, operations), 1 / operations)

    def _probabilities(self, learnt: Tensor) -> Tensor:
        return learnt
