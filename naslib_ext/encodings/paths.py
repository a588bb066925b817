"""The path encoding of BANANAS (White et al., AAAI 2021): which sequences of operations lead from input to output."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.encodings.one_hot import one_hot
from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.search_spaces.four_node_cell import FourNodeCellSpace
from naslib_ext.search_spaces.nasbench101 import SOURCES, TARGETS, NASBench101SearchSpace
from naslib_ext.search_spaces.nasbench301 import NASBench301SearchSpace

Way = tuple[NDArray[np.int64], NDArray[np.bool_], int]
"""The operations (n, length) along one way through each cell, whether it is there (n,), and its block of indicators."""


def path_encoding(space: SearchSpace, codes: ArrayLike, truncated: bool = False) -> NDArray[np.float32]:
    """(n, d) indicators of the paths that a cell has, one for each sequence of operations.

    ============================  ====================  ===========  ===================
    space                         operations on a path  d            d with ``truncated``
    ============================  ====================  ===========  ===================
    nasbench101                   0 to 5                364          40
    nasbench201                   1 to 3                155          30
    transbench101_micro           1 to 3                84           20
    nasbench301                   1 to 4                11,200       224
    ============================  ====================  ===========  ===================

    Paths are in ascending order of their length. A truncated encoding keeps those up to half of the greatest length,
    rounded up. Operations ``none`` and ``skip_connect`` count as others do. nasbench301 has a block of indicators for
    each of two cells and two inputs. Chains, and spaces whose architectures are no cells, have the one-hot encoding:
    in them a path says no more than the choices on it.
    """
    if not has_paths(space):
        return one_hot(space, codes)
    array = space.check(codes)
    longest, blocks, shortest = _lengths(space)
    kept = -(-longest // 2) if truncated else longest
    k = space.num_operations
    starts = np.cumsum([0, *(blocks * k**length for length in range(shortest, kept + 1))])
    features = np.zeros((len(array), starts[-1]), dtype=np.float32)
    for operations, there, block in _ways(space, array):
        length = operations.shape[1]
        if length <= kept:
            rows = np.flatnonzero(there)
            index = operations[rows] @ k ** np.arange(length)
            features[rows, starts[length - shortest] + block * k**length + index] = 1
    return features


def has_paths(space: SearchSpace) -> bool:
    """Whether the space's architectures are cells with paths of several lengths."""
    return isinstance(space, FourNodeCellSpace | NASBench101SearchSpace | NASBench301SearchSpace)


def _lengths(space: SearchSpace) -> tuple[int, int, int]:
    """The greatest number of operations on a path, the number of blocks of indicators, and the least number."""
    if isinstance(space, NASBench101SearchSpace):
        return 5, 1, 0
    return (4, 4, 1) if isinstance(space, NASBench301SearchSpace) else (3, 1, 1)


def _ways(space: SearchSpace, codes: Codes) -> Iterator[Way]:
    if isinstance(space, NASBench101SearchSpace):
        return _through_vertices(codes)
    if isinstance(space, NASBench301SearchSpace):
        return _through_two_cells(codes)
    assert isinstance(space, FourNodeCellSpace)
    return _through_four_nodes(space, codes)


def _subsets(items: range) -> Iterator[tuple[int, ...]]:
    """All subsets, each in ascending order, the empty one first."""
    for size in range(len(items) + 1):
        yield from combinations(items, size)


def _through_four_nodes(space: FourNodeCellSpace, codes: Codes) -> Iterator[Way]:
    """From node 0 to node 3 by way of any of the nodes 1 and 2; the edges hold operations."""
    there = np.ones(len(codes), dtype=bool)
    for inner in _subsets(range(1, 3)):
        edges = [space.edges.index(edge) for edge in pairwise((0, *inner, 3))]
        yield codes[:, edges].astype(np.int64), there, 0


def _through_vertices(codes: Codes) -> Iterator[Way]:
    """From vertex 0 to vertex 6 by way of any of the vertices 1 to 5, which hold operations."""
    edges = np.zeros((len(codes), 7, 7), dtype=bool)
    edges[:, SOURCES, TARGETS] = codes[:, : len(SOURCES)]
    operations = codes[:, len(SOURCES) :].astype(np.int64)
    for inner in _subsets(range(1, 6)):
        ends = list(pairwise((0, *inner, 6)))
        there = np.logical_and.reduce([edges[:, source, target] for source, target in ends])
        yield operations[:, [vertex - 1 for vertex in inner]], there, 0


def _through_two_cells(codes: Codes) -> Iterator[Way]:
    """In each cell from input 0 or 1 to any of the nodes 2 to 5, all of which are part of the cell's output."""
    edges = codes.reshape(len(codes), 2, 4, 2, 2).astype(np.int64)
    held = np.full((len(codes), 2, 6, 6), -1)  # by cell, node and source: the operation, -1 without an edge
    rows, cells, nodes, _ = np.indices(edges.shape[:-1])
    held[rows, cells, nodes + 2, edges[..., 0]] = edges[..., 1]
    for cell, source in np.ndindex(2, 2):
        for inner in _subsets(range(2, 6)):
            if inner:
                operations = np.stack(
                    [held[:, cell, node, before] for before, node in pairwise((source, *inner))], axis=1
                )
                yield operations, np.all(operations >= 0, axis=1), 2 * cell + source
