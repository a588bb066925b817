"""The generic space: every combination of choices is an architecture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from naslib_ext.errors import InvalidArchitecture
from naslib_ext.search_spaces.base import Codes, Mask, SearchSpace, check_cardinalities

SHUFFLES = 64
"""Random orders of operations that are tried before one that fits is constructed."""


class CategoricalSearchSpace(SearchSpace):
    """L independent categorical positions; anybody's own table fits in here.

    Args:
        name: the space's name, as it stands in table files.
        cardinalities: (L,) number of choices at each position.
        choices: optional names of the choices, one list a position. Positions that share a name share an operation:
            the operation ids are the union of the vocabularies, in order of appearance. Without them choice i is
            operation i everywhere.
    """

    def __init__(self, name: str, cardinalities: Sequence[int], choices: Sequence[Sequence[str]] | None = None) -> None:
        check_cardinalities(name, cardinalities)
        vocabularies = choices or [[str(value) for value in range(size)] for size in cardinalities]
        if [len(names) for names in vocabularies] != [int(size) for size in cardinalities]:
            raise InvalidArchitecture(f"{name}: choices must name every value of every position")
        names = list(dict.fromkeys(choice for position in vocabularies for choice in position))
        super().__init__(name, cardinalities, names)
        self._ids = np.full((len(vocabularies), int(self.cardinalities.max())), -1, dtype=np.int8)
        for position, vocabulary in enumerate(vocabularies):
            self._ids[position, : len(vocabulary)] = [names.index(choice) for choice in vocabulary]

    @cached_property
    def size(self) -> int:
        return prod(self.cardinalities.tolist())

    @cached_property
    def num_functions(self) -> int | None:
        return self.size if type(self).canonical is SearchSpace.canonical else super().num_functions

    def _satisfies(self, codes: Codes) -> Mask:
        return np.ones(len(codes), dtype=bool)

    def _operations(self, codes: Codes) -> NDArray[np.int8]:
        return self._ids[np.arange(self.num_positions), codes]

    @cached_property
    def block_operations(self) -> Mask:
        """(L, k) bool: which operations each position can hold."""
        fitting: Mask = (self._ids[:, :, None] == np.arange(self.num_operations)).any(axis=1)
        return fitting

    def _place(self, multiset: NDArray[np.int8], rng: np.random.Generator) -> Codes:
        """The multiset in an order in which every position can hold its operation.

        Uniform among these orders where a few shuffles find one. Where they are rare, one is found as a matching of
        the shuffled operations with the positions.
        """
        if len(multiset) != self.num_positions:
            raise self._unplaceable(multiset)
        positions, holds = np.arange(self.num_positions), self.block_operations
        shuffles = 1 if holds.all() else SHUFFLES
        orders = rng.permuted(np.broadcast_to(multiset, (shuffles, len(multiset))), axis=1)
        fits = holds[positions, orders].all(axis=1)
        chosen = orders[fits.argmax()]
        if not fits.any():
            from scipy.sparse import csr_array
            from scipy.sparse.csgraph import maximum_bipartite_matching

            places = maximum_bipartite_matching(csr_array(holds[:, chosen]), perm_type="column")
            if places.min() < 0:
                raise self._unplaceable(multiset)
            chosen = chosen[places]
        return (self._ids == chosen[:, None]).argmax(axis=1).astype(np.int8)
