"""Shortest paths of single edits between two architectures, and walking along them."""

from __future__ import annotations

from functools import cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.search_spaces.nasbench101 import SOURCES, TARGETS, NASBench101SearchSpace

_EDGES, _INNER = len(SOURCES), 5


def align(space: SearchSpace, a: Codes, b: Codes) -> tuple[Codes, Codes]:
    """Two codes (L,) of the same architectures as ``a`` and ``b`` (L,), as few edits apart as their labels allow.

    On nasbench101 the inner vertices of both cells are matched: of all relabellings that keep every edge pointing
    forwards, without the dead vertices' edges and operations, the nearest two are taken. Elsewhere positions have a
    meaning of their own, and the codes are what they are.
    """
    if not isinstance(space, NASBench101SearchSpace):
        return a, b
    first, second = (_relabellings(code) for code in space.canonical(np.stack([a, b])))
    distance = (first[:, None] != second[None]).sum(axis=2)
    i, j = np.unravel_index(distance.argmin(), distance.shape)
    return first[i], second[j]


def walk(space: SearchSpace, start: Codes, goal: Codes, steps: int, rng: np.random.Generator) -> Codes:
    """(L,) where a random shortest path from ``start`` to ``goal``, (L,) each, leads within ``steps`` edits.

    Each edit is drawn among the valid ones that come nearer to the goal. Where ``edit_distance`` is exact there is
    always one; on nasbench101, where it is a lower bound, the walk ends early when only a detour would lead on.
    """
    here = start
    for _ in range(steps):
        neighbors = space.neighbors(here)
        left = space.edit_distance(here[None], goal[None])[0]
        nearer = np.flatnonzero(space.edit_distance(neighbors, np.broadcast_to(goal, neighbors.shape)) < left)
        if not len(nearer):
            break
        here = neighbors[nearer[rng.integers(len(nearer))]]
    return here


def _relabellings(code: Codes) -> Codes:
    """(m, 26) every code of a nasbench101 cell (26,) with its inner vertices in another order, edges forwards."""
    labels, moved = _moved_edges()
    forwards = np.flatnonzero((moved[:, code[:_EDGES] == 1] >= 0).all(axis=1))
    rows = np.arange(len(forwards))[:, None]
    relabelled = np.zeros((len(forwards), _EDGES + _INNER), dtype=np.int8)
    relabelled[rows, moved[forwards][:, code[:_EDGES] == 1]] = 1
    relabelled[rows, _EDGES + labels[forwards]] = code[_EDGES:]
    return np.unique(relabelled, axis=0)


@cache
def _moved_edges() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """New places of the inner vertices (120, 5) under each permutation and of the edges (120, 21), -1 if reversed."""
    labels = np.array(list(permutations(range(_INNER))))
    names = np.pad(labels + 1, ((0, 0), (1, 1)), constant_values=((0, 0), (0, 6)))
    place = np.full((7, 7), -1)
    place[SOURCES, TARGETS] = np.arange(_EDGES)
    return labels, place[names[:, SOURCES], names[:, TARGETS]]
