from collections.abc import Callable

import numpy as np
import pytest

from naslib_ext.benchmarks import TabularBenchmark
from naslib_ext.optimizers import Optimizer, get_optimizer
from naslib_ext.search_spaces import CategoricalSearchSpace, Codes
from naslib_ext.testing.made_up import smooth
from naslib_ext.testing.optimizer import OptimizerContract

SPACE = CategoricalSearchSpace("line", [4] * 5)


class TestContract(OptimizerContract):
    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("ls")


class TestContractFullNeighborhood(OptimizerContract):
    config = {"search": {"num_init": 2, "query_full_nbhd": True}}

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("ls")


def local(seed: int, full: bool, num_init: int = 3) -> Optimizer:
    return get_optimizer("ls")({"search": {"num_init": num_init, "query_full_nbhd": full}}).bind(SPACE, seed)


def test_it_is_as_good_as_an_independent_implementation(check_error: Callable[[str, float, float], None]) -> None:
    check_error("ls", 15.12, 0.95)


def test_the_published_settings_are_the_defaults() -> None:
    assert get_optimizer("ls")().settings == {"num_init": 10, "query_full_nbhd": False}


def is_neighbor(code: Codes, other: Codes) -> bool:
    return int((code != other).sum()) == 1


@pytest.mark.parametrize("seed", range(5))
def test_it_moves_at_the_first_improvement(seed: int) -> None:
    """Until the first local optimum, everything asked is a neighbour of the best so far."""
    optimizer = local(seed, full=False)
    start = optimizer.ask(3)
    optimizer.tell(start, smooth(SPACE, start))
    while True:
        assert optimizer.incumbent is not None
        center = optimizer.incumbent[0].copy()
        if not optimizer.is_new(SPACE.neighbors(center)).any():
            break  # a local optimum
        code = optimizer.ask(1)
        assert is_neighbor(center, code[0])
        optimizer.tell(code, smooth(SPACE, code))
    assert smooth(SPACE, SPACE.neighbors(center)).max() <= optimizer.incumbent[1]


@pytest.mark.parametrize("seed", range(5))
def test_the_full_neighborhood_is_asked_before_it_moves(seed: int) -> None:
    optimizer = local(seed, full=True)
    start = optimizer.ask(3)
    optimizer.tell(start, smooth(SPACE, start))
    for _ in range(3):
        assert optimizer.incumbent is not None
        center = optimizer.incumbent[0].copy()
        todo = SPACE.neighbors(center)
        todo = todo[optimizer.is_new(todo)]
        if not len(todo):
            break
        asked = []
        for _ in range(len(todo)):
            asked.append(optimizer.ask(1))
            optimizer.tell(asked[-1], smooth(SPACE, asked[-1]))
        assert set(SPACE.keys(np.concatenate(asked))) == set(SPACE.keys(todo))


def test_neighbors_come_in_random_order() -> None:
    def order(seed: int) -> list[bytes]:
        optimizer = local(seed, full=True, num_init=1)
        center = np.zeros((1, 5), dtype=np.int8)
        optimizer.tell(center, [1e9])
        optimizer.tell(optimizer.ask(1), [0.0])
        return SPACE.keys(optimizer.ask(10))

    assert len({tuple(order(seed)) for seed in range(5)}) == 5
    for seed in range(5):
        assert all(is_neighbor(np.zeros(5), np.frombuffer(key, dtype=np.int8)) for key in order(seed))


def test_it_starts_again_in_a_local_optimum() -> None:
    """Two peaks: the search visits both, wherever it begins."""
    peaks = np.array([[0] * 5, [3] * 5], dtype=np.int8)

    def score(codes: Codes) -> np.ndarray:
        steps = np.abs(codes[:, None].astype(float) - peaks).sum(axis=2)
        return np.where(codes.sum(axis=1) < 8, 10 - steps[:, 0], 11 - steps[:, 1])

    for seed in range(5):
        optimizer = get_optimizer("ls")({"search": {"num_init": 1}}).bind(SPACE, seed, budget=400)
        while len(codes := optimizer.ask(1)):
            optimizer.tell(codes, score(codes))
        told = set(SPACE.keys(optimizer.history[0]))
        assert set(SPACE.keys(peaks)) <= told
        assert optimizer.incumbent is not None and optimizer.incumbent[1] == 11


def test_a_batch_is_of_one_neighborhood(cifar10: TabularBenchmark) -> None:
    optimizer = get_optimizer("ls")().bind(cifar10.space, seed=0)
    first = optimizer.ask(10)
    scores = cifar10.score(first, "val_accuracy", 12)
    optimizer.tell(first, scores)
    batch = optimizer.ask(12)
    assert len(batch) == 12 and ((batch != first[np.argmax(scores)]).sum(axis=1) == 1).all()
