"""ANASOD (Wan et al., WACV 2022, section 3.1): an architecture as the distribution of its operations.

    p = (p_1, ..., p_k), the number of blocks with each of k operations, sum N; p / N lies on the simplex

Many architectures share an encoding p. *Decoding* draws one of them: either the N operations in random order (decoding
A), or an independent draw from Cat(p / N) for every block (decoding B); the wiring is random in both.

An encoding is kept as its counts, (k,) integers. Where the number of blocks varies (dead vertices, absent layers), it
is part of the encoding: the sum of the counts. A space with c cells, such as nasbench301, has one encoding for all of
them, whose sum is the number of blocks of one cell. With ``per_cell`` it has one for each, and d = c k counts stand
for an architecture instead of d = k; the functions here tell the two apart by that length.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.errors import InvalidArchitecture, UnsupportedSpace
from naslib_ext.search_spaces import Codes, SearchSpace

Counts = NDArray[np.int64]

MANY = 200_000
"""Encodings are listed for spaces with at most this many."""

REDRAWS = 1_000
"""Draws that no architecture of the space has before a distribution counts as impossible."""

_TIE = 9
"""Digits after which two fractional parts count as equal, so that ties do not depend on rounding errors."""


# encoding


def operation_counts(space: SearchSpace, codes: ArrayLike, per_cell: bool = False) -> Counts:
    """(n, k) how often architectures (n, L) use each operation, in all cells together; empty blocks do not count.

    With ``per_cell`` (n, c k), one cell after the other. Raises ``UnsupportedSpace`` without an operation view.
    """
    operations = space.operations(codes)
    cells, k = space.num_cells if per_cell else 1, space.num_operations
    n, blocks = operations.shape
    rows = operations.reshape(n * cells, blocks // cells)
    bins = rows + (1 + (k + 1) * np.arange(n * cells))[:, None]  # the first bin of a row is for its empty blocks
    counts: Counts = np.bincount(bins.ravel(), minlength=n * cells * (k + 1)).reshape(n * cells, k + 1)[:, 1:]
    return counts.reshape(n, cells * k)


def operation_distribution(space: SearchSpace, codes: ArrayLike, per_cell: bool = False) -> NDArray[np.float32]:
    """(n, k) the shares of the operations among the blocks in use, or with ``per_cell`` (n, c k) among each cell's."""
    return normalise(space, operation_counts(space, codes, per_cell))


