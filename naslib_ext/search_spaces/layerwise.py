"""Networks whose cells differ: a stack of cells of one space, each cell its own choice (ANASOD, section 4.2)."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.errors import UnsupportedSpace
from naslib_ext.search_spaces.base import Codes, Integers, Mask, SearchSpace


class LayerwiseSearchSpace(SearchSpace):
    """L = ``layers`` times the cell's: the codes of the cells one after the other, from the stem to the classifier.

    To the encodings of ANASOD it is a space of ``layers`` cells that share one encoding: decoding an encoding draws
    every cell of the stack from it, independently of the others. An edit is an edit of one cell.

    Args:
        cell: the space of one cell, such as ``get_search_space("nasbench201")`` or ``NasnetCellSpace()``.
        layers: number of cells in the stack.

    Raises ``UnsupportedSpace`` where ``cell`` describes several cells, or a number of blocks that varies.
    """

    def __init__(self, cell: SearchSpace, layers: int) -> None:
        if layers < 1 or cell.num_cells != 1 or cell.block_operations is None:
            raise UnsupportedSpace(f"no stack of {layers} cells of {cell.name}: it takes single cells of fixed size")
        self.cell, self.layers = cell, layers
        cardinalities = np.tile(cell.cardinalities, layers)
        super().__init__(f"{cell.name}_x{layers}", cardinalities.tolist(), cell.operation_names)
        self.num_cells = layers  # type: ignore[misc]  # here it is an instance's
        self.key = cell.key  # type: ignore[misc]

    @cached_property
    def size(self) -> int:
        """Number of valid codes, that of the cell to the power of ``layers``."""
        return self.cell.size**self.layers

    def cells(self, codes: Codes) -> Codes:
        """(n * layers, L / layers) the cells of ``codes`` (n, L), one network's after the other's."""
        return codes.reshape(-1, self.cell.num_positions)

    def _stacked(self, cells: NDArray[np.int8]) -> Codes:
        return cells.reshape(-1, self.num_positions)

    def _satisfies(self, codes: Codes) -> Mask:
        valid: Mask = np.all(self.cell._satisfies(self.cells(codes)).reshape(-1, self.layers), axis=1)
        return valid

    def _draw(self, n: int, rng: np.random.Generator) -> Codes:
        return self._stacked(self.cell.sample(n * self.layers, rng))

    def canonical(self, codes: ArrayLike) -> Codes:
        return self._stacked(self.cell.canonical(self.cells(self.check(codes))))

    # single edits

    def _edits(self, codes: Codes) -> Codes:
        """(n, layers * M, L): the M edits of the first cell, then those of the second, ..."""
        of_cells = self.cell._edits(self.cells(codes))
        number = of_cells.shape[1]
        of_cells = of_cells.reshape(len(codes), self.layers, number, self.cell.num_positions)
        edited = np.tile(self._split(codes)[:, None, None], (1, self.layers, number, 1, 1))
        layers = np.arange(self.layers)
        edited[:, layers, :, layers] = of_cells.swapaxes(0, 1)
        return edited.reshape(len(codes), self.layers * number, self.num_positions)

    def _split(self, codes: Codes) -> Codes:
        """(n, layers, L / layers) the cells of each code."""
        return codes.reshape(len(codes), self.layers, self.cell.num_positions)

    def _mutate_once(self, codes: Codes, rng: np.random.Generator) -> Codes:
        stacks = self._split(codes).copy()
        rows, layers = np.arange(len(codes)), rng.integers(0, self.layers, size=len(codes))
        stacks[rows, layers] = self.cell.mutate(stacks[rows, layers], rng)
        return self._stacked(stacks)

    def edit_distance(self, a: ArrayLike, b: ArrayLike) -> Integers:
        distances = self.cell.edit_distance(self.cells(self.check(a)), self.cells(self.check(b)))
        total: Integers = distances.reshape(-1, self.layers).sum(axis=1)
        return total

    # the operation view

    def _operations(self, codes: Codes) -> NDArray[np.int8]:
        return self.cell.operations(self.cells(codes)).reshape(len(codes), len(self.block_operations))

    @property
    def block_operations(self) -> Mask:
        """(layers * blocks of a cell, k) bool: which operations each block can hold."""
        of_cell = self.cell.block_operations
        assert of_cell is not None
        return np.tile(of_cell, (self.layers, 1))

    def _place(self, multiset: NDArray[np.int8], rng: np.random.Generator) -> Codes:
        """The operations of the whole stack, shuffled over all its cells."""
        if len(multiset) != len(self.block_operations):
            raise self._unplaceable(multiset)
        parts = np.split(rng.permutation(multiset), self.layers)
        return self._place_in_cells([np.sort(part) for part in parts], rng)

    def _place_in_cells(self, multisets: list[NDArray[np.int8]], rng: np.random.Generator) -> Codes:
        """Each cell's own operations, shuffled within it."""
        return np.concatenate([self.cell._place(multiset, rng) for multiset in multisets])
