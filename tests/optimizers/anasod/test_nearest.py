from itertools import product

import numpy as np
import pytest

from naslib_ext.encodings.operation_distribution import encode, operation_counts
from naslib_ext.optimizers.anasod.nearest import walk_to_encoding
from naslib_ext.search_spaces import get_search_space

NB201 = get_search_space("nasbench201")


def test_the_nearest_architectures_of_nas_bench_201_are_found() -> None:
    """From [0, 0, 1, 2, 2, 3] to one 3 more and one 0 less: one edit, at either of two places."""
    code, encoding = np.array([0, 0, 1, 2, 2, 3], dtype=np.int8), np.array([1, 1, 2, 2, 0])
    found = walk_to_encoding(NB201, code, encoding, 64, np.random.default_rng(0))
    assert (encode(NB201, found) == encoding).all()
    edits = (found != code).sum(axis=1)
    assert (np.diff(edits) >= 0).all()
    nearest = {tuple(row) for row in found[edits == 1].tolist()}
    assert nearest == {(3, 0, 1, 2, 2, 3), (0, 3, 1, 2, 2, 3)}


def test_more_distant_ones_are_found_too() -> None:
    code, encoding = np.array([0, 0, 1, 2, 2, 3], dtype=np.int8), np.array([1, 1, 2, 2, 0])
    found = walk_to_encoding(NB201, code, encoding, 64, np.random.default_rng(0))
    members = [row for row in product(range(5), repeat=6) if sorted(row) == [0, 1, 2, 2, 3, 3]]
    within = {row for row in members if 1 < (np.array(row) != code).sum() <= 2}
    assert len({tuple(row) for row in found.tolist()} & within) >= len(within) // 2


def test_to_its_own_encoding_by_swaps() -> None:
    code = np.array([0, 1, 2, 2, 2, 3], dtype=np.int8)
    encoding = encode(NB201, code[None])[0]
    found = walk_to_encoding(NB201, code, encoding, 64, np.random.default_rng(0))
    edits = (found != code).sum(axis=1)
    assert edits[0] == 0 and (edits == 2).sum() >= 5 and (encode(NB201, found) == encoding).all()


@pytest.mark.parametrize("name", ["nasbench101", "nasbench301", "transbench101_macro", "nasbench_macro"])
@pytest.mark.parametrize("per_cell", [False, True])
def test_in_every_kind_of_space(name: str, per_cell: bool) -> None:
    space, rng = get_search_space(name), np.random.default_rng(0)
    code, goal = space.sample(2, rng)
    encoding = encode(space, goal[None], per_cell)[0]
    found = walk_to_encoding(space, code, encoding, 24, rng)
    assert len(found) and space.is_valid(found).all()
    assert (encode(space, found, per_cell) == encoding).all()
    if per_cell and space.num_cells > 1:
        assert (operation_counts(space, found, True) == encoding).all()


def test_what_cannot_be_reached_gives_nothing() -> None:
    space = get_search_space("nasbench101")
    found = walk_to_encoding(
        space, space.sample(1, np.random.default_rng(0))[0], np.array([9, 9, 9]), 8, np.random.default_rng(0)
    )
    assert found.shape == (0, space.num_positions)
