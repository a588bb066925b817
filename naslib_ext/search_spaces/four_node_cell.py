"""Cells of four nodes with an operation on each of six edges: NAS-Bench-201 and TransNAS-Bench-101 micro."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Sequence
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from naslib_ext.search_spaces.base import Codes, Integers, Mask
from naslib_ext.search_spaces.categorical import CategoricalSearchSpace

Edge = tuple[int, int]


class FourNodeCellSpace(CategoricalSearchSpace):
    """Six operations, one on each edge of a four-node cell; node 0 is the input, node 3 the output.

    All codes are valid. ``sample`` draws uniformly among the cells whose input and output are not cut off.
    A cell's canonical code is the first code, in lexicographic order, with an equal ``cell_function``.
    """

    edges: ClassVar[tuple[Edge, ...]]
    none: ClassVar[int]
    skip: ClassVar[int]

    input_skip_changes: ClassVar[bool] = False
    """Whether a skip connection from the input is an operation, as it halves the resolution in half of the cells."""

    def __init__(self, name: str, operation_names: Sequence[str]) -> None:
        super().__init__(name, [len(operation_names)] * 6, [operation_names] * 6)

    @abstractmethod
    def cell_function(self, operations: dict[Edge, int]) -> Hashable:
        """What the cell computes: equal for cells that are the same function."""

    def nested_terms(self, operations: dict[Edge, int]) -> Hashable:
        """The output as a nested multiset of terms (operation, terms of its source), without terms that are zero."""
        nodes: list[tuple[object, ...]] = [("input",)]
        for target in (1, 2, 3):
            terms: list[object] = []
            for source in range(target):
                operation = operations[source, target]
                if operation == self.none or not nodes[source]:
                    continue
                if operation == self.skip and not (source == 0 and self.input_skip_changes):
                    terms.extend(nodes[source])
                else:
                    terms.append((operation, nodes[source]))
            nodes.append(tuple(sorted(terms, key=repr)))
        return nodes[-1]

    def canonical(self, codes: ArrayLike) -> Codes:
        return self._representatives[self._index(self.check(codes))]

    def _index(self, codes: Codes) -> Integers:
        """(n,) position of each code in the enumeration."""
        strides = len(self.operation_names) ** np.arange(5, -1, -1)
        return codes @ strides

    @cached_property
    def _representatives(self) -> Codes:
        """(size, L) the canonical code of every code, in the order of the enumeration."""
        codes = self.enumerate()
        first: dict[Hashable, int] = {}
        rows = [
            first.setdefault(self.cell_function(dict(zip(self.edges, code, strict=True))), row)
            for row, code in enumerate(codes.tolist())
        ]
        return codes[rows]

    def _accepts_sample(self, codes: Codes) -> Mask:
        cut = codes == self.none
        from_input = [position for position, edge in enumerate(self.edges) if edge[0] == 0]
        to_output = [position for position, edge in enumerate(self.edges) if edge[1] == 3]
        return ~(cut[:, from_input].all(axis=1) | cut[:, to_output].all(axis=1))
