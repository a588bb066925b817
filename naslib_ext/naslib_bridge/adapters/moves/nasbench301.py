"""NAS-Bench-301: two cells of eight edges (source, operation), each node's two edges in the order they were drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from naslib_ext.naslib_bridge.adapters.moves.base import Moves, Spec
from naslib_ext.search_spaces import SearchSpace
from naslib_ext.search_spaces.nasbench301 import OPERATIONS

CELLS, EDGES, NODES = 2, 8, 4
SOURCE, OPERATION = 0, 1


def _own_form(space: SearchSpace, spec: Any) -> Spec:
    """Tuples of integers in the order given: NASLib's mutation depends on it, though the architecture does not."""
    space.from_spec(spec)
    return _tuples(spec)


def _tuples(cells: Any) -> Spec:
    return tuple(tuple((int(source), int(operation)) for source, operation in cell) for cell in cells)


def _lists(spec: Spec) -> list[list[list[int]]]:
    return [[list(edge) for edge in cell] for cell in spec]


def _sample(_: SearchSpace) -> Spec:
    """Node by node four operations, then two different sources for each cell."""
    cells: list[list[tuple[int, int]]] = [[], []]
    for node in range(NODES):
        operations = np.random.choice(len(OPERATIONS), NODES).reshape(CELLS, 2)
        for cell in range(CELLS):
            sources = np.random.choice(node + 2, 2, replace=False)
            cells[cell] += zip(sources.tolist(), operations[cell].tolist(), strict=True)
    return _tuples(cells)


def _mutate(_: SearchSpace, spec: Spec) -> Spec:
    """Random edits, each an edge and then its operation or its source, until the last one changes something.

    At least two: NASLib edits the parent in place and compares the child with that.
    """
    cells = _lists(spec)
    _edit(cells)
    while True:
        before = _lists(cells)
        _edit(cells)
        if cells != before:
            return _tuples(cells)


def _edit(cells: list[list[list[int]]]) -> None:
    """One edit in place; nothing happens where the value stays, or where a node would use a source twice."""
    cell, edge, part = (int(np.random.choice(count)) for count in (CELLS, EDGES, 2))
    if part == OPERATION:
        cells[cell][edge][OPERATION] = int(np.random.choice(len(OPERATIONS)))
        return
    source = int(np.random.choice(edge // 2 + 2))
    if cells[cell][edge ^ 1][SOURCE] != source:
        cells[cell][edge][SOURCE] = source


def _neighbors(_: SearchSpace, spec: Spec) -> list[Spec]:
    """Edge by edge the other operations, then the sources that its node does not use."""
    found = []
    for cell in range(CELLS):
        for edge in range(EDGES):
            source, operation = spec[cell][edge]
            used = (source, spec[cell][edge ^ 1][SOURCE])
            edits = [(source, other) for other in range(len(OPERATIONS)) if other != operation]
            edits += [(other, operation) for other in range(edge // 2 + 2) if other not in used]
            found += [_replaced(spec, cell, edge, edited) for edited in edits]
    return found


def _replaced(spec: Spec, cell: int, edge: int, edited: tuple[int, int]) -> Spec:
    changed = (*spec[cell][:edge], edited, *spec[cell][edge + 1 :])
    return (*spec[:cell], changed, *spec[cell + 1 :])


NASBENCH301_MOVES = Moves(
    _sample,
    _mutate,
    _neighbors,
    _own_form,
    encoder="naslib.search_spaces.nasbench301.encodings:encode_darts",
    draws_to_build=8,
)
