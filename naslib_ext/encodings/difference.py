"""The difference of two architectures (Delta-NAS, section 3 and Algorithm 1).

    d(a, b) = x(b) - x(a),   x = [adjacency | operations],   a, b in A and k single edits apart:  d in D^k

x holds an indicator for each edge that an architecture may have or lack (none where the wiring is fixed) and for each
operation at each place. The map from pairs to differences is many-to-one: the rest of the architecture, the *context*,
cancels. How many differences there are, and what the paper says there are:

    block spaces     |A| = r^n (Theorem 1)         |D^k| = C(n, k) (r (r - 1))^k          paper: r^k C(n, k)
    cell spaces      |A| = 2^(n (n - 1) / 2) r^n   edges count as positions of 2 choices  paper: n (n - 1) / 2 r^n

Differences from the paper: Theorem 2 multiplies where the number of wirings is a power of 2. Theorems 4 and 5 count
operations alone, though Fig. 1 shows edges, and take "r values" for a change of operation: there are r - 1 from a given
one, and r (r - 1) ordered pairs (from, to). D^1 stays linear in n: 120 differences on NAS-Bench-201, 30 as printed, for
15,625 architectures.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.encodings.one_hot import one_hot
from naslib_ext.errors import InvalidArchitecture, UnsupportedSpace
from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.search_spaces.categorical import CategoricalSearchSpace
from naslib_ext.search_spaces.mobilenet import MIN_DEPTH, NUM_UNITS, UNIT_DEPTH, MobileNetSearchSpace
from naslib_ext.search_spaces.nasbench101 import SOURCES, NASBench101SearchSpace
from naslib_ext.search_spaces.nasbench301 import NASBench301SearchSpace

Differences = NDArray[np.int8]

UNCONSTRAINED = 5
"""On nasbench101 every difference of at most that many edits has a pair of valid cells; see ``num_differences``."""

LISTED = 1_000
"""Spaces with rules of their own and at most this many codes have their differences counted pair by pair."""

_SOURCES, _OPERATIONS = 5, 7
"""Most sources of a nasbench301 node, and what an edge from one of them can hold."""


class Parts(NamedTuple):
    """The two parts of a difference: (n, e) of the edges and (n, m) of the operations, values -1, 0 and 1."""

    adjacency: Differences
    operations: Differences


# the map


def difference(space: SearchSpace, a: ArrayLike, b: ArrayLike) -> Parts:
    """d(a, b) of architectures (n, L) each; antisymmetric, 0 exactly for equal codes.

    ===================  ====================================  ============================================
    space                adjacency                             operations
    ===================  ====================================  ============================================
    nasbench101          21 edges                              3 at each of 5 vertices
    nasbench301          5 sources of each of 8 nodes          7 at each source of each of 8 nodes
    all others           none                                  the one-hot code
    ===================  ====================================  ============================================

    An operation of nasbench301 belongs to an edge in use, so that moving an edge changes both parts.
    """
    first, second = (_indicators(space, codes) for codes in (a, b))
    if len(first[0]) != len(second[0]):
        raise InvalidArchitecture(f"{space.name}: {len(first[0])} and {len(second[0])} architectures are no pairs")
    return Parts(*(after - before for before, after in zip(first, second, strict=True)))


def difference_vector(space: SearchSpace, a: ArrayLike, b: ArrayLike) -> Differences:
    """(n, e + m) both parts of ``difference`` side by side."""
    return np.concatenate(difference(space, a, b), axis=1)


def _indicators(space: SearchSpace, codes: ArrayLike) -> tuple[Differences, Differences]:
    array = space.check(codes)
    n = len(array)
    if isinstance(space, NASBench101SearchSpace):
        edges = len(SOURCES)
        operations = array[:, edges:, None] == np.arange(space.num_operations)
        return array[:, :edges], operations.reshape(n, -1).astype(np.int8)
    if isinstance(space, NASBench301SearchSpace):
        nodes = array.reshape(n, 8, 2, 2).astype(np.int64)
        held = np.zeros((n, 8, _SOURCES, _OPERATIONS), dtype=np.int8)
        rows, places, _ = np.indices(nodes.shape[:3])
        held[rows, places, nodes[..., 0], nodes[..., 1]] = 1
        return held.sum(axis=3, dtype=np.int8).reshape(n, -1), held.reshape(n, -1)
    return np.empty((n, 0), dtype=np.int8), one_hot(space, array).astype(np.int8)


# cardinalities


def num_differences(space: SearchSpace, k: int) -> int:
    """|D^k|, the exact number of different d(a, b) of valid architectures k single edits apart.

    An architecture is taken apart into blocks that can be chosen independently of each other (positions, nodes); the
    numbers of differences of a block at each distance multiply as polynomials. On nasbench101 that counts each of the
    26 positions as a block, which is exact for k <= 5: with at most five positions changed either the edge from input
    to output or one of the five ways by a single vertex is unchanged, and that with the changed edges is a valid cell.

    Other spaces have their neighbours (k = 1) or all their pairs listed.

    Raises ``UnsupportedSpace`` where none of that is possible.
    """
    if k == 1 and not _has_blocks(space):
        codes = space.enumerate()
        neighbors, owners = space.neighbors_of(codes)
        return len(np.unique(_changes(codes[owners], neighbors)))
    if isinstance(space, NASBench101SearchSpace) and k > UNCONSTRAINED:
        raise UnsupportedSpace(f"{space.name}: differences of more than {UNCONSTRAINED} edits cannot be counted")
    coefficients = [1]
    for block in _block_counts(space):
        product = [0] * (len(coefficients) + len(block) - 1)
        for i, left in enumerate(coefficients):
            for j, right in enumerate(block):
                product[i + j] += left * right
        coefficients = product
    return coefficients[k] if 0 <= k < len(coefficients) else 0


def _has_blocks(space: SearchSpace) -> bool:
    return isinstance(
        space, CategoricalSearchSpace | NASBench101SearchSpace | NASBench301SearchSpace | MobileNetSearchSpace
    )


@lru_cache(maxsize=32)
def _block_counts(space: SearchSpace) -> list[list[int]]:
    """For each independent block the number of its differences at distance 0, 1, 2, ..."""
    if isinstance(space, CategoricalSearchSpace | NASBench101SearchSpace):
        return [[1, c * (c - 1)] for c in space.cardinalities.tolist()]
    if isinstance(space, NASBench301SearchSpace):
        return 2 * [_node_counts(sources) for sources in range(2, 6)]
    if isinstance(space, MobileNetSearchSpace):
        layer = int(space.cardinalities[0]) - 1
        deep = UNIT_DEPTH - MIN_DEPTH
        ends = [code for code in np.ndindex(*[layer + 1] * deep) if code[0] or not code[1]]
        first, second = _all_pairs(np.array(ends, dtype=np.int8))
        unit = _counts(_changes(first, second), (first != second).sum(axis=1))
        return NUM_UNITS * [*[[1, layer * (layer - 1)]] * MIN_DEPTH, unit]
    if space.size > LISTED:
        raise UnsupportedSpace(f"{space.name}: the differences of a space with rules of its own cannot be counted")
    first, second = _all_pairs(space.enumerate())
    return [_counts(_changes(first, second), space.edit_distance(first, second))]


def _all_pairs(items: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    first, second = np.indices((len(items), len(items))).reshape(2, -1)
    return items[first], items[second]


def _changes(first: Codes, second: Codes) -> NDArray[np.int64]:
    """(n,) a number for each difference: per position the pair (from, to), 0 where they are equal."""
    base = int(max(first.max(), second.max())) + 1
    pairs = np.where(first != second, 1 + first.astype(np.int64) * base + second, 0)
    return pairs @ (base * base + 1) ** np.arange(first.shape[1] - 1, -1, -1)


def _node_counts(sources: int) -> list[int]:
    """Differences of a nasbench301 node with that many sources to choose two from."""
    operations = np.ndindex(_OPERATIONS, _OPERATIONS)
    edges = [(s, o, t, p) for o, p in operations for s in range(sources) for t in range(s + 1, sources)]
    nodes = np.array(edges).reshape(-1, 2, 2)
    first, second = _all_pairs(nodes)
    distance = np.minimum((first != second).sum(axis=(1, 2)), (first != second[:, ::-1]).sum(axis=(1, 2)))
    places = 1 << (_OPERATIONS * nodes[..., 0] + nodes[..., 1]).astype(np.int64)
    left, right = _all_pairs(places.sum(axis=1))
    lost, gained = left & ~right, right & ~left
    return _counts(np.stack([lost, gained], axis=1), distance)


def _counts(differences: NDArray[np.int64], distance: NDArray[np.int64]) -> list[int]:
    return [len(np.unique(differences[distance == d], axis=0)) for d in range(int(distance.max()) + 1)]


def paper_num_differences(n: int, r: int, k: int) -> int:
    """Theorems 4 and 5 as printed: r^k C(n, k) for n nodes and r operations."""
    return r**k * comb(n, k)
