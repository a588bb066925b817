"""NAS-Bench-101: a spec is the flattened 7x7 adjacency and then the seven vertices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.naslib_bridge.adapters.moves.base import Moves, Spec
from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.search_spaces.nasbench101 import OPERATIONS, SOURCES, TARGETS, VERTEX_NAMES, NASBench101SearchSpace

EDGES, INNER = len(SOURCES), 5
VERTICES = INNER + 2
LAST = len(OPERATIONS) - 1
"""NASLib lists the operations in the opposite order of their ids here."""


def _sample(space: SearchSpace) -> Spec:
    """A matrix of bits and seven operations, again until the cell is valid."""
    while True:
        matrix = np.random.choice(2, size=(VERTICES, VERTICES))
        operations = LAST - np.random.choice(len(OPERATIONS), size=VERTICES)
        code = np.concatenate([matrix[SOURCES, TARGETS], operations[1:-1]]).astype(np.int8)
        if space.is_valid(code[None])[0]:
            return space.to_spec(code)


def _mutate(space: SearchSpace, spec: Spec) -> Spec:
    """Every edge flips with probability 1/7, every operation changes with 1/3, again until the cell is valid."""
    parent = space.from_spec(spec)
    while True:
        child = parent.copy()
        child[:EDGES] ^= (np.random.random_sample(EDGES) < 1 / VERTICES).astype(np.int8)
        for position in range(EDGES, EDGES + INNER):
            if np.random.random_sample() < 1 / len(OPERATIONS):
                child[position] = _others(parent[position])[np.random.choice(LAST)]
        if space.is_valid(child[None])[0]:
            return space.to_spec(child)


def _neighbors(space: SearchSpace, spec: Spec) -> list[Spec]:
    """Other operations of live vertices, then edges between live ones, present or to be added, one flipped each."""
    code = space.from_spec(spec)
    operations = [
        _with(code, EDGES + vertex, choice)
        for vertex in np.flatnonzero(_live(space, code)).tolist()
        for choice in _others(code[EDGES + vertex])
    ]
    flipped = np.repeat(code[None], EDGES, axis=0)
    flipped[np.arange(EDGES), np.arange(EDGES)] ^= 1
    edges = [
        flipped[edge]
        for edge in np.flatnonzero(space.is_valid(flipped)).tolist()
        if _is_used(space, code if code[edge] else flipped[edge], edge)
    ]
    return [space.to_spec(neighbor) for neighbor in (*operations, *edges)]


def _others(operation: int) -> list[int]:
    return [choice for choice in range(LAST, -1, -1) if choice != operation]


def _with(code: Codes, position: int, value: int) -> Codes:
    changed = code.copy()
    changed[position] = value
    return changed


def _live(space: SearchSpace, code: Codes) -> NDArray[np.bool_]:
    """(5,) bool: which inner vertices lie on a path from the input to the output."""
    assert isinstance(space, NASBench101SearchSpace)
    return space.live_vertices(code[None])[0]


def _is_used(space: SearchSpace, code: Codes, edge: int) -> bool:
    """Whether the edge lies on a path from the input to the output."""
    live = np.concatenate([[True], _live(space, code), [True]])
    return bool(live[SOURCES[edge]] and live[TARGETS[edge]])


def matrix_and_operations(spec: Spec) -> dict[str, Any]:
    """NASLib's ``{"matrix": (7, 7), "ops": 7 names}`` of a spec."""
    matrix = np.array(spec[: VERTICES**2]).reshape(VERTICES, VERTICES)
    return {"matrix": matrix, "ops": [VERTEX_NAMES[vertex] for vertex in spec[VERTICES**2 :]]}


NASBENCH101_MOVES = Moves(
    _sample,
    _mutate,
    _neighbors,
    encoder="naslib.search_spaces.nasbench101.encodings:encode_101",
    draws_to_build=1,
    runs=3,
)
