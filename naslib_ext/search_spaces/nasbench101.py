"""NAS-Bench-101 (Ying et al., ICML 2019): cells of up to seven vertices and nine edges, 423,624 distinct ones."""

from __future__ import annotations

from functools import cache, cached_property
from itertools import permutations
from math import isqrt
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.errors import InvalidArchitecture
from naslib_ext.search_spaces.base import Codes, Integers, Mask, SearchSpace

OPERATIONS = ("maxpool3x3", "conv1x1-bn-relu", "conv3x3-bn-relu")
VERTEX_NAMES = ("input", "output", *OPERATIONS)
"""What the integers of NASLib's specs and of the tables mean: operation ids plus 2."""

MAX_EDGES = 9
SOURCES, TARGETS = np.triu_indices(7, 1)
"""(21,) the ends of the edge that each of the first 21 positions of a code stands for."""

_BATCH = 4096
_EDGES, _INNER = 21, 5
_INTERIOR = np.flatnonzero((SOURCES > 0) & (TARGETS < 6))
_ENTERS, _LEAVES = np.flatnonzero((SOURCES == 0) & (TARGETS < 6)), np.flatnonzero((SOURCES > 0) & (TARGETS == 6))
_ENDS = np.stack([SOURCES[_INTERIOR], TARGETS[_INTERIOR]], axis=1) - 1
"""(10, 2) the ends of the edges between the vertices 1..5, here counted from 0."""

# A wiring is three bit masks, the first position of the code in the highest bit: the 10 edges among the inner
# vertices, the 5 from the input, the 5 to the output. The edge input -> output is handled apart.
_INTERIOR_BITS, _VERTEX_BITS, _COLOURS = 1 << np.arange(9, -1, -1), 1 << np.arange(4, -1, -1), 3 ** np.arange(4, -1, -1)


