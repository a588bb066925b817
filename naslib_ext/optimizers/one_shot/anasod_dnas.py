"""ANASOD-DNAS (Wan et al., WACV 2022, section 3.2, Algorithm 1): one operation distribution for all edges."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from naslib_ext.encodings.operation_distribution import decode_distribution
from naslib_ext.optimizers.one_shot.base import Floats
from naslib_ext.optimizers.one_shot.gradient import SimplexOptimizer
from naslib_ext.parameters import Parameter
from naslib_ext.search_spaces import Codes


class ANASODDNAS(SimplexOptimizer):
    """Learns the encoding itself, K' shares that govern every edge of every cell, uniform at first.

    Each step runs the mixture in which every edge has these shares, and moves them by the gradient of the validation
    loss with regard to the encoding, the sum of the edges' gradients. At the end ``search.num_samples`` cells are
    sampled from the encoding, every block by itself, and the supernet scores them.

    Differences from the paper: line 3 of Algorithm 1 descends, line 4 divides by the sum and calls that mirror descent.
    With ``search.update`` ``projected`` this is done; ``exponentiated``, the default, is mirror descent in the usual
    sense, with the entropy, as in GAEA's code, on which the paper builds. The paper samples one architecture and
    reports means over samples; several samples scored without a training are ours.
    """

    parameters = SimplexOptimizer.parameters | {
        "epochs": Parameter(20, "passes over the training images", minimum=1),
        "num_samples": Parameter(10, "cells sampled at the end", minimum=1),
    }

    def _initial(self, edges: int, operations: int, rng: np.random.Generator) -> Floats:
        return np.full(operations, 1 / operations)

    def _probabilities(self, learnt: Tensor) -> Tensor:
        return learnt.expand(self.supernet.num_edges, -1)

    @property
    def encoding(self) -> Floats:
        """(k,) the encoding, its operations in the order of the search space."""
        shares = dict(zip(self.supernet.operations, self.distribution[0].tolist(), strict=True))
        return np.array([shares.get(name, 0.0) for name in self.space.operation_names])

    def sample(self, n: int, rng: np.random.Generator) -> Codes:
        encoding = self.encoding
        return np.stack([decode_distribution(self.space, encoding, rng) for _ in range(n)])

    def _candidates(self, rng: np.random.Generator) -> Codes:
        return self.sample(self.settings["num_samples"], rng)
