"""Decoding with a memory: the architectures of an encoding that are the fewest edits away from a good one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from naslib_ext.encodings.operation_distribution import Counts, operation_counts
from naslib_ext.search_spaces import Codes, SearchSpace

DETOURS = 4
"""Walks begin with 0, 1, 2 or 3 random edits, for what lies beyond the nearest architectures."""


def walk_to_encoding(space: SearchSpace, code: Codes, encoding: Counts, walks: int, rng: np.random.Generator) -> Codes:
    """(m, L) architectures of ``encoding`` (d,) a few edits from ``code`` (L,), nearest first; m <= walks.

    A walk makes single edits that bring the operation counts nearer to those of the encoding, random ones among them,
    until they are equal. It ends empty-handed where no edit does.
    """
    cells = len(encoding) // space.num_operations
    target = encoding * (space.num_cells // cells)
    walkers = np.repeat(code[None], walks, axis=0)
    for detour in range(1, DETOURS):
        walkers[detour::DETOURS] = space.mutate(walkers[detour::DETOURS], rng)
    arrived = [np.empty((0, space.num_positions), dtype=np.int8)]
    away = _distance(space, walkers, target, cells)
    while len(walkers):
        arrived.append(walkers[away == 0])
        walkers, away = _step(space, walkers[away > 0], away[away > 0], target, cells, rng)
    found = np.concatenate(arrived)
    return found[space.edit_distance(found, np.broadcast_to(code, found.shape)).argsort(kind="stable")]


def _distance(space: SearchSpace, codes: Codes, target: Counts, cells: int) -> NDArray[np.int64]:
    """(n,) how many operations are too many or missing."""
    return np.abs(operation_counts(space, codes, cells > 1) - target).sum(axis=1)


def _step(
    space: SearchSpace, walkers: Codes, away: NDArray[np.int64], target: Counts, cells: int, rng: np.random.Generator
) -> tuple[Codes, NDArray[np.int64]]:
    """One random edit that comes nearer for each walker, and the new distances; walkers without one are left out."""
    edits, owners = space.neighbors_of(walkers)
    distances = _distance(space, edits, target, cells)
    nearer = np.flatnonzero(distances < away[owners])
    shuffled = rng.permutation(nearer)
    _, first = np.unique(owners[shuffled], return_index=True)
    chosen = shuffled[first]
    return edits[chosen], distances[chosen]
