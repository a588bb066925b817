"""NAS-Bench-301 (Zela et al., ICLR 2022): the cells of DARTS (Liu et al., ICLR 2019), a normal and a reduction cell."""

from __future__ import annotations

from functools import cached_property
from itertools import permutations
from math import comb
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.errors import InvalidArchitecture
from naslib_ext.search_spaces.base import Codes, Integers, Mask, SearchSpace

OPERATIONS = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
Spec = tuple[tuple[tuple[int, int], ...], ...]

_BATCH = 2048
_NODES = np.arange(8) % 4
"""(8,) each node's place in its cell; node i takes two of the sources 0..i+1."""
_SOURCES = np.repeat(_NODES + 2, 2)
"""(16,) number of sources that each edge can have."""
_RADIX = np.array([5, 7, 5, 7])
_ORDERS = np.array(list(permutations(range(4))))
"""(24, 4) orders of a cell's nodes: node i goes to place ``_ORDERS[p, i]``."""


class NASBench301SearchSpace(SearchSpace):
    """L = 32: the array (2 cells, 4 nodes x 2 edges, (source, operation)) flattened; the normal cell comes first.

    Sources 0 and 1 are the two previous cells, 2.. the nodes of this cell. Valid: a node's two sources differ and
    stand in ascending order. A single edit changes an operation, or moves an edge with its operation to a source that
    the node does not use yet; the pair is then sorted again. Every architecture has 96 + 24 of them.

    ``canonical`` is the smallest code among the relabellings of each cell's nodes that keep sources before targets
    (a cell's output is the concatenation of its four nodes, so these are the same function up to channel order).
    ``sample`` is NASLib's: two different sources and two operations a node, all uniform.

    Differences from NASLib: it keeps a node's inputs in any order, so one architecture has up to 2^8 hashes there;
    its mutation makes at least two edits (it compares an object with itself), here it is one, drawn as NASLib draws
    each of its own: an edge, then its source or its operation with equal chances, redrawn where nothing changes.
    """

    num_cells: ClassVar[int] = 2

    def __init__(self) -> None:
        cardinalities = np.stack([_SOURCES, np.full(16, len(OPERATIONS))], axis=1).ravel()
        super().__init__("nasbench301", cardinalities.tolist(), OPERATIONS)

    @cached_property
    def size(self) -> int:
        """Number of valid codes, (prod_i C(i+2, 2) 7^2)^2."""
        cell = 1
        for node in range(4):
            cell *= comb(node + 2, 2) * len(OPERATIONS) ** 2
        return cell**2

    def _satisfies(self, codes: Codes) -> Mask:
        ascending: Mask = np.all(codes[:, 0::4] < codes[:, 2::4], axis=1)
        return ascending

    def _draw(self, n: int, rng: np.random.Generator) -> Codes:
        edges = np.empty((n, 8, 2, 2), dtype=np.int8)
        first = rng.integers(0, _NODES + 2, size=(n, 8))
        second = rng.integers(0, _NODES + 1, size=(n, 8))
        edges[..., 0, 0], edges[..., 1, 0] = first, second + (second >= first)
        edges[..., 1] = rng.integers(0, len(OPERATIONS), size=(n, 8, 2))
        return _sort(edges.reshape(n, -1))

    # sameness

    def canonical(self, codes: ArrayLike) -> Codes:
        array = self.check(codes)
        cells = array.reshape(-1, 4, 2, 2)
        canonical = np.empty_like(cells)
        for start in range(0, len(cells), _BATCH):
            canonical[start : start + _BATCH] = _smallest_relabelling(cells[start : start + _BATCH])
        return canonical.reshape(array.shape)

    # single edits

    def _edits(self, codes: Codes) -> Codes:
        """(n, 120, L): first the operations' edits by position, then the sources'."""
        of_operation = super()._edits(codes)[:, self._edit_table[0] % 2 == 1]
        edges, ranks = self._source_edits
        firsts, seconds = codes[:, 4 * (edges // 2)], codes[:, 4 * (edges // 2) + 2]
        values = ranks + (ranks >= firsts)  # the sources in use are ascending: step over one, then over the other
        values += values >= seconds
        of_source = np.repeat(codes[:, None], len(edges), axis=1)
        of_source[:, np.arange(len(edges)), 2 * edges] = values
        return np.concatenate([of_operation, _sort(of_source)], axis=1)

    @cached_property
    def _source_edits(self) -> tuple[Integers, Codes]:
        """For each of the 24 edits of a source its edge (0..15), and which of the unused sources it takes."""
        others = _SOURCES - 2
        ranks = np.concatenate([np.arange(count) for count in others]).astype(np.int8)
        return np.repeat(np.arange(16), others), ranks

    def _mutate_once(self, codes: Codes, rng: np.random.Generator) -> Codes:
        positions = rng.integers(0, self.num_positions, size=len(codes))
        edited = codes.copy()
        edited[np.arange(len(codes)), positions] = rng.integers(0, self.cardinalities[positions])
        return _sort(edited)  # two equal sources stay equal, so that the result is invalid and drawn again

    def edit_distance(self, a: ArrayLike, b: ArrayLike) -> Integers:
        """(n,) exact number of single edits: per node the cheaper matching of its two edges with the other's two.

        A matched pair costs one edit if the sources differ and one if the operations differ. No edit touches two
        edges, so this is a lower bound. It is reached: a source can move to its goal unless the node's other edge is
        there, which then moves first; both block each other only when the two nodes use the same two sources crosswise,
        and then the other matching costs at most two operations and is not dearer.
        """
        first, second = (self.check(codes).reshape(-1, 8, 2, 2) for codes in (a, b))
        parallel = (first != second).sum(axis=(2, 3))
        crossed = (first != second[:, :, ::-1]).sum(axis=(2, 3))
        distance: Integers = np.minimum(parallel, crossed).sum(axis=1)
        return distance

    # the operation view

    def _operations(self, codes: Codes) -> NDArray[np.int8]:
        return codes[:, 1::2].copy()

    @property
    def block_operations(self) -> Mask:
        """(16, 7) bool, all true: the edges in use, the normal cell's first, and the operations they can hold."""
        return np.ones((16, len(OPERATIONS)), dtype=bool)

    def _place(self, multiset: NDArray[np.int8], rng: np.random.Generator) -> Codes:
        """16 operations, shuffled over both cells; the sources are those of a random architecture."""
        if len(multiset) != 16:
            raise self._unplaceable(multiset)
        return self._with_operations(rng.permutation(multiset), rng)

    def _place_in_cells(self, multisets: list[NDArray[np.int8]], rng: np.random.Generator) -> Codes:
        """8 operations a cell, shuffled within it."""
        for multiset in multisets:
            if len(multiset) != 8:
                raise self._unplaceable(multiset)
        return self._with_operations(np.concatenate([rng.permutation(multiset) for multiset in multisets]), rng)

    def _with_operations(self, operations: NDArray[np.int8], rng: np.random.Generator) -> Codes:
        code = self._draw(1, rng)[0]
        code[1::2] = operations
        return code

    # NASLib's compact form

    def to_spec(self, code: ArrayLike) -> Spec:
        """NASLib's compact form: for each of the two cells eight pairs (source, operation)."""
        cells = self.check(np.asarray(code)[None]).reshape(2, 8, 2).tolist()
        return tuple(tuple((source, operation) for source, operation in cell) for cell in cells)

    def from_spec(self, spec: Any) -> Codes:
        """(L,) from NASLib's compact form, whose nodes may name their inputs in any order."""
        try:
            cells = np.asarray(spec, dtype=np.int64)
        except (TypeError, ValueError) as error:
            raise InvalidArchitecture(f"{self.name}: not an architecture: {spec!r}") from error
        return self.from_cells(cells[None])[0]

    def from_cells(self, cells: ArrayLike) -> Codes:
        """(n, L) codes of many compact forms (n, 2, 8, 2), as tables hold them: a node's inputs in any order."""
        array = np.asarray(cells)
        if array.shape[1:] != (2, 8, 2):
            raise InvalidArchitecture(f"{self.name}: compact forms have shape (n, 2, 8, 2), got {array.shape}")
        return self.check(_sort(array.reshape(len(array), self.num_positions)))


def _sort(codes: NDArray[Any]) -> NDArray[Any]:
    """``codes`` (..., L) with the two edges of every node in ascending order of their sources."""
    nodes = codes.reshape(*codes.shape[:-1], codes.shape[-1] // 4, 2, 2)
    swap = nodes[..., 0, 0] > nodes[..., 1, 0]
    return np.where(swap[..., None, None], nodes[..., ::-1, :], nodes).reshape(codes.shape)


def _smallest_relabelling(cells: Codes) -> Codes:
    """(m, 4, 2, 2) of the same shape: the least cell in lexicographic order over the 24 orders of its nodes."""
    labels = np.concatenate([np.tile([0, 1], (24, 1)), _ORDERS + 2], axis=1)  # (24, 6) new names of the sources
    sources = labels[:, cells[..., 0]]  # (24, m, 4, 2)
    forwards = (sources < _ORDERS[:, None, :, None] + 2).all(axis=(2, 3))
    swap = sources[..., 0] > sources[..., 1]
    near, far = sources * 7 + cells[..., 1], (sources * 7 + cells[..., 1])[..., ::-1]
    pairs = np.where(swap[..., None], far, near)
    nodes = pairs[..., 0] * 35 + pairs[..., 1]  # (24, m, 4): source, operation, source, operation in mixed radix
    weights = 1225 ** (3 - _ORDERS)
    keys = np.where(forwards, (nodes * weights[:, None]).sum(axis=2), np.iinfo(np.int64).max).min(axis=0)
    nodes = keys[:, None] // 1225 ** np.arange(3, -1, -1) % 1225
    places = np.cumprod([1, *_RADIX[:0:-1]])[::-1]
    return (nodes[..., None] // places % _RADIX).reshape(cells.shape).astype(np.int8)
