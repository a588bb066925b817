from collections.abc import Callable

import numpy as np
import pytest

from naslib_ext.optimizers import Optimizer, get_optimizer
from naslib_ext.search_spaces import SearchSpace, get_search_space
from naslib_ext.testing.made_up import WIDE, smooth
from naslib_ext.testing.optimizer import OptimizerContract

Score = Callable[[SearchSpace, np.ndarray], np.ndarray]


class TestAdjacency(OptimizerContract):
    config = {"search": {"num_init": 4, "num_candidates": 60}}
    budget = 16

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("adj_bo")


class TestPath(OptimizerContract):
    config = {"search": {"num_init": 3, "num_candidates": 40, "refit_every": 1}}
    budget = 12

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("path_bo")


def best_of(name: str, space: SearchSpace, score: Score, seed: int = 0, queries: int = 50) -> float:
    optimizer = get_optimizer(name)().bind(space, seed, queries)
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, score(space, codes))
    assert optimizer.incumbent is not None
    return optimizer.incumbent[1]


@pytest.mark.parametrize("name", ["adj_bo", "path_bo"])
def test_it_begins_as_random_search(name: str) -> None:
    space = get_search_space("nasbench201")
    first, drawn = (get_optimizer(other)().bind(space, seed=3).ask(10) for other in (name, "rs"))
    np.testing.assert_array_equal(first, drawn)


def test_it_beats_random_search_where_edits_change_little() -> None:
    for seed in range(3):
        assert best_of("adj_bo", WIDE, smooth, seed) > best_of("rs", WIDE, smooth, seed)


def test_it_beats_random_search_where_a_path_decides() -> None:
    """The score counts how often operation 2 stands on the shortest paths of NAS-Bench-201."""

    def score(space: SearchSpace, codes: np.ndarray) -> np.ndarray:
        return ((codes == 2) * [1.0, 1.3, 3.0, 0.1, 1.1, 1.2]).sum(axis=1)

    space = get_search_space("nasbench201")
    gains = [best_of("path_bo", space, score, seed) - best_of("rs", space, score, seed) for seed in range(4)]
    assert np.mean(gains) > 0
