"""Structure of four-node cells: NAS-Bench-201 and TransNAS-Bench-101 micro."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from itertools import pairwise

import numpy as np

from naslib_ext.encodings.one_hot import one_hot
from naslib_ext.encodings.structure.paths import Features, Path, contents, path_summary, sequences
from naslib_ext.search_spaces import Codes
from naslib_ext.search_spaces.four_node_cell import FourNodeCellSpace

_WAYS = ((0, 3), (0, 1, 3), (0, 2, 3), (0, 1, 2, 3))
"""The nodes along each way from the input to the output."""


def four_node_features(space: FourNodeCellSpace, codes: Codes) -> dict[str, Features]:
    """Features of codes (n, 6), looked up among those of the whole space; see ``structure_features``."""
    rows = codes.astype(np.int64) @ len(space.operation_names) ** np.arange(5, -1, -1)
    return {name: table.take(rows, axis=0) for name, table in _tables(space).items()}


def reduced(space: FourNodeCellSpace, codes: Codes) -> Codes:
    """(n, 6) one cell among ``codes`` for all that compute the same: with the fewest operations, all else none.

    Coarser than ``space.canonical``: a zero term of a sum does not count either.
    """
    cells = [tuple(code) for code in codes.tolist()]
    functions = [space.nested_terms(dict(zip(space.edges, cell, strict=True))) for cell in cells]
    smallest: dict[Hashable, tuple[int, tuple[int, ...]]] = {}
    for function, cell in zip(functions, cells, strict=True):
        size = (sum(value != space.none for value in cell), cell)
        smallest[function] = min(size, smallest.get(function, size))
    return np.array([smallest[function][1] for function in functions], dtype=np.int8)


@lru_cache(maxsize=8)
def _tables(space: FourNodeCellSpace) -> dict[str, Features]:
    """The features of every code, in the order of the enumeration."""
    codes = space.enumerate()
    operations = [value for value in range(space.num_operations) if value not in (space.none, space.skip)]
    vocabulary = sequences(operations, 3)
    if space.input_skip_changes:
        vocabulary += [(space.skip, *path) for path in sequences(operations, 2)]
    paths = _paths(space, codes, vocabulary)
    cells = reduced(space, codes)
    counts = np.stack([(cells == value).sum(axis=1) for value in range(space.num_operations)], axis=1)
    summary = path_summary(paths, contents(vocabulary, operations))
    direct = paths[:, :1] > 0
    return {
        "cell": one_hot(space, cells),
        "paths": paths,
        "summary": np.concatenate([counts, summary, direct], axis=1, dtype=np.float32),
    }


def _paths(space: FourNodeCellSpace, codes: Codes, vocabulary: list[Path]) -> Features:
    """(n, P) how many live paths of codes (n, 6) have each sequence of operations, skip connections left out."""
    columns = {path: column for column, path in enumerate(vocabulary)}
    counts = np.zeros((len(codes), len(vocabulary)), dtype=np.float32)
    for way in _WAYS:
        edges = [space.edges.index(edge) for edge in pairwise(way)]
        held, kind = np.unique(codes[:, edges], axis=0, return_inverse=True)
        for number, path in enumerate(held.tolist()):
            if space.none not in path:
                kept = tuple(
                    v for place, v in enumerate(path) if v != space.skip or (place == 0 and space.input_skip_changes)
                )
                counts[kind == number, columns[kept]] += 1
    return counts
