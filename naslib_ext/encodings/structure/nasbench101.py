"""Structure of NAS-Bench-101 cells; nothing here depends on how a cell's vertices are numbered."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from naslib_ext.encodings.structure.paths import Features, Integers, contents, greatest, path_summary, sequences
from naslib_ext.search_spaces import Codes
from naslib_ext.search_spaces.nasbench101 import OPERATIONS, SOURCES, TARGETS, NASBench101SearchSpace

_K = len(OPERATIONS)
_INNER = range(1, 6)
_PATHS = sequences(range(_K), len(_INNER))
_CONTENTS = contents(_PATHS, range(_K))
_STARTS = [sum(_K**i for i in range(length)) for length in range(len(_INNER) + 1)]
"""The first column of the paths of each length."""

_MULTISETS = [(a, b, c) for a, b, c in np.ndindex(6, 6, 6) if a + b + c <= len(_INNER)]
_MULTISET_INDEX = np.full(6**_K, -1)
_MULTISET_INDEX[np.array(_MULTISETS) @ [36, 6, 1]] = np.arange(len(_MULTISETS))


def nasbench101_features(space: NASBench101SearchSpace, codes: Codes) -> dict[str, Features]:
    """Features of codes (n, 26); see ``structure_features``."""
    live = np.pad(space.live_vertices(codes), ((0, 0), (1, 1)), constant_values=True)
    edges = np.zeros((len(codes), 7, 7), dtype=bool)
    edges[:, SOURCES, TARGETS] = codes[:, : len(SOURCES)]
    edges &= live[:, :, None] & live[:, None]
    operations = codes[:, len(SOURCES) :].astype(np.int64)
    paths = _paths(edges, operations)
    colours = _colours(live, operations)
    return {
        "paths": paths,
        "labels": np.concatenate([_labels(edges.transpose(0, 2, 1), colours, 0), _labels(edges, colours, -1)], axis=1),
        "summary": _summary(edges, colours, paths),
    }


def _paths(edges: NDArray[np.bool_], operations: Integers) -> Features:
    """(n, 364) how many paths have each sequence of operations."""
    paths = np.zeros((len(edges), len(_PATHS)), dtype=np.float32)
    for length in range(len(_INNER) + 1):
        for inner in combinations(_INNER, length):
            ends = list(pairwise((0, *inner, 6)))
            rows = np.flatnonzero(np.logical_and.reduce([edges[:, source, target] for source, target in ends]))
            held = operations[rows][:, [vertex - 1 for vertex in inner]]
            paths[rows, _STARTS[length] + held @ _K ** np.arange(length - 1, -1, -1)] += 1
    return paths


def _colours(live: NDArray[np.bool_], operations: Integers) -> Features:
    """(n, 7, 5) indicators: which of the input, the three operations and the output a live vertex is."""
    colours = np.zeros((len(live), 7, _K + 2), dtype=np.float32)
    colours[:, 0, 0] = colours[:, 6, _K + 1] = 1
    colours[:, 1:6, 1 : _K + 1] = operations[:, :, None] == np.arange(_K)
    return colours * live[:, :, None]


def _labels(edges: NDArray[np.bool_], colours: Features, end: int) -> Features:
    """(n, 448) counts of labels: a vertex's colour, and which colours it has behind its ``edges`` (vertex, other).

    One iteration of the Weisfeiler-Lehman test (Shervashidze et al., JMLR 2011), in one direction. ``end`` is the
    colour, input or output, that a vertex can be joined to once; the vertex at the other end has a label too.
    """
    behind = np.matmul(edges.astype(np.float32), colours)
    multiset = _MULTISET_INDEX[behind[..., 1 : _K + 1].astype(np.int64) @ [36, 6, 1]]
    labelled = np.concatenate([colours[..., 1 : _K + 1], colours[..., [-1 - end]]], axis=2)
    kind = labelled.argmax(axis=2)
    column = (2 * kind + behind[..., end].astype(np.int64)) * len(_MULTISETS) + multiset
    labels = np.zeros((len(edges), 2 * (_K + 1) * len(_MULTISETS)), dtype=np.float32)
    rows, vertices = np.nonzero(labelled.any(axis=2))
    np.add.at(labels, (rows, column[rows, vertices]), 1)
    return labels


def _summary(edges: NDArray[np.bool_], colours: Features, paths: Features) -> Features:
    """(n, 25) vertices, edges, operations, degrees of the input and the output, paths, and what is on them."""
    counts = colours[..., 1 : _K + 1].sum(axis=1)
    degrees = np.stack([edges[:, 0].sum(axis=1), edges[:, :, 6].sum(axis=1)], axis=1)
    convolutions = _CONTENTS[:, 1:].sum(axis=1)
    least = [-greatest(paths, -column) for column in _CONTENTS.T]
    mean = paths @ _CONTENTS.astype(np.float32) / paths.sum(axis=1, keepdims=True)
    extremes = [greatest(paths, convolutions), -greatest(paths, -convolutions), *least]
    sizes = [counts.sum(axis=1, keepdims=True), edges.sum(axis=(1, 2))[:, None]]
    parts = [*sizes, counts, degrees, path_summary(paths, _CONTENTS), np.stack(extremes, axis=1), mean]
    return np.concatenate(parts, axis=1, dtype=np.float32, casting="unsafe")