class NASBench101SearchSpace(SearchSpace):
    """L = 26: the 21 bits of the adjacency's upper triangle, row by row, then the operations of the vertices 1..5.

    Vertex 0 is the input and vertex 6 the output. A vertex is live when it lies on a path from input to output. Valid
    are the cells whose input reaches the output with at most nine edges left once dead vertices are removed: dangling
    edges may be in a code, as in the benchmark's own check.

    ``canonical`` removes dead vertices (no edges, operation 0) and takes the smallest of the relabellings of the inner
    vertices that keep all edges pointing forwards, so it is equal exactly for isomorphic cells.
    ``sample`` is NASLib's: uniform bits and operations, redrawn until valid.
    ``edit_distance`` counts differing positions; that is a lower bound where only detours lead through valid cells.

    Differences from NASLib: its neighbourhood leaves dangling edges and dead operations alone, here they are edited
    like all others; its mutation flips every edge with probability 1/7 and changes every operation with 1/3, here it
    is one edit.
    """

    key: ClassVar[str] = "canonical"

    def __init__(self) -> None:
        super().__init__("nasbench101", [2] * _EDGES + [3] * _INNER, OPERATIONS)

    @cached_property
    def size(self) -> int:
        """Number of valid codes, counted over all 2^21 wirings."""
        wirings = np.arange(1 << 20)
        live, *masks = _prune(wirings >> 10, wirings >> 5 & 31, wirings & 31)
        edges = _count_edges(*masks)
        without_direct, with_direct = (live > 0) & (edges <= MAX_EDGES), edges < MAX_EDGES
        return int(without_direct.sum() + with_direct.sum()) * 3**_INNER

    @cached_property
    def num_functions(self) -> int:
        return 423_624

    def _satisfies(self, codes: Codes) -> Mask:
        live, *masks = _prune(*_masks(codes))
        direct = codes[:, 5]
        return ((live > 0) | (direct > 0)) & (_count_edges(*masks) + direct <= MAX_EDGES)

    def live_vertices(self, codes: ArrayLike) -> Mask:
        """(n, 5) bool: which of the vertices 1..5 lie on a path from the input to the output."""
        return _live(self.check(codes))

    def canonical(self, codes: ArrayLike) -> Codes:
        array = self.check(codes)
        canonical = np.empty_like(array)
        for start, batch in enumerate(self.batches(array, _BATCH)):
            canonical[start * _BATCH : start * _BATCH + len(batch)] = _smallest_relabelling(batch)
        return canonical

    # the operation view

    @property
    def block_operations(self) -> None:
        """``None``: the number of live vertices varies."""
        return None

    def _operations(self, codes: Codes) -> NDArray[np.int8]:
        return np.where(_live(codes), codes[:, _EDGES:], np.int8(-1))

    def _place(self, multiset: NDArray[np.int8], rng: np.random.Generator) -> Codes:
        """Uniform among the valid wirings with as many live vertices as operations; dead vertices get operation 0."""
        if len(multiset) > _INNER:
            raise self._unplaceable(multiset)
        code = self._reject(1, lambda _: self._draw_live(len(multiset), rng), self._satisfies)[0]
        code[_EDGES:] = 0
        code[_EDGES + np.flatnonzero(_live(code[None])[0])] = rng.permutation(multiset)
        return code

    def _draw_live(self, number: int, rng: np.random.Generator) -> Codes:
        """(1, L) the first of many draws that is valid with that many live vertices; (0, L) where there is none."""
        rows = self._draw(128, rng)
        return rows[self._satisfies(rows) & (_live(rows).sum(axis=1) == number)][:1]

    # specs

    def to_spec(self, code: ArrayLike) -> tuple[int, ...]:
        """NASLib's 56 integers: the flattened 7x7 adjacency, then the vertices as indices of ``VERTEX_NAMES``."""
        row = self.check(np.asarray(code)[None])[0]
        matrix = np.zeros((7, 7), dtype=np.int64)
        matrix[SOURCES, TARGETS] = row[:_EDGES]
        return (*matrix.ravel().tolist(), 0, *(row[_EDGES:].astype(int) + 2).tolist(), 1)

    def from_spec(self, spec: Any) -> Codes:
        """(L,) from NASLib's tuple of n*n + n integers (n <= 7, -1 pads) or its ``{"matrix", "ops"}`` with names."""
        try:
            matrix, vertices = _split(spec)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidArchitecture(f"{self.name}: not an architecture: {spec!r}") from error
        n = len(vertices)
        adjacency, ops = np.zeros((1, 7, 7), dtype=np.int64), np.full((1, 7), -1)
        adjacency[0, :n, :n], ops[0, :n] = matrix, vertices
        return self.from_adjacency(adjacency, ops)[0]

    def from_adjacency(self, adjacency: ArrayLike, ops: ArrayLike) -> Codes:
        """(n, L) codes of cells given as adjacencies (n, 7, 7) and vertices (n, 7), indices of ``VERTEX_NAMES``.

        A cell's last used vertex is its output; the vertices behind it are -1 and have no edges. In smaller cells the
        output moves to vertex 6, and the unused inner vertices are dead with operation 0.
        """
        matrix, vertices = np.asarray(adjacency), np.asarray(ops)
        if vertices.ndim != 2 or vertices.shape[1] != 7 or matrix.shape != (len(vertices), 7, 7):
            raise InvalidArchitecture(
                f"{self.name}: adjacency {matrix.shape} and ops {vertices.shape} must be (n, 7, 7) and (n, 7)"
            )
        good = _well_formed(matrix, vertices)
        if not good.all():
            raise InvalidArchitecture(f"{self.name}: row {int(np.argmin(good))} is not a cell")
        rows, last = np.arange(len(vertices)), (vertices == 1).argmax(axis=1)
        moved = np.where(np.arange(7) == last[:, None, None], 0, matrix)
        moved[:, :, 6] = matrix[rows, :, last]
        inner = np.where(vertices[:, 1:6] >= 2, vertices[:, 1:6] - 2, 0)
        return self.check(np.concatenate([moved[:, SOURCES, TARGETS], inner], axis=1).astype(np.int8))


def _split(spec: Any) -> tuple[NDArray[Any], list[int]]:
    """The adjacency (m, m) and the m vertices of one of NASLib's specs."""
    if isinstance(spec, dict):
        matrix, ops = np.asarray(spec["matrix"], dtype=np.int64), list(spec["ops"])
        vertices = [VERTEX_NAMES.index(op) if isinstance(op, str) else int(op) for op in ops]
    else:
        values = np.asarray(spec, dtype=np.int64)
        n = isqrt(values.size)  # n*n + n lies between n*n and (n + 1)*(n + 1)
        matrix, vertices = values[: n * n].reshape(n, n), values[n * n :].tolist()
    if matrix.shape != (len(vertices), len(vertices)) or not 2 <= len(vertices) <= 7:
        raise ValueError(matrix.shape)
    return matrix, vertices


def _well_formed(adjacency: NDArray[Any], ops: NDArray[Any]) -> Mask:
    """(n,) bool: one input and one output, edges between used vertices only and all pointing forwards."""
    used = ops >= 0
    behind = np.arange(7) > (ops == 1).argmax(axis=1)[:, None]
    ends_fit = (ops[:, 0] == 0) & ((ops == 0).sum(axis=1) == 1) & ((ops == 1).sum(axis=1) == 1)
    ops_fit = ((ops >= -1) & (ops < len(VERTEX_NAMES)) & ~(behind & used)).all(axis=1)
    edges_fit = np.isin(adjacency, (0, 1)) & ((adjacency == 0) | np.triu(used[:, :, None] & used[:, None], 1))
    return ends_fit & ops_fit & edges_fit.all(axis=(1, 2))


