"""Architectures as graphs: operations on vertices and directed edges, as dense arrays for graph networks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.search_spaces.four_node_cell import FourNodeCellSpace
from naslib_ext.search_spaces.mobilenet import MobileNetSearchSpace
from naslib_ext.search_spaces.nasbench101 import SOURCES, TARGETS, NASBench101SearchSpace
from naslib_ext.search_spaces.nasbench301 import NASBench301SearchSpace
from naslib_ext.search_spaces.transbench101_macro import TransBench101MacroSearchSpace

Floats = NDArray[np.float32]


class GraphTensors(NamedTuple):
    """Graphs of V vertices, input first and output last.

    Attributes:
        features: (n, V, F) one-hot operation, input and output among them, then the place of the vertex from 0 to 1.
        adjacency: (n, V, V), entry (i, j) is 1 for an edge from vertex i to vertex j.
    """

    features: Floats
    adjacency: Floats


def graph_tensors(space: SearchSpace, codes: ArrayLike) -> GraphTensors:
    """The graphs of architectures (n, L), with operations on the vertices.

    ===================  ====  ==========================================================================
    space                V     vertices
    ===================  ====  ==========================================================================
    four-node cells      8     input, the six edges of the cell, output (the cell's line graph)
    nasbench101          7     input, the five vertices of the canonical cell, output
    nasbench301          22    for each of two cells: two inputs, the eight edges in use, output
    chains, others       L+2   input, one vertex a position, output: a path; absent layers have no edges
    ===================  ====  ==========================================================================

    Operations ``none`` and dead vertices have indicators of their own. The operations of nasbench301's two cells
    are told apart.
    """
    array = space.check(codes)
    if isinstance(space, FourNodeCellSpace):
        return _four_nodes(space, array)
    if isinstance(space, NASBench101SearchSpace):
        return _vertices(space, array)
    if isinstance(space, NASBench301SearchSpace):
        return _two_cells(array)
    return _chain(space, array)


def _tensors(labels: NDArray[np.integer], kinds: int, adjacency: NDArray[np.generic]) -> GraphTensors:
    """``labels`` (n, V) from 0 to ``kinds`` - 1 as indicators, with the vertices' places."""
    n, vertices = labels.shape
    features = np.zeros((n, vertices, kinds + 1), dtype=np.float32)
    features[np.arange(n)[:, None], np.arange(vertices), labels] = 1
    features[:, :, -1] = np.linspace(0, 1, vertices)
    return GraphTensors(features, np.ascontiguousarray(adjacency, dtype=np.float32))


def _with_ends(operations: NDArray[np.integer], kinds: int) -> NDArray[np.integer]:
    """(n, m + 2): an input of kind ``kinds`` before and an output of kind ``kinds`` + 1 behind ``operations``."""
    return np.pad(operations.astype(np.int64), ((0, 0), (1, 1)), constant_values=((0, 0), (kinds, kinds + 1)))


def _four_nodes(space: FourNodeCellSpace, codes: Codes) -> GraphTensors:
    """Edge (s, t) of the cell leads to every edge (t, u); the wiring is the same for all architectures."""
    adjacency = np.zeros((8, 8))
    for vertex, (source, target) in enumerate(space.edges, start=1):
        adjacency[0, vertex] = source == 0
        adjacency[vertex, 7] = target == 3
        for other, (start, _) in enumerate(space.edges, start=1):
            adjacency[vertex, other] = start == target
    labels = _with_ends(codes, space.num_operations)
    return _tensors(labels, space.num_operations + 2, np.broadcast_to(adjacency, (len(codes), 8, 8)))


def _vertices(space: NASBench101SearchSpace, codes: Codes) -> GraphTensors:
    canonical = space.canonical(codes)
    adjacency = np.zeros((len(codes), 7, 7))
    adjacency[:, SOURCES, TARGETS] = canonical[:, : len(SOURCES)]
    operations = space.operations(canonical).astype(np.int64)
    dead = space.num_operations
    return _tensors(_with_ends(np.where(operations < 0, dead, operations), dead + 1), dead + 3, adjacency)


def _two_cells(codes: Codes) -> GraphTensors:
    """Cells side by side; an edge in use leads to the edges that start at its node, and all lead to the output."""
    n, kinds = len(codes), 7
    cells = codes.reshape(n, 2, 8, 2).astype(np.int64)
    sources, operations = cells[..., 0], cells[..., 1]
    targets = np.repeat(np.arange(4), 2) + 2
    adjacency, labels = np.zeros((n, 22, 22)), np.zeros((n, 22), dtype=np.int64)
    for cell in range(2):
        first = 11 * cell
        own = slice(first + 2, first + 10)
        for side in range(2):
            adjacency[:, first + side, own] = sources[:, cell] == side
            labels[:, first + side] = 2 * kinds + side
        adjacency[:, own, own] = targets[:, None] == sources[:, cell, None]
        adjacency[:, own, first + 10] = 1
        labels[:, own] = operations[:, cell] + kinds * cell
        labels[:, first + 10] = 2 * kinds + 2
    return _tensors(labels, 2 * kinds + 3, adjacency)


def _chain(space: SearchSpace, codes: Codes) -> GraphTensors:
    """Each present layer leads to the next present one."""
    absent = isinstance(space, TransBench101MacroSearchSpace | MobileNetSearchSpace)
    present = np.pad(codes > 0 if absent else np.ones_like(codes, dtype=bool), ((0, 0), (1, 1)), constant_values=True)
    rank = np.where(present, present.cumsum(axis=1), -2)  # an absent layer follows nothing and nothing follows it
    adjacency = rank[:, None, :] == rank[:, :, None] + 1
    kinds = int(space.cardinalities.max())
    return _tensors(_with_ends(codes, kinds), kinds + 2, adjacency)
