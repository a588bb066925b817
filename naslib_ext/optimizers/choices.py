"""Architectures as independent choices, for methods that know nothing but categorical variables."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.search_spaces.nasbench301 import NASBench301SearchSpace

Integers = NDArray[np.int64]


class Choices:
    """V categorical variables that stand for the codes of ``space``: its positions.

    In nasbench301 the sources of a node are one variable, the pair, so that all combinations are valid; elsewhere
    some combinations may be no architecture.

    Attributes:
        cardinalities: (V,) number of values of each variable.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self.cardinalities: Integers = space.cardinalities
        self._pairs: list[NDArray[np.int8]] = []
        if isinstance(space, NASBench301SearchSpace):
            self._pairs = [np.array(list(combinations(range(node % 4 + 2), 2)), dtype=np.int8) for node in range(8)]
            self.cardinalities = np.concatenate([[len(pairs) for pairs in self._pairs], space.cardinalities[1::2]])

    def of_codes(self, codes: Codes) -> Integers:
        """(n, V) the choices of architectures (n, L)."""
        if not self._pairs:
            return codes.astype(np.int64)
        sources = codes[:, 0::2].reshape(len(codes), 8, 1, 2)
        choices = [(pairs == sources[:, node]).all(axis=2).argmax(axis=1) for node, pairs in enumerate(self._pairs)]
        return np.concatenate([np.stack(choices, axis=1), codes[:, 1::2]], axis=1)

    def to_codes(self, choices: Integers) -> Codes:
        """(m, L) the architectures among the choices (n, V), in their order."""
        codes = choices.astype(np.int8)
        if self._pairs:
            codes = np.empty((len(choices), self._space.num_positions), dtype=np.int8)
            sources = [pairs[choices[:, node]] for node, pairs in enumerate(self._pairs)]
            codes[:, 0::2], codes[:, 1::2] = np.concatenate(sources, axis=1), choices[:, 8:]
        return codes[self._space.is_valid(codes)]
