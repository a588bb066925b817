"""NAS-Bench-201 and TransNAS-Bench-101 micro: an operation on each of six edges."""

from __future__ import annotations

import numpy as np

from naslib_ext.naslib_bridge.adapters.moves.base import Moves, Spec
from naslib_ext.search_spaces import SearchSpace

EDGES = 6


def four_node_cell_moves(operations: int, encoder: str, draws_to_build: int) -> Moves:
    """The moves of a cell with ``operations`` choices on each edge; a spec is the tuple of the six choices.

    NASLib rejects a draw where the choices 0..2 or 2, 4, 5 are all 1. In NAS-Bench-201 these are the cells whose input
    or output is cut off; TransNAS-Bench-101's edges and operations are in another order, but its sampler is the same.
    """

    def sample(_: SearchSpace) -> Spec:
        while True:
            row = np.random.randint(operations, size=EDGES)
            if (row[:3] != 1).any() and (row[[2, 4, 5]] != 1).any():
                return tuple(row.tolist())

    def mutate(_: SearchSpace, spec: Spec) -> Spec:
        """An edge and then one of the other operations, in ascending order."""
        edge = int(np.random.choice(EDGES))
        return _replaced(spec, edge, _others(spec, edge)[int(np.random.choice(operations - 1))])

    def neighbors(_: SearchSpace, spec: Spec) -> list[Spec]:
        return [_replaced(spec, edge, choice) for edge in range(EDGES) for choice in _others(spec, edge)]

    def _others(spec: Spec, edge: int) -> list[int]:
        return [choice for choice in range(operations) if choice != spec[edge]]

    return Moves(sample, mutate, neighbors, encoder=encoder, draws_to_build=draws_to_build)


def _replaced(spec: Spec, edge: int, choice: int) -> Spec:
    return (*spec[:edge], choice, *spec[edge + 1 :])
