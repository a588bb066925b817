"""The encoding against definitions: enumerations, nearest points by brute force, and what decoding must give back."""

from collections import Counter
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naslib_ext.encodings.operation_distribution import (
    decode_counts,
    decode_distribution,
    draw_num_blocks,
    encode,
    encoding_neighbors,
    encodings_of,
    enumerate_counts,
    normalise,
    num_blocks,
    operation_counts,
    operation_distribution,
    round_to_counts,
)
from naslib_ext.errors import InvalidArchitecture, UnsupportedSpace
from naslib_ext.search_spaces import CategoricalSearchSpace, get_search_space, list_search_spaces
from naslib_ext.search_spaces.base import SearchSpace
from naslib_ext.testing.made_up import FEW, WIDE

SEEDS = st.integers(0, 2**32 - 1)
SPACES = sorted(list_search_spaces())
UNEVEN = ["mobilenet", "nasbench101", "transbench101_macro"]


def blank() -> SearchSpace:
    """A space whose positions mean nothing in common."""
    return SearchSpace("blank", [2, 3])


# encoding


def test_by_hand() -> None:
    space = get_search_space("nasbench201")
    codes = [[2, 2, 0, 3, 2, 2], [1] * 6]
    assert operation_counts(space, codes).tolist() == [[1, 0, 4, 1, 0], [0, 6, 0, 0, 0]]
    np.testing.assert_allclose(operation_distribution(space, codes)[0], np.array([1, 0, 4, 1, 0]) / 6, rtol=1e-6)


def test_absent_layers_do_not_count() -> None:
    space = get_search_space("transbench101_macro")
    assert operation_counts(space, [[1, 3, 2, 1, 0, 0]]).tolist() == [[2, 1, 1, 0]]
    assert operation_distribution(space, [[1, 3, 2, 1, 0, 0]]).tolist() == [[0.5, 0.25, 0.25, 0]]


def test_a_cell_without_live_vertices_has_an_empty_distribution() -> None:
    space = get_search_space("nasbench101")
    code = np.zeros((1, 26), dtype=np.int8)
    code[0, 5] = 1  # input -> output
    assert operation_distribution(space, code).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("name", SPACES)
