"""Stacks of cells, each its own choice, and the NASNet cell of any number of nodes."""

from math import comb

import numpy as np
import pytest

from naslib_ext.encodings.operation_distribution import decode_counts, encode, encodings_of, operation_counts
from naslib_ext.errors import InvalidArchitecture, UnsupportedSpace
from naslib_ext.optimizers import get_optimizer
from naslib_ext.search_spaces import SearchSpace, get_search_space
from naslib_ext.search_spaces.layerwise import LayerwiseSearchSpace
from naslib_ext.search_spaces.nasnet_cell import NasnetCellSpace
from naslib_ext.testing.made_up import smooth
from naslib_ext.testing.search_space import SearchSpaceContract

NB201 = get_search_space("nasbench201")


class TestNasnetCell(SearchSpaceContract):
    @pytest.fixture
    def space(self) -> SearchSpace:
        return NasnetCellSpace(5)


class TestStackOfNASBench201Cells(SearchSpaceContract):
    @pytest.fixture
    def space(self) -> SearchSpace:
        return LayerwiseSearchSpace(NB201, 3)


class TestStackOfNasnetCells(SearchSpaceContract):
    @pytest.fixture
    def space(self) -> SearchSpace:
        return LayerwiseSearchSpace(NasnetCellSpace(2), 2)


def test_sizes() -> None:
    """DARTS's 4 nodes and 7 operations give 10^9 cells; one more operation here."""
    assert NasnetCellSpace(4).size == 3 * 6 * 10 * 8**8
    assert LayerwiseSearchSpace(NB201, 3).size == 15_625**3


def test_encodings_are_those_of_one_cell() -> None:
    """METHODS 2.1: 210 encodings of NAS-Bench-201; N = 10 active edges and k = 8 in the open domain."""
    assert len(encodings_of(LayerwiseSearchSpace(NB201, 4))) == 210
    assert len(encodings_of(LayerwiseSearchSpace(NasnetCellSpace(5), 24))) == comb(17, 7)


@pytest.mark.parametrize("cell", [NB201, NasnetCellSpace(5)], ids=lambda cell: cell.name)
def test_every_cell_is_a_sample_of_the_encoding(cell: SearchSpace) -> None:
    space = LayerwiseSearchSpace(cell, 6)
    counts = np.bincount([0, 0, 1, 2, 3, 3] if cell is NB201 else [0, 2, 2, 2, 2, 2, 2, 4, 5, 5], minlength=5)
    counts = np.pad(counts, (0, cell.num_operations - len(counts)))
    code = decode_counts(space, counts, np.random.default_rng(0))
    cells = space.cells(code[None])
    assert (operation_counts(cell, cells) == counts).all()
    assert len(np.unique(cells, axis=0)) == 6
    assert encode(space, code[None]).tolist() == [counts.tolist()]


def test_counts_of_the_whole_stack() -> None:
    space = LayerwiseSearchSpace(NB201, 2)
    code = space.place_operations([12, 0, 0, 0, 0], np.random.default_rng(0))
    assert code.tolist() == [0] * 12
    with pytest.raises(InvalidArchitecture):
        space.place_operations([13, 0, 0, 0, 0], np.random.default_rng(0))


@pytest.mark.parametrize("name", ["nasbench301", "nasbench101"])
def test_cells_that_do_not_stack(name: str) -> None:
    with pytest.raises(UnsupportedSpace, match=name):
        LayerwiseSearchSpace(get_search_space(name), 3)


def test_a_batch_of_anasod_bo_holds_distinct_encodings() -> None:
    space = LayerwiseSearchSpace(NB201, 4)
    optimizer = get_optimizer("anasod_bo")({"search": {"num_init": 4, "decoding": "random"}}).bind(space, 0, 16)
    for batch in range(4):
        codes = optimizer.ask(4)
        if batch:
            assert len(np.unique(encode(space, codes), axis=0)) == 4
        optimizer.tell(codes, smooth(space, codes))
