"""Structure of the two cells of NAS-Bench-301."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np

from naslib_ext.encodings.structure.paths import Features, Integers, contents, multisets, path_summary
from naslib_ext.search_spaces import Codes
from naslib_ext.search_spaces.nasbench301 import OPERATIONS

_SKIP, _K, _LONGEST = OPERATIONS.index("skip_connect"), len(OPERATIONS), 4
_USED = [value for value in range(_K) if value != _SKIP]
_PATHS = multisets(_USED, _LONGEST)
_CONTENTS = contents(_PATHS, _USED)
_RADIX = (_LONGEST + 1) ** np.arange(_K)
"""A multiset is the sum of its operations' powers of ``_LONGEST + 1``; a skip connection adds nothing."""
_WEIGHTS = np.where(np.arange(_K) == _SKIP, 0, _RADIX)
_COLUMNS = np.zeros(int(_RADIX[-1]) * (_LONGEST + 1), dtype=np.int16)
_COLUMNS[[sum(int(_WEIGHTS[value]) for value in path) for path in _PATHS]] = np.arange(len(_PATHS))
_FIRST_EDGE = np.array([0, 2, 5, 9])
"""The first of the 14 possible edges of a cell that enters each node."""


def nasbench301_features(codes: Codes) -> dict[str, Features]:
    """Features of codes (n, 32); see ``structure_features``."""
    edges = codes.reshape(len(codes), 2, 4, 2, 2).astype(np.int64)
    paths = _paths(edges)
    operations = (edges[..., 1].reshape(len(codes), 2, 8, 1) == np.arange(_K)).sum(axis=2)
    summaries = [path_summary(paths[:, cell].sum(axis=1), _CONTENTS) for cell in range(2)]
    from_inputs = (edges[..., 0] < 2).sum(axis=(2, 3))
    return {
        "edges": _edges(edges),
        "operations": operations.reshape(len(codes), 2 * _K).astype(np.float32),
        "paths": paths.reshape(len(codes), 4 * len(_PATHS)),
        "summary": np.concatenate([*summaries, from_inputs], axis=1, dtype=np.float32),
    }


def _edges(edges: Integers) -> Features:
    """(n, 196) indicators: in each cell, which operation stands between a source and a node."""
    indicators = np.zeros((len(edges), 2, 14, _K), dtype=np.float32)
    rows, cells, nodes, _ = np.indices(edges.shape[:-1])
    indicators[rows, cells, _FIRST_EDGE[nodes] + edges[..., 0], edges[..., 1]] = 1
    return indicators.reshape(len(edges), 2 * 14 * _K)


def _paths(edges: Integers) -> Features:
    """(n, 2, 2, 210) for each cell and input, how many paths to a node have each multiset of operations.

    All nodes are part of a cell's output. The order of operations on a path is left out: with it there would be 1,555
    kinds of paths instead of 210.
    """
    n = len(edges)
    held = np.full((2, 6, 6, n), -1, dtype=np.int16)  # by cell, node and source: the operation's weight
    rows, cells, nodes, _ = np.indices(edges.shape[:-1])
    held[cells, nodes + 2, edges[..., 0], rows] = _WEIGHTS[edges[..., 1]]
    paths = np.zeros((n, 2, 2, len(_PATHS)), dtype=np.float32)
    for cell, source in np.ndindex(2, 2):
        for length in range(1, _LONGEST + 1):
            for inner in combinations(range(2, 6), length):
                weights = np.stack([held[cell, node, before] for before, node in pairwise((source, *inner))])
                there = np.flatnonzero((weights >= 0).all(axis=0))
                paths[there, cell, source, _COLUMNS[weights[:, there].sum(axis=0)]] += 1
    return paths
