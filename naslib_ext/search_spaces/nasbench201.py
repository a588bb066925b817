"""NAS-Bench-201 (Dong and Yang, ICLR 2020): five operations on the six edges of a cell, 15,625 codes."""

from __future__ import annotations

import re
from collections.abc import Hashable

import numpy as np
from numpy.typing import ArrayLike

from naslib_ext.errors import InvalidArchitecture
from naslib_ext.search_spaces.base import Codes
from naslib_ext.search_spaces.four_node_cell import Edge, FourNodeCellSpace

OPERATIONS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
STRING_ORDER = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""The edges in the order in which an architecture string names them."""


class NASBench201SearchSpace(FourNodeCellSpace):
    """NASLib's ``op_indices``: the operations of the edges (0,1), (0,2), (0,3), (1,2), (1,3), (2,3).

    ``canonical`` gives the 6,466 classes of the benchmark's own isomorphism test, which is finer than equality of
    functions: it keeps a zero term of a sum, so that ``x + 0`` and ``x`` stay apart.

    ``sample`` is NASLib's: uniform among the cells in which an edge leaves the input and one enters the output (the
    other cells remain valid codes).
    """

    edges = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
    skip, none = 0, 1

    def __init__(self) -> None:
        super().__init__("nasbench201", OPERATIONS)

    def cell_function(self, operations: dict[Edge, int]) -> Hashable:
        # The published classes depend on this very text: terms are sorted as strings of operation names.
        nodes = ["0"]
        for target in (1, 2, 3):
            terms = [self._term(nodes[source], operations[source, target]) for source in range(target)]
            nodes.append("+".join(sorted(terms)))
        return nodes[-1]

    def _term(self, source: str, operation: int) -> str:
        if operation == self.none or source == "#":
            return "#"
        return source if operation == self.skip else f"({source})@{OPERATIONS[operation]}"

    def to_string(self, code: ArrayLike) -> str:
        """The benchmark's architecture string, ``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|``."""
        operations = dict(zip(self.edges, self.to_spec(code), strict=True))
        nodes = [
            "".join(f"|{OPERATIONS[operations[source, target]]}~{source}" for source in range(target)) + "|"
            for target in (1, 2, 3)
        ]
        return "+".join(nodes)

    def from_string(self, text: str) -> Codes:
        parts = re.findall(r"(\w+)~(\d)", text)
        if not parts:
            return super().from_string(text)
        targets = [(int(source), target) for (_, source), (_, target) in zip(parts, STRING_ORDER, strict=False)]
        if len(parts) != 6 or tuple(targets) != STRING_ORDER or any(name not in OPERATIONS for name, _ in parts):
            raise InvalidArchitecture(f"{self.name}: not an architecture string: {text!r}")
        operations = {edge: OPERATIONS.index(name) for edge, (name, _) in zip(STRING_ORDER, parts, strict=True)}
        return np.array([operations[edge] for edge in self.edges], dtype=np.int8)
