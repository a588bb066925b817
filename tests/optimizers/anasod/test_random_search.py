import numpy as np
import pytest

from naslib_ext.encodings.operation_distribution import encode, enumerate_counts, operation_distribution
from naslib_ext.errors import ConfigError, UnsupportedSpace
from naslib_ext.optimizers import Optimizer, get_optimizer
from naslib_ext.search_spaces import get_search_space, list_search_spaces
from naslib_ext.search_spaces.base import SearchSpace
from naslib_ext.testing.made_up import smooth
from naslib_ext.testing.optimizer import OptimizerContract

NB201 = get_search_space("nasbench201")


class TestRandomSearch(OptimizerContract):
    budget = 24

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("anasod_rs")


class TestBiased(OptimizerContract):
    budget = 24

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("anasod_brs")


class TestBiasedCounts(OptimizerContract):
    budget = 24
    config = {"search": {"decoding": "counts", "beta_max": 32.0, "T": 20}}

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("anasod_brs")


def test_the_papers_settings_are_the_defaults() -> None:
    assert get_optimizer("anasod_brs")().settings == {
        "per_cell": False, "decoding": "blocks", "beta_max": 2.0, "T": 0,
    }  # fmt: skip


@pytest.mark.parametrize("search", [{"decoding": "c"}, {"beta_max": -1}, {"T": -1}])
def test_impossible_settings_are_refused(search: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"search.{next(iter(search))}"):
        get_optimizer("anasod_brs")({"search": search})


@pytest.mark.parametrize("name", ["anasod_rs", "anasod_brs", "anasod_ls"])
def test_a_space_without_an_operation_view_is_refused(name: str) -> None:
    with pytest.raises(UnsupportedSpace):
        get_optimizer(name)().bind(SearchSpace("blank", [2, 3]))


@pytest.mark.parametrize("name", sorted(list_search_spaces()))
@pytest.mark.parametrize("decoding", ["counts", "blocks"])
def test_every_space(name: str, decoding: str) -> None:
    space = get_search_space(name)
    optimizer = get_optimizer("anasod_brs")({"search": {"decoding": decoding, "per_cell": True}}).bind(space, budget=12)
    asked = 0
    while len(codes := optimizer.ask(1)):
        assert space.is_valid(codes).all()
        optimizer.tell(codes, smooth(space, codes))
        asked += 1
    assert asked == 12


def first_shares(search: dict[str, object], number: int) -> np.ndarray:
    """Distributions of the first architectures of many searches: a single one never asks twice."""
    optimizer = get_optimizer("anasod_rs")({"search": search})
    return operation_distribution(NB201, np.concatenate([optimizer.bind(NB201, s).ask(1) for s in range(number)]))


def test_blocks_draw_from_the_uniform_dirichlet() -> None:
    """A share in p ~ Dir(1, ..., 1) has the variance (k - 1) / (k^2 (k + 1)); N draws add E[p (1 - p)] / N."""
    shares = first_shares({"decoding": "blocks"}, 2_000)
    variance = 4 / (25 * 6)
    np.testing.assert_allclose(shares.mean(axis=0), 0.2, atol=0.02)
    np.testing.assert_allclose(shares.var(axis=0), variance + (1 / 5 - variance - 1 / 25) / 6, rtol=0.12)


def test_counts_are_rounded_from_the_uniform_dirichlet() -> None:
    """Against the grid points that are nearest to draws of our own."""
    shares = first_shares({"decoding": "counts"}, 2_000)
    grid = enumerate_counts(5, 6) / 6
    points = np.random.default_rng(0).dirichlet(np.ones(5), 10_000)
    nearest = grid[np.linalg.norm(points[:, None] - grid, axis=2).argmin(axis=1)]
    np.testing.assert_allclose(shares.mean(axis=0), nearest.mean(axis=0), atol=0.02)
    np.testing.assert_allclose(shares.var(axis=0), nearest.var(axis=0), rtol=0.12)


HALF = [[2, 2, 2, 3, 4, 0]]
"""Half of its operations are 3x3 convolutions."""


def told(name: str, search: dict[str, object], asked: int, budget: int | None, seed: int) -> Optimizer:
    """A search whose best architecture is ``HALF``, after ``asked`` further queries that were bad."""
    optimizer = get_optimizer(name)({"search": search}).bind(NB201, seed, budget)
    optimizer.tell(HALF, [100.0])
    codes = optimizer.ask(asked)
    optimizer.tell(codes, np.zeros(len(codes)))
    return optimizer


@pytest.mark.parametrize(
    ("asked", "budget", "search", "beta"),
    [
        (0, 20, {"beta_max": 8.0}, 0), (10, 20, {"beta_max": 8.0}, 4), (10, None, {"beta_max": 8.0, "T": 10}, 8),
        (15, None, {"beta_max": 8.0, "T": 10}, 8), (15, None, {"beta_max": 40.0}, 2), (10, 20, {}, 1),
    ],
)  # fmt: skip
def test_the_bias_grows_with_the_queries(
    asked: int, budget: int | None, search: dict[str, object], beta: float
) -> None:
    """The mean of Dir(k beta p + 1) is (k beta p + 1) / (k beta + k), with p = 1/2 here."""
    codes = [told("anasod_brs", search, asked, budget, seed).ask(1) for seed in range(200)]
    share = operation_distribution(NB201, np.concatenate(codes))[:, 2].mean()
    assert share == pytest.approx((2.5 * beta + 1) / (5 * beta + 5), abs=0.05)


def test_without_bias_the_two_are_the_same() -> None:
    plain = told("anasod_rs", {}, 30, 60, seed=3)
    biased = told("anasod_brs", {"beta_max": 0.0}, 30, 60, seed=3)
    np.testing.assert_array_equal(plain.ask(30), biased.ask(30))


def test_both_cells_share_the_encoding_unless_told_otherwise() -> None:
    space = get_search_space("nasbench301")
    for per_cell in (False, True):
        optimizer = get_optimizer("anasod_rs")({"search": {"per_cell": per_cell, "decoding": "counts"}}).bind(space)
        cells = encode(space, optimizer.ask(30), per_cell=True).reshape(30, 2, 7)
        assert (cells[:, 0] == cells[:, 1]).all() == (not per_cell)
