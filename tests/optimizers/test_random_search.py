from collections.abc import Callable

import numpy as np
import pytest

from naslib_ext.optimizers import Optimizer, get_optimizer
from naslib_ext.search_spaces import get_search_space
from naslib_ext.testing.optimizer import OptimizerContract


class TestContract(OptimizerContract):
    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("rs")


def test_it_is_as_good_as_an_independent_implementation(check_error: Callable[[str, float, float], None]) -> None:
    check_error("rs", 15.87, 0.03)


def test_it_does_not_learn() -> None:
    space = get_search_space("nasbench201")
    told, untold = (get_optimizer("rs")().bind(space, seed=3) for _ in range(2))
    for _ in range(50):
        codes = told.ask(2)
        np.testing.assert_array_equal(untold.ask(2), codes)
        told.tell(codes, codes.sum(axis=1))


def test_batches_are_the_same_architectures() -> None:
    space = get_search_space("nasbench201")
    one, many = (get_optimizer("rs")().bind(space, seed=4, budget=60) for _ in range(2))
    np.testing.assert_array_equal(many.ask(100), np.concatenate([one.ask(1) for _ in range(60)]))


def test_it_draws_from_the_spaces_distribution() -> None:
    space = get_search_space("nasbench201")
    codes = get_optimizer("rs")().bind(space, seed=0).ask(4_000)
    assert len(np.unique(codes, axis=0)) == len(codes)
    assert (codes[:, [0, 1, 2]] != 1).any(axis=1).all(), "NASLib draws no cell whose input is cut off"
    shares = np.stack([(codes == operation).mean(axis=0) for operation in range(5)])
    everything = space.sample(100_000, np.random.default_rng(0))
    expected = np.stack([(everything == operation).mean(axis=0) for operation in range(5)])
    np.testing.assert_allclose(shares, expected, atol=0.03)


def test_the_best_new_architecture_is_found_behind_many_names_of_a_known_one() -> None:
    """In NAS-Bench-101 the operations of dead vertices are in the code, and are not part of the architecture."""
    space = get_search_space("nasbench101")
    same = np.zeros((10, 26), dtype=np.int8)
    same[:, 5] = 1  # input -> output, nothing else
    same[:, 21:] = np.stack(np.unravel_index(np.arange(10), (3,) * 5), axis=1)
    other = same[:1].copy()
    other[0, [0, 10]] = 1
    optimizer = get_optimizer("rs")().bind(space)
    optimizer.tell(same[:1], [1.0])
    codes = np.concatenate([same, other])
    best = optimizer._best_new(codes, np.arange(11.0)[::-1])
    assert best is not None and best.tolist() == other[0].tolist()
    optimizer.tell(other, [2.0])
    assert optimizer._best_new(codes, np.arange(11.0)) is None
