"""What the wiring of a NAS-Bench-101 cell amounts to, in nine numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.search_spaces.nasbench101 import SOURCES, TARGETS, NASBench101SearchSpace

CONV3X3 = 2


def graph_summary(space: NASBench101SearchSpace, codes: ArrayLike) -> NDArray[np.float32]:
    """(n, 9): counts of the three operations and of edges; paths: number, longest, shortest, mean length, and the
    most 3x3 convolutions on one. Dead vertices do not count."""
    canonical = space.canonical(codes)
    operations = space.operations(canonical)
    counts = np.stack([(operations == op).sum(axis=1) for op in range(space.num_operations)], axis=1)
    edges = canonical[:, : len(SOURCES)]
    paths = _path_statistics(edges.astype(bool), operations == CONV3X3)
    return np.concatenate([counts, edges.sum(axis=1, keepdims=True), paths], axis=1).astype(np.float32)


def _path_statistics(edges: NDArray[np.bool_], is_conv: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n, 5) by dynamic programming along the topological order that codes are in."""
    n = len(edges)
    weight = np.pad(is_conv, ((0, 0), (1, 1)))  # input and output are no convolutions
    number, total = np.zeros((n, 7)), np.zeros((n, 7))
    longest, shortest, most = np.full((n, 7), -np.inf), np.full((n, 7), np.inf), np.full((n, 7), -np.inf)
    number[:, 0] = 1
    longest[:, 0] = shortest[:, 0] = most[:, 0] = 0
    for edge in np.argsort(TARGETS, kind="stable"):
        source, target, there = SOURCES[edge], TARGETS[edge], edges[:, edge]
        number[there, target] += number[there, source]
        total[there, target] += total[there, source] + number[there, source]
        longest[there, target] = np.maximum(longest[there, target], longest[there, source] + 1)
        shortest[there, target] = np.minimum(shortest[there, target], shortest[there, source] + 1)
        most[there, target] = np.maximum(most[there, target], most[there, source] + weight[there, target])
    output = 6
    mean_length = total[:, output] / number[:, output]
    return np.stack([number[:, output], longest[:, output], shortest[:, output], mean_length, most[:, output]], axis=1)
