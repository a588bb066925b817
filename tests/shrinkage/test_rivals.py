from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.errors import UnknownName, UnsupportedSpace
from naslib_ext.search_spaces import CategoricalSearchSpace, Codes, SearchSpace, get_search_space
from naslib_ext.search_spaces.distinct import distinct
from naslib_ext.shrinkage.operators import Operators
from naslib_ext.shrinkage.rivals import METHODS, Task, available, shrink_by

SPACES = ("nasbench201", "transbench101_macro", "mobilenet", "nasbench301", "fairnas", "nasbench101")


def task(space: SearchSpace, size: int = 200, queries: int = 4000) -> Task:
    """The score is additive: cheap, and the same for all of a predictor's queries."""
    weights = np.random.default_rng(5).normal(size=(space.num_positions, int(space.cardinalities.max())))
    places = np.arange(space.num_positions)
    return Task(space, lambda codes: weights[places, codes].sum(axis=1), size, queries, space.key)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("name", ["abs", "pad_nas", "nse", "greedy_nas", "random_top", "random"])
def test_every_method_keeps_a_valid_part(name: str, space: str) -> None:
    given = task(get_search_space(space))
    found = shrink_by(name, given, np.random.default_rng(0))
    assert given.space.is_valid(found.codes).all() and 1 <= len(found.codes) <= found.size <= 200
    assert len(distinct(given.space, found.codes, given.key)) == len(found.codes)
    if name != "random":
        random = shrink_by("random", given, np.random.default_rng(0))
        assert given.predict(found.codes).mean() > given.predict(random.codes).mean()


@pytest.mark.parametrize("name", sorted(METHODS))
def test_the_seed_decides(name: str) -> None:
    given = task(get_search_space("nasbench_macro"), 50)
    first, again = (shrink_by(name, given, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(first.codes, again.codes)
    assert first[1:] == again[1:]


def test_top_k_is_all_that_is_best(tables: Path) -> None:
    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    given = Task(benchmark.space, benchmark.score, 100, 0, "code")
    found = shrink_by("top_k", given, np.random.default_rng(0))
    everything = np.sort(benchmark.score(benchmark.space.enumerate()))
    np.testing.assert_array_equal(np.sort(benchmark.score(found.codes)), everything[-100:])
    assert found.queries == 15_625


def test_top_k_needs_a_list() -> None:
    space = get_search_space("nasbench301")
    assert not available("top_k", space) and available("abs", space)
    with pytest.raises(UnsupportedSpace):
        shrink_by("top_k", task(space), np.random.default_rng(0))


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(UnknownName, match="'abs'"):
        shrink_by("asb", task(get_search_space("nasbench201")), np.random.default_rng(0))


LINE = CategoricalSearchSpace("line", [3, 4, 2])


def additive(codes: Codes) -> NDArray[np.float64]:
    """Low values are good, most of all at the first position."""
    return -codes.astype(float) @ np.array([10.0, 1.0, 0.1])


def test_abs_drops_the_worst_operators_one_after_the_other() -> None:
    """A ninth of nine operators a stage: value 2 of the first position, then 1, then values 3 and 2 of the second."""
    given = Task(LINE, additive, 6, 0, "code")
    found = shrink_by("abs", given, np.random.default_rng(0))
    assert {tuple(row) for row in found.codes.tolist()} == {(0, b, c) for b in range(3) for c in range(2)}
    assert found.size == 6


def test_pad_nas_keeps_what_the_best_use() -> None:
    found = shrink_by("pad_nas", Task(LINE, additive, 4, 0, "code"), np.random.default_rng(0))
    assert (found.codes[:, 0] == 0).all() and found.size <= 4


def test_random_shares_are_the_best_of_a_sample() -> None:
    given = task(get_search_space("nasbench301"), 60)
    means = [
        given.predict(shrink_by(f"random_top_{share}", given, np.random.default_rng(0)).codes).mean()
        for share in (30, 20, 10, 5)
    ]
    assert (np.diff(means) > 0).all()


class TestOperators:
    def test_members_are_the_product(self) -> None:
        operators, rng = Operators(LINE), np.random.default_rng(0)
        assert operators.size(rng) == 24
        operators.allowed[0, 1] = False
        assert operators.size(rng) == 16 and len(operators.members(100, rng)) == 16
        assert not (operators.members(100, rng)[:, 0] == 1).any() and len(operators.members(5, rng)) == 5

    def test_means_and_frequencies(self) -> None:
        codes = np.array([[0, 1, 0], [0, 2, 1]], dtype=np.int8)
        operators = Operators(LINE)
        means = operators.means(codes, np.array([1.0, 3.0]))
        assert means[0, 0] == 2 and means[1, 1] == 1 and means[1, 2] == 3 and np.isnan(means[0, 1])
        assert operators.frequencies(codes)[0].tolist() == [2, 0, 0, 0]

    def test_the_last_operator_stays(self) -> None:
        operators, rng = Operators(LINE), np.random.default_rng(0)
        worth = np.arange(12.0).reshape(3, 4)
        assert operators.drop(worth, 100, 1, rng) == 6
        assert operators.allowed.sum(axis=1).tolist() == [1, 1, 1] and operators.size(rng) == 1

    def test_something_valid_stays(self) -> None:
        """In nasbench301 the first node needs the sources 0 and 1."""
        space, rng = get_search_space("nasbench301"), np.random.default_rng(0)
        operators = Operators(space)
        worth = np.random.default_rng(1).random(operators.allowed.shape)
        operators.drop(worth, 1000, 1, rng)
        assert len(operators.members(1, rng)) == 1

    @pytest.mark.parametrize("name", sorted(set(SPACES) - {"nasbench101"}))
    def test_sizes_are_exact(self, name: str) -> None:
        space = get_search_space(name)
        assert Operators(space).size(np.random.default_rng(0)) == pytest.approx(space.size, rel=1e-12)

    def test_sizes_are_estimated_where_blocks_hang_together(self) -> None:
        space = get_search_space("nasbench101")
        assert Operators(space).size(np.random.default_rng(0)) == pytest.approx(space.size, rel=0.05)

    def test_functions_count_once(self) -> None:
        space, rng = get_search_space("nasbench101"), np.random.default_rng(0)
        operators = Operators(space, "canonical")
        operators.allowed[8:21, 1] = False  # edges of the first vertices alone
        codes = operators.members(10**6, rng)
        assert len(set(space.keys(codes, "canonical"))) == len(codes) == operators.size(rng)