def test_counts_of_every_space(name: str) -> None:
    space = get_search_space(name)
    codes = space.sample(40, np.random.default_rng(0))
    counts, shares = operation_counts(space, codes), operation_distribution(space, codes)
    for code, row in zip(codes, counts, strict=True):
        expected = Counter(space.operations(code[None])[0].tolist())
        assert row.tolist() == [expected[operation] for operation in range(space.num_operations)]
    assert counts.dtype == np.int64 and shares.dtype == np.float32
    used = counts.sum(axis=1) > 0
    np.testing.assert_allclose(shares[used].sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(shares * counts.sum(axis=1, keepdims=True), counts, atol=1e-5)


def test_both_cells_of_nasbench301_share_an_encoding_or_have_one_each() -> None:
    space = get_search_space("nasbench301")
    codes = space.sample(200, np.random.default_rng(0))
    separate = encode(space, codes, per_cell=True)
    assert separate.shape == (200, 14)
    for code, row in zip(codes, separate, strict=True):
        for cell, counts in zip(code.reshape(2, 8, 2), row.reshape(2, 7), strict=True):
            assert np.bincount(cell[:, 1], minlength=7).tolist() == counts.tolist()
    shared = encode(space, codes)
    assert shared.shape == (200, 7) and (shared.sum(axis=1) == 8).all()
    grid = enumerate_counts(7, 8)
    both = operation_counts(space, codes) / 2
    for row, target in zip(shared[:20], both[:20], strict=True):
        assert np.abs(row - target).sum() == pytest.approx(np.abs(grid - target).sum(axis=1).min())


def test_shares_of_each_cell_sum_to_one() -> None:
    space = get_search_space("nasbench301")
    shares = operation_distribution(space, space.sample(10, np.random.default_rng(0)), per_cell=True)
    np.testing.assert_allclose(shares.reshape(10, 2, 7).sum(axis=2), 1, rtol=1e-6)


def test_a_space_without_an_operation_view_is_refused() -> None:
    for function in (operation_counts, operation_distribution, encode):
        with pytest.raises(UnsupportedSpace):
            function(blank(), [[0, 0]])
    with pytest.raises(UnsupportedSpace):
        encodings_of(blank())


# rounding


@given(seed=SEEDS, k=st.integers(1, 5), total=st.integers(1, 8), sharp=st.sampled_from([0.2, 1.0, 5.0]))
@FEW
def test_rounding_gives_the_nearest_point(seed: int, k: int, total: int, sharp: float) -> None:
    points = np.random.default_rng(seed).dirichlet(np.full(k, sharp), 20)
    rounded, grid = round_to_counts(points, total), enumerate_counts(k, total)
    assert rounded.dtype == np.int64 and (rounded.sum(axis=1) == total).all() and rounded.min() >= 0
    for order in (1, 2, 3, np.inf):
        nearest = np.linalg.norm(grid[None] - total * points[:, None], ord=order, axis=2).min(axis=1)
        np.testing.assert_allclose(np.linalg.norm(rounded - total * points, ord=order, axis=1), nearest, atol=1e-9)


@given(seed=SEEDS)
@FEW
def test_grid_points_stay_where_they_are(seed: int) -> None:
    rng = np.random.default_rng(seed)
    totals = rng.integers(1, 21, 50)
    counts = np.stack([rng.multinomial(total, np.ones(7) / 7) for total in totals])
    np.testing.assert_array_equal(round_to_counts(counts / totals[:, None], totals), counts)
    np.testing.assert_array_equal(round_to_counts((counts / totals[:, None]).astype(np.float32), totals), counts)


def test_earlier_operations_win_ties() -> None:
    assert round_to_counts([[0.5, 0.5], [0.25, 0.75]], 3).tolist() == [[2, 1], [1, 2]]
    assert round_to_counts([[0.2] * 5, [1 / 3, 1 / 3, 1 / 3, 0, 0]], 7).tolist() == [[2, 2, 1, 1, 1], [3, 2, 2, 0, 0]]


# the grid


@given(k=st.integers(1, 6), total=st.integers(0, 7))
@FEW
def test_all_compositions(k: int, total: int) -> None:
    rows = enumerate_counts(k, total).tolist()
    expected = sorted(list(row) for row in product(range(total + 1), repeat=k) if sum(row) == total)
    assert rows == expected and len(rows) == comb(total + k - 1, k - 1)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("nasbench201", 210), ("transbench101_micro", 84), ("nasbench301", 3_003), ("nasbench_macro", 45),
        ("shufflenetv2", 1_771), ("fairnas", 42_504),
    ],
)  # fmt: skip
def test_published_numbers_of_encodings(name: str, number: int) -> None:
    space = get_search_space(name)
    encodings = encodings_of(space)
    assert len(encodings) == len(np.unique(encodings, axis=0)) == number
    assert (encodings.sum(axis=1) == num_blocks(space)).all()


@pytest.mark.parametrize("space", [get_search_space("nasbench201"), get_search_space("nasbench_macro"), WIDE])
def test_encodings_are_those_of_all_architectures(space: SearchSpace) -> None:
    np.testing.assert_array_equal(encodings_of(space), np.unique(encode(space, space.enumerate()), axis=0))


@pytest.mark.parametrize("name", UNEVEN)
def test_where_the_number_of_blocks_varies(name: str) -> None:
    space = get_search_space(name)
    assert num_blocks(space) is None
    with pytest.raises(UnsupportedSpace, match="varies"):
        encodings_of(space)
    drawn = draw_num_blocks(space, 4_000, np.random.default_rng(0))
    own = (space.operations(space.sample(4_000, np.random.default_rng(1))) >= 0).sum(axis=1)
    numbers = np.arange(21)
    np.testing.assert_allclose((drawn[:, None] == numbers).mean(0), (own[:, None] == numbers).mean(0), atol=0.04)


def test_too_many_encodings_are_not_listed() -> None:
    with pytest.raises(UnsupportedSpace, match="too many"):
        encodings_of(CategoricalSearchSpace("large", [20] * 20))


