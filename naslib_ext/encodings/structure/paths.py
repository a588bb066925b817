"""What the paths of a cell amount to: their vocabulary, and a summary of a multiset of paths."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement, product

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32]
Integers = NDArray[np.int64]
Path = tuple[int, ...]


def sequences(operations: Sequence[int], longest: int) -> list[Path]:
    """Every sequence of at most ``longest`` operations, the empty one first."""
    return [path for length in range(longest + 1) for path in product(operations, repeat=length)]


def multisets(operations: Sequence[int], longest: int) -> list[Path]:
    """Every multiset of at most ``longest`` operations in ascending order, the empty one first."""
    lengths = range(longest + 1)
    return [path for length in lengths for path in combinations_with_replacement(operations, length)]


def contents(paths: Sequence[Path], operations: Sequence[int]) -> NDArray[np.float64]:
    """(P, k) how often each of P paths uses each of k operations."""
    return np.array([[path.count(operation) for operation in operations] for path in paths], dtype=np.float64)


def path_summary(counts: Features, content: NDArray[np.float64]) -> Features:
    """(n, 4 + 2 k) what multisets of paths amount to; all 0 where there is no path.

    Number of paths; longest, shortest and mean length; for each of k operations the most on a path, and the total over
    all paths.

    Args:
        counts: (n, P) how often an architecture has each path.
        content: (P, k) operations on each path.
    """
    lengths, total = content.sum(axis=1), counts @ content.astype(np.float32)
    number = counts.sum(axis=1)
    mean = total.sum(axis=1) / np.maximum(number, 1)
    most = [greatest(counts, column) for column in content.T]
    columns = [number, greatest(counts, lengths), -greatest(counts, -lengths), mean, *most, *total.T]
    return np.stack(columns, axis=1).astype(np.float32)


def greatest(counts: Features, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) the greatest of ``values`` (P,) among the paths that ``counts`` (n, P) has, 0 without any."""
    found = np.zeros(len(counts))
    undecided = counts.any(axis=1)
    for value in np.unique(values)[::-1]:
        there = undecided & counts[:, values == value].any(axis=1)
        found[there], undecided = value, undecided & ~there
    return found
