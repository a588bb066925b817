"""The operation view that ANASOD needs, for every registered space."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naslib_ext.errors import InvalidArchitecture
from naslib_ext.search_spaces import CategoricalSearchSpace, get_search_space, list_search_spaces
from naslib_ext.testing.made_up import FEW

SPACES = sorted(list_search_spaces())


@pytest.mark.parametrize("name", SPACES)
def test_blocks_hold_what_they_say(name: str) -> None:
    space = get_search_space(name)
    operations = space.operations(space.sample(2_000, np.random.default_rng(0)))
    blocks = space.block_operations
    assert operations.shape[1] % space.num_cells == 0
    if blocks is None:
        assert len(np.unique((operations >= 0).sum(axis=1))) > 1
        return
    assert blocks.shape == (operations.shape[1], space.num_operations)
    for position, choices in enumerate(blocks):
        assert np.unique(operations[:, position]).tolist() == np.flatnonzero(choices).tolist()


def test_positions_with_vocabularies_of_their_own() -> None:
    space = CategoricalSearchSpace("named", [2, 3], [["skip", "conv3"], ["conv3", "conv5", "skip"]])
    assert space.block_operations.tolist() == [[True, True, False], [True, True, True]]


@given(seed=st.integers(0, 2**32 - 1))
@FEW
def test_rare_orders_are_found(seed: int) -> None:
    """One order in 12! fits here, so that shuffling alone would not find it."""
    choices = [[f"op{position}", f"op{(position + 1) % 12}"] for position in range(12)]
    space = CategoricalSearchSpace("ring", [2] * 12, choices)
    rng = np.random.default_rng(seed)
    counts = np.zeros(12, dtype=np.int64)
    np.add.at(counts, space.operations(space.sample(1, rng))[0], 1)
    placed = space.place_operations(counts, rng)
    assert np.bincount(space.operations(placed[None])[0], minlength=12).tolist() == counts.tolist()
    with pytest.raises(InvalidArchitecture):
        space.place_operations([3, *[0] * 8, 3, 3, 3], rng)


# several cells


def test_each_cell_of_nasbench301_gets_its_own_operations() -> None:
    space, rng = get_search_space("nasbench301"), np.random.default_rng(0)
    counts = np.array([[0, 0, 8, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 2]])
    operations = space.operations(np.stack([space.place_operations(counts, rng) for _ in range(400)]))
    assert (operations[:, :8] == 2).all()
    shares = [np.bincount(column, minlength=7) / 400 for column in operations[:, 8:].T]
    np.testing.assert_allclose(shares, np.tile(counts[1] / 8, (8, 1)), atol=0.08)


def test_16_operations_of_nasbench301_go_anywhere() -> None:
    space, rng = get_search_space("nasbench301"), np.random.default_rng(0)
    placed = [space.place_operations([15, 0, 0, 1, 0, 0, 0], rng) for _ in range(100)]
    places = {int(space.operations(code[None])[0].argmax()) for code in placed}
    assert len(places) > 12


@pytest.mark.parametrize(
    "counts", [[8, 0, 0, 0, 0, 0, 0], [[8, 0, 0, 0, 0, 0, 0]] * 3, [[8, 0, 0, 0, 0, 0, 0], [9, 0, 0, 0, 0, 0, 0]]]
)
def test_other_counts_of_nasbench301_are_refused(counts: list[object]) -> None:
    with pytest.raises(InvalidArchitecture):
        get_search_space("nasbench301").place_operations(counts, np.random.default_rng(0))


def test_cells_are_refused_where_there_are_none() -> None:
    space = get_search_space("nasbench201")
    with pytest.raises(InvalidArchitecture):
        space.place_operations([[3, 3, 0, 0, 0], [3, 3, 0, 0, 0]], np.random.default_rng(0))
    assert space.place_operations([[3, 3, 0, 0, 0]], np.random.default_rng(0)).shape == (6,)
