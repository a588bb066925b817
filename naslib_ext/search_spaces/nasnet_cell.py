"""One cell of the NASNet family (Zoph et al., CVPR 2018) as DARTS draws it, of any number of nodes."""

from __future__ import annotations

from functools import cached_property
from math import comb

import numpy as np
from numpy.typing import NDArray

from naslib_ext.search_spaces.base import Codes, Mask, SearchSpace
from naslib_ext.search_spaces.nasbench301 import OPERATIONS as WITHOUT_NONE

OPERATIONS = (*WITHOUT_NONE, "none")
"""The eight operations of DARTS."""


class NasnetCellSpace(SearchSpace):
    """L = 4 ``nodes``: for each node two edges (source, operation). With five nodes the cell of ANASOD's appendix A.2.

    Sources 0 and 1 are the two previous cells, 2.. the nodes of this cell. Valid: a node's two sources differ and
    stand in ascending order. A single edit changes one position. ``sample`` draws two different sources and two
    operations a node, all uniform.

    ``canonical`` is the code itself: what relabelled nodes or operations ``none`` make equal counts as different.

    Args:
        nodes: nodes between the inputs and the output: 4 in DARTS, 5 in ANASOD's open-domain search.
    """

    def __init__(self, nodes: int = 5) -> None:
        self.nodes = nodes
        sources = np.repeat(np.arange(nodes) + 2, 2)
        cardinalities = np.stack([sources, np.full(2 * nodes, len(OPERATIONS))], axis=1).ravel()
        super().__init__(f"nasnet{nodes}", cardinalities.tolist(), OPERATIONS)

    @cached_property
    def size(self) -> int:
        """Number of valid codes, prod_i C(i + 2, 2) 8^2."""
        size = 1
        for node in range(self.nodes):
            size *= comb(node + 2, 2) * len(OPERATIONS) ** 2
        return size

    def _satisfies(self, codes: Codes) -> Mask:
        ascending: Mask = np.all(codes[:, 0::4] < codes[:, 2::4], axis=1)
        return ascending

    def _draw(self, n: int, rng: np.random.Generator) -> Codes:
        sources = np.arange(self.nodes) + 2
        first = rng.integers(0, sources, size=(n, self.nodes))
        second = rng.integers(0, sources - 1, size=(n, self.nodes))
        second += second >= first
        codes = np.empty((n, self.nodes, 2, 2), dtype=np.int8)
        codes[..., 0, 0], codes[..., 1, 0] = np.minimum(first, second), np.maximum(first, second)
        codes[..., 1] = rng.integers(0, len(OPERATIONS), size=(n, self.nodes, 2))
        return codes.reshape(n, -1)

    # the operation view

    def _operations(self, codes: Codes) -> NDArray[np.int8]:
        return codes[:, 1::2].copy()

    @property
    def block_operations(self) -> Mask:
        """(2 nodes, 8) bool, all true: the edges in use and the operations they can hold."""
        return np.ones((2 * self.nodes, len(OPERATIONS)), dtype=bool)

    def _place(self, multiset: NDArray[np.int8], rng: np.random.Generator) -> Codes:
        """The operations in random order on a random wiring."""
        if len(multiset) != 2 * self.nodes:
            raise self._unplaceable(multiset)
        code = self._draw(1, rng)[0]
        code[1::2] = rng.permutation(multiset)
        return code