def normalise(space: SearchSpace, counts: ArrayLike) -> NDArray[np.float32]:
    """(n, d) encodings -> distributions; each cell's sum to 1, or to 0 where no block is in use."""
    array = np.asarray(counts)
    n, width = array.shape
    cells = array.reshape(n, width // space.num_operations, space.num_operations)
    shares = cells / np.maximum(cells.sum(axis=2, keepdims=True), 1)
    return shares.reshape(n, width).astype(np.float32)


def encode(space: SearchSpace, codes: ArrayLike, per_cell: bool = False) -> Counts:
    """(n, d) the encodings of architectures (n, L), as ``decode_counts`` takes them.

    Where several cells share one encoding, it is the realisable one that is nearest to the distribution over all their
    blocks.
    """
    counts = operation_counts(space, codes, per_cell)
    if per_cell or space.num_cells == 1:
        return counts
    return round_to_counts(normalise(space, counts), counts.sum(axis=1) // space.num_cells)


def round_to_counts(points: ArrayLike, total: int | Counts) -> Counts:
    """(n, k) the counts of sum ``total`` that are nearest to ``total * points`` (Bomze et al. 2014; eq. 1).

    With m = N p: floor(m_i), plus 1 for the N - sum floor(m_i) largest fractional parts, earlier operations first
    among equal ones. No counts of that sum are nearer in any l_p norm.

    Args:
        points: (n, k) on the simplex.
        total: N, one for all or (n,).
    """
    array = np.asarray(points, dtype=np.float64)
    totals = np.broadcast_to(np.asarray(total, dtype=np.int64), len(array))
    scaled = array * totals[:, None]
    floors = np.floor(scaled + 1e-9).astype(np.int64)
    missing = totals - floors.sum(axis=1)
    fractions = np.round(scaled - floors, _TIE)
    rank = np.argsort(np.argsort(-fractions, axis=1, kind="stable"), axis=1, kind="stable")
    return floors + (rank < missing[:, None])


# the grid


def num_blocks(space: SearchSpace) -> int | None:
    """N, the sum of an encoding's counts (of one cell); ``None`` where the number of blocks in use varies."""
    blocks = space.block_operations
    return None if blocks is None else len(blocks) // space.num_cells


def draw_num_blocks(space: SearchSpace, n: int, rng: np.random.Generator) -> Counts:
    """(n,) numbers of blocks, from the space's own distribution where they vary."""
    fixed = num_blocks(space)
    if fixed is not None:
        return np.full(n, fixed)
    return operation_counts(space, space.sample(n, rng)).sum(axis=1) // space.num_cells


def enumerate_counts(k: int, total: int) -> Counts:
    """(C(total + k - 1, k - 1), k) all ways to write ``total`` as k counts, in lexicographic order."""
    slots = total + k - 1  # k - 1 bars between ``total`` units
    bars = np.array(list(combinations(range(slots), k - 1)), dtype=np.int64).reshape(comb(slots, k - 1), k - 1)
    ends = np.pad(bars, ((0, 0), (1, 1)), constant_values=((0, 0), (-1, slots)))
    return np.diff(ends, axis=1) - 1


def encodings_of(space: SearchSpace) -> Counts:
    """(m, k) every realisable encoding in lexicographic order, shared by the cells where there are several.

    Raises ``UnsupportedSpace`` where the number of blocks varies or where there are too many.
    """
    blocks = space.block_operations
    if blocks is None:
        raise UnsupportedSpace(f"{space.name}: the number of blocks varies, so that its encodings cannot be listed")
    cells = blocks.reshape(space.num_cells, -1, space.num_operations)
    n, k = cells.shape[1:]
    if comb(n + k - 1, k - 1) > MANY:
        raise UnsupportedSpace(f"{space.name} has too many encodings to list: up to {comb(n + k - 1, k - 1):,}")
    if cells.all():
        return enumerate_counts(k, n)
    reachable = np.zeros((1, k), dtype=np.int64)
    for choices in np.all(cells, axis=0):  # blocks one after the other: every operation that this one can hold
        reachable = np.unique((reachable[:, None] + np.eye(k, dtype=np.int64)[choices]).reshape(-1, k), axis=0)
    return reachable


def encoding_neighbors(counts: ArrayLike, cells: int = 1) -> Counts:
    """(m, d) the adjacent points on the grid: one unit moved from operation i to j, in the order of (cell, i, j).

    Args:
        counts: (d,) an encoding.
        cells: how many cells it describes; units stay in their cell.
    """
    encoding = np.asarray(counts, dtype=np.int64)
    k = len(encoding) // cells
    sources, targets = np.nonzero(np.kron(np.eye(cells), 1 - np.eye(k)))
    there = encoding[sources] > 0
    sources, targets = sources[there], targets[there]
    moved = np.repeat(encoding[None], len(sources), axis=0)
    rows = np.arange(len(sources))
    moved[rows, sources] -= 1
    moved[rows, targets] += 1
    return moved


# decoding


def decode_counts(space: SearchSpace, counts: ArrayLike, rng: np.random.Generator) -> Codes:
    """(L,) decoding A: a random architecture with exactly these operation counts (d,), each cell's in random order.

    Raises ``InvalidArchitecture`` where no architecture of the space has these counts.
    """
    cells = np.asarray(counts).reshape(-1, space.num_operations)
    if len(cells) < space.num_cells:
        cells = np.repeat(cells, space.num_cells, axis=0)
    return space.place_operations(cells if len(cells) > 1 else cells[0], rng)


def decode_distribution(space: SearchSpace, p: ArrayLike, rng: np.random.Generator, draws: int = REDRAWS) -> Codes:
    """(L,) decoding B (eq. 2): every block of a random architecture draws its operation from ``p`` (d,).

    The draws of a cell are independent, hence a multinomial number of each operation in random order. What no
    architecture of the space has is drawn again. Raises ``InvalidArchitecture`` after that many ``draws``.
    """
    cells = np.asarray(p, dtype=np.float64).reshape(-1, space.num_operations)
    cells = np.broadcast_to(cells / cells.sum(axis=1, keepdims=True), (space.num_cells, space.num_operations))
    for _ in range(draws):
        counts = rng.multinomial(int(draw_num_blocks(space, 1, rng)[0]), cells)
        try:
            return space.place_operations(counts if len(counts) > 1 else counts[0], rng)
        except InvalidArchitecture:
            continue
    raise InvalidArchitecture(f"{space.name}: {draws} draws from the distribution gave no architecture")