# wirings as bit masks


def _masks(codes: Codes) -> tuple[Integers, Integers, Integers]:
    """Per code the edges among inner vertices, from the input and to the output as integers (n,)."""
    return codes[:, _INTERIOR] @ _INTERIOR_BITS, codes[:, _ENTERS] @ _VERTEX_BITS, codes[:, _LEAVES] @ _VERTEX_BITS


def _prune(interior: Integers, enters: Integers, leaves: Integers) -> tuple[Integers, Integers, Integers, Integers]:
    """The live vertices as a mask (n,), and the three masks without edges of dead vertices."""
    forward, backward, kept = _reachability()
    live = forward[interior << 5 | enters] & backward[interior << 5 | leaves]
    return live, interior & kept[live], enters & live, leaves & live


def _count_edges(interior: Integers, enters: Integers, leaves: Integers) -> Integers:
    count = _bits(np.arange(1024), 10).sum(axis=1)
    return count[interior] + count[enters << 5 | leaves]


def _live(codes: Codes) -> Mask:
    return _bits(_prune(*_masks(codes))[0], _INNER).astype(bool)


def _bits(values: Integers, number: int) -> Integers:
    """(n, number) the bits of ``values`` (n,), the highest first."""
    return values[:, None] >> np.arange(number - 1, -1, -1) & 1


@cache
def _reachability() -> tuple[Integers, Integers, Integers]:
    """Vertices reached from the input, and reaching the output, (1024 * 32,); edges among live vertices (32,)."""
    index = np.arange(1 << 15)
    interior, forward, backward = _bits(index >> 5, 10).T, index & 31, index & 31
    for edge, (source, target) in enumerate(_ENDS):  # ascending sources: a source is final before it is used
        forward = forward | np.where(forward & _VERTEX_BITS[source], interior[edge] * _VERTEX_BITS[target], 0)
    for edge, (source, target) in reversed(list(enumerate(_ENDS))):
        backward = backward | np.where(backward & _VERTEX_BITS[target], interior[edge] * _VERTEX_BITS[source], 0)
    live = _bits(np.arange(32), _INNER)
    return forward, backward, live[:, _ENDS].prod(axis=2) @ _INTERIOR_BITS


# relabellings


def _smallest_relabelling(codes: Codes) -> Codes:
    """(n, L): the least key over the 120 permutations, decoded. Each key is the sum of three table rows."""
    live, interior, enters, leaves = _prune(*_masks(codes))
    colours = (codes[:, _EDGES:] * _bits(live, _INNER)) @ _COLOURS
    interior_keys, end_keys, colour_keys = _relabelled()
    keys = interior_keys[interior]
    keys += end_keys[enters << 5 | leaves]
    keys += colour_keys[colours]
    smallest = keys.min(axis=1).astype(np.int64)
    decoded = np.empty_like(codes)
    decoded[:, _INTERIOR] = _bits(smallest >> 18, 10)
    decoded[:, _ENTERS], decoded[:, _LEAVES] = _bits(smallest >> 13, _INNER), _bits(smallest >> 8, _INNER)
    decoded[:, 5], decoded[:, _EDGES:] = codes[:, 5], (smallest & 255)[:, None] // _COLOURS % 3
    return decoded


@cache
def _relabelled() -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """The summands of a key after each permutation of the inner vertices, for every mask.

    A key holds 10 bits of inner edges, 5 from the input, 5 to the output and 8 of operations. A permutation that turns
    an inner edge around gets a key above all others; the identity never does.

    Returns:
        For the inner edges (1024, 120), both kinds of outer edges (1024, 120) and the operations (243, 120).
    """
    moved = np.array(list(permutations(range(_INNER))))  # vertex v goes to moved[:, v]
    sources, targets = moved[:, _ENDS[:, 0]], moved[:, _ENDS[:, 1]]
    weights = np.full((_INNER, _INNER), 1 << 10)
    weights[_ENDS[:, 0], _ENDS[:, 1]] = _INTERIOR_BITS
    interior = np.minimum(_bits(np.arange(1024), 10) @ weights[sources, targets].T, 1 << 10)
    outer = _bits(np.arange(32), _INNER) @ _VERTEX_BITS[moved].T
    ends = (outer[:, None] << 13) + (outer[None] << 8)
    colours = np.arange(3**_INNER)[:, None] // _COLOURS % 3 @ _COLOURS[moved].T
    return (interior << 18).astype(np.int32), ends.reshape(1024, -1).astype(np.int32), colours.astype(np.int32)
