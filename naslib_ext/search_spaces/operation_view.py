"""Architectures as the operations that they use, without the wiring: what ANASOD (Wan et al., WACV 2022) searches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.errors import InvalidArchitecture, UnsupportedSpace

if TYPE_CHECKING:
    from naslib_ext.search_spaces.base import Codes, Integers, Mask


class OperationView(ABC):
    """A part of every ``SearchSpace``: the operations of its blocks, and codes that use given ones.

    By default each position is a block that holds the operation of its choice; a subclass with empty blocks, or with
    positions that say how blocks are wired, overrides ``_operations``, ``block_operations`` and ``_place``.

    Shapes: n architectures, L positions, N blocks, k operations, c cells.
    """

    name: str
    cardinalities: Integers

    operation_names: tuple[str, ...]
    """(k,) what the ids stand for; empty where a space has no operation view."""

    num_cells: ClassVar[int] = 1
    """c, the cells of an architecture; ``operations`` names their blocks one cell after the other, N / c each."""

    @property
    @abstractmethod
    def num_positions(self) -> int:
        """L, the length of a code."""

    @abstractmethod
    def check(self, codes: ArrayLike) -> Codes:
        """``codes`` as contiguous ``(n, L)`` ``int8``. Raises ``InvalidArchitecture`` naming the first bad row."""

    @property
    def num_operations(self) -> int:
        """k, the number of operation ids."""
        if not self.operation_names:
            raise UnsupportedSpace(f"{self.name} has no operation view")
        return len(self.operation_names)

    def operations(self, codes: ArrayLike) -> NDArray[np.int8]:
        """(n, N) the operation id of each block, -1 where a block is empty. Ids index ``operation_names``."""
        if not self.operation_names:
            raise UnsupportedSpace(f"{self.name} has no operation view")
        return self._operations(self.check(codes))

    def _operations(self, codes: Codes) -> NDArray[np.int8]:
        return codes.copy()

    @property
    def block_operations(self) -> Mask | None:
        """(N, k) bool: which operations each block can hold; ``None`` where the number of blocks in use varies."""
        return np.arange(self.num_operations) < self.cardinalities[:, None]

    def place_operations(self, counts: ArrayLike, rng: np.random.Generator) -> Codes:
        """(L,) a random architecture that uses operation i ``counts[i]`` times, its wiring drawn at random.

        Args:
            counts: (k,) for the whole architecture, or (c, k) for each of its cells.
            rng: draws the order of the operations and the wiring.

        Raises ``InvalidArchitecture`` where no architecture of the space has these counts.
        """
        wanted, k = np.asarray(counts), self.num_operations
        shapes = ((k,), (self.num_cells, k))
        if wanted.shape not in shapes or not np.issubdtype(wanted.dtype, np.integer) or wanted.min() < 0:
            raise InvalidArchitecture(f"{self.name}: expected {k} counts >= 0, got {counts!r}")
        ids = np.arange(k, dtype=np.int8)
        multisets = [np.repeat(ids, row) for row in wanted.reshape(-1, k)]
        code = self._place(multisets[0], rng) if len(multisets) == 1 else self._place_in_cells(multisets, rng)
        return self.check(code[None])[0]

    def _place(self, multiset: NDArray[np.int8], rng: np.random.Generator) -> Codes:
        """(L,) a code whose blocks hold ``multiset`` (sorted ids) in random order."""
        if len(multiset) != self.num_positions:
            raise self._unplaceable(multiset)
        return rng.permutation(multiset)

    def _place_in_cells(self, multisets: list[NDArray[np.int8]], rng: np.random.Generator) -> Codes:
        """(L,) a code each of whose cells holds its own one of the c ``multisets``; for spaces of several cells."""
        raise NotImplementedError

    def _unplaceable(self, multiset: NDArray[np.int8]) -> InvalidArchitecture:
        counts = np.bincount(multiset, minlength=self.num_operations).tolist()
        return InvalidArchitecture(f"{self.name}: no architecture uses the operations {counts} times")