@given(seed=SEEDS, k=st.integers(1, 6), total=st.integers(0, 7), cells=st.integers(1, 2))
@FEW
def test_neighbors_move_one_unit(seed: int, k: int, total: int, cells: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(total, np.ones(k) / k, size=cells).reshape(-1)
    near = encoding_neighbors(counts, cells)
    grid = np.array([np.concatenate(rows) for rows in product(enumerate_counts(k, total), repeat=cells)])
    adjacent = grid[np.abs(grid - counts).sum(axis=1) == 2]
    assert sorted(near.tolist()) == sorted(adjacent.tolist())
    np.testing.assert_array_equal(encoding_neighbors(counts, cells), near)


def test_the_papers_example_of_neighbors() -> None:
    near = {tuple(row) for row in encoding_neighbors([1, 1, 3]).tolist()}
    assert near == {(0, 1, 4), (1, 0, 4), (0, 2, 3), (2, 0, 3), (1, 2, 2), (2, 1, 2)}


# decoding


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("per_cell", [False, True])
def test_decoding_inverts_encoding(name: str, per_cell: bool) -> None:
    space, rng = get_search_space(name), np.random.default_rng(0)
    for encoding in encode(space, space.sample(30, rng), per_cell):
        code = decode_counts(space, encoding, rng)
        assert space.is_valid(code[None])[0]
        assert encode(space, code[None], per_cell)[0].tolist() == encoding.tolist()
        if per_cell is False and space.num_cells > 1:
            np.testing.assert_array_equal(
                operation_counts(space, code[None], per_cell=True)[0], np.tile(encoding, space.num_cells)
            )


@given(seed=SEEDS)
@FEW
def test_every_encoding_of_uneven_positions_can_be_decoded(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for encoding in rng.permutation(encodings_of(WIDE))[:20]:
        assert encode(WIDE, decode_counts(WIDE, encoding, rng)[None])[0].tolist() == encoding.tolist()


@pytest.mark.parametrize("counts", [[0, 0, 0, 0, 6], [7, 0, 0, 0, 0], [0, 0, 0, 6, 0]])
def test_what_no_architecture_has_is_refused(counts: list[int]) -> None:
    with pytest.raises(InvalidArchitecture):
        decode_counts(WIDE, counts, np.random.default_rng(0))


def test_all_architectures_of_an_encoding_are_equally_likely() -> None:
    space, rng = get_search_space("nasbench201"), np.random.default_rng(0)
    drawn = Counter(decode_counts(space, [0, 0, 4, 1, 1], rng).tobytes() for _ in range(6_000))
    assert len(drawn) == 30
    np.testing.assert_allclose(np.array(list(drawn.values())) / 6_000, 1 / 30, atol=0.01)


def test_blocks_draw_independently() -> None:
    space, rng = get_search_space("nasbench201"), np.random.default_rng(0)
    p = np.array([0.5, 0.1, 0.2, 0.2, 0.0])
    codes = np.stack([decode_distribution(space, p, rng) for _ in range(6_000)])
    for position in range(6):
        np.testing.assert_allclose(np.bincount(codes[:, position], minlength=5) / 6_000, p, atol=0.025)
    both = np.bincount(codes[:, 0] * 5 + codes[:, 3], minlength=25).reshape(5, 5) / 6_000
    np.testing.assert_allclose(both, np.outer(p, p), atol=0.02)


def test_each_cell_draws_from_its_own_distribution() -> None:
    space, rng = get_search_space("nasbench301"), np.random.default_rng(0)
    p = np.zeros(14)
    p[[2, 3]], p[[7 + 0, 7 + 6]] = 0.5, 0.5
    codes = np.stack([decode_distribution(space, p, rng) for _ in range(300)])
    shares = operation_distribution(space, codes, per_cell=True).mean(axis=0)
    np.testing.assert_allclose(shares, p, atol=0.05)


@pytest.mark.parametrize("name", UNEVEN)
def test_uneven_spaces_decode_distributions(name: str) -> None:
    space, rng = get_search_space(name), np.random.default_rng(0)
    p = rng.dirichlet(np.ones(space.num_operations))
    codes = np.stack([decode_distribution(space, p, rng) for _ in range(40)])
    assert space.is_valid(codes).all() and len(np.unique(operation_counts(space, codes).sum(axis=1))) > 1


def test_a_distribution_that_no_architecture_has_is_refused() -> None:
    with pytest.raises(InvalidArchitecture, match="transbench101_macro"):
        decode_distribution(get_search_space("transbench101_macro"), [1, 0, 0, 0], np.random.default_rng(0))


def test_normalising_nothing() -> None:
    assert normalise(get_search_space("nasbench201"), np.empty((0, 5))).shape == (0, 5)
    assert encode(get_search_space("nasbench201"), np.empty((0, 6), dtype=np.int8)).shape == (0, 5)
