from collections.abc import Callable

import numpy as np
import pytest

from naslib_ext.benchmarks import TabularBenchmark
from naslib_ext.errors import ConfigError
from naslib_ext.optimizers import Optimizer, get_optimizer
from naslib_ext.search_spaces import CategoricalSearchSpace, get_search_space
from naslib_ext.testing.optimizer import OptimizerContract, smooth

SPACE = CategoricalSearchSpace("line", [5] * 6)


class TestContract(OptimizerContract):
    config = {"search": {"population_size": 8, "sample_size": 3}}

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("re")


class TestPublishedSettings(OptimizerContract):
    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("re")


def evolution(population: int, sample: int, seed: int = 0, budget: int | None = None) -> Optimizer:
    config = {"search": {"population_size": population, "sample_size": sample}}
    return get_optimizer("re")(config).bind(SPACE, seed, budget)


def test_it_is_as_good_as_an_independent_implementation(check_error: Callable[[str, float, float], None]) -> None:
    check_error("re", 15.21, 0.81)


def test_naslibs_settings_are_the_defaults() -> None:
    assert get_optimizer("re")().settings == {"population_size": 30, "sample_size": 10}


@pytest.mark.parametrize("search", [{"population_size": 0}, {"sample_size": 0}, {"sample_size": "many"}])
def test_impossible_settings_are_refused(search: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"search.{next(iter(search))}"):
        get_optimizer("re")({"search": search})


@pytest.mark.parametrize("seed", range(5))
def test_children_are_mutants_of_the_living(seed: int) -> None:
    """Each architecture after the first ones is a single edit of one of the newest ``population_size``."""
    optimizer = evolution(6, 3, seed)
    told = np.empty((0, 6), dtype=np.int8)
    for step in range(120):
        codes = optimizer.ask(1)
        if step >= 6:
            assert ((told[-6:] != codes).sum(axis=1) == 1).any()
        optimizer.tell(codes, smooth(SPACE, codes))
        told = np.concatenate([told, codes])


def test_the_parent_wins_its_tournament() -> None:
    """With a tournament much larger than the population the parent is the best of the living."""
    optimizer = evolution(5, 200)
    told = np.empty((0, 6), dtype=np.int8)
    for step in range(60):
        codes = optimizer.ask(1)
        if step >= 5:
            living = told[-5:]
            parent = living[np.argmax(smooth(SPACE, living))]
            assert (parent != codes[0]).sum() == 1
        optimizer.tell(codes, smooth(SPACE, codes))
        told = np.concatenate([told, codes])


def test_the_oldest_dies_however_good_it_is() -> None:
    optimizer = evolution(4, 200)
    first = optimizer.ask(4)
    optimizer.tell(first, [1e9, 1, 2, 3])
    children = optimizer.ask(4)
    assert ((children != first[0]).sum(axis=1) == 1).all()
    optimizer.tell(children[:1], [0.0])
    best_left = first[3]
    assert ((optimizer.ask(10) != best_left).sum(axis=1) == 1).all()


def test_the_first_population_is_drawn_at_random() -> None:
    space = get_search_space("nasbench201")
    evolved, drawn = (get_optimizer(name)().bind(space, seed=2).ask(30) for name in ("re", "rs"))
    np.testing.assert_array_equal(evolved, drawn)


def test_a_batch_comes_from_one_population(cifar10: TabularBenchmark) -> None:
    optimizer = get_optimizer("re")().bind(cifar10.space, seed=0, budget=200)
    first = optimizer.ask(30)
    optimizer.tell(first, cifar10.score(first, "val_accuracy", 12))
    children = optimizer.ask(20)
    assert ((first[:, None] != children[None]).sum(axis=2) == 1).any(axis=0).all()
    optimizer.tell(children[::-1], cifar10.score(children[::-1], "val_accuracy", 12))
    living = np.concatenate([first[20:], children])
    grandchildren = optimizer.ask(25)
    assert len(grandchildren) == 25
    assert ((living[:, None] != grandchildren[None]).sum(axis=2) == 1).any(axis=0).all()


def test_what_the_caller_does_with_its_arrays_does_not_matter() -> None:
    optimizer = evolution(4, 200)
    codes = optimizer.ask(4)
    kept = codes.copy()
    optimizer.tell(codes, [0, 1, 2, 3])
    codes[:] = 4
    assert ((optimizer.ask(5) != kept[3]).sum(axis=1) == 1).all()
