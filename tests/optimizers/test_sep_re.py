import numpy as np
import pytest

from naslib_ext.errors import ConfigError
from naslib_ext.optimizers import Optimizer, get_optimizer
from naslib_ext.search_spaces import CategoricalSearchSpace, get_search_space
from naslib_ext.testing.made_up import smooth
from naslib_ext.testing.optimizer import OptimizerContract

SPACE = CategoricalSearchSpace("line", [5] * 8)


class TestContract(OptimizerContract):
    config = {"search": {"population_size": 8, "sample_size": 3}}

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("sep_re")


class TestStandardCrossover(TestContract):
    config = {"search": {"population_size": 8, "sample_size": 3, "crossover": "standard"}}


def run(name: str, queries: int, space_name: str = "nasbench201", **search: object) -> np.ndarray:
    optimizer = get_optimizer(name)({"search": search}).bind(get_search_space(space_name), seed=3, budget=queries)
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, smooth(optimizer.space, codes))
    return optimizer.history[0]


@pytest.mark.parametrize("space_name", ["nasbench201", "nasbench101"])
def test_without_crossover_it_is_regularized_evolution(space_name: str) -> None:
    plain = run("re", 80, space_name)
    np.testing.assert_array_equal(run("sep_re", 80, space_name, crossover="none"), plain)
    assert (run("sep_re", 80, space_name) != plain).any()


@pytest.mark.parametrize("crossover", ["sep", "standard"])
def test_children_lie_between_two_of_the_living(crossover: str) -> None:
    """Every other child: each of its positions is one parent's, and with ``sep`` half of what differs is either's."""
    config = {"search": {"population_size": 6, "sample_size": 2, "crossover": crossover}}
    optimizer = get_optimizer("sep_re")(config).bind(SPACE, seed=1, budget=80)
    told = np.empty((0, 8), dtype=np.int8)
    crossed = 0
    for step in range(80):
        code = optimizer.ask(1)
        if step >= 6 and step % 2:
            living = told[-6:]
            a, b = (living[index.ravel()] for index in np.indices((6, 6)))
            between = ((code == a) | (code == b)).all(axis=1) & (a != b).any(axis=1)
            if crossover == "sep":
                from_b = (code == b).sum(axis=1) - (a == b).sum(axis=1)
                between &= from_b == ((a != b).sum(axis=1) + 1) // 2
            crossed += between.any()
        optimizer.tell(code, smooth(SPACE, code))
        told = np.concatenate([told, code])
    assert crossed > 25  # of 37: the population converges, and then mutants are all that is new


def test_mutants_alternate_with_crossovers() -> None:
    config = {"search": {"population_size": 6, "sample_size": 2}}
    optimizer = get_optimizer("sep_re")(config).bind(SPACE, seed=1, budget=60)
    told = np.empty((0, 8), dtype=np.int8)
    for step in range(60):
        code = optimizer.ask(1)
        if step >= 6 and step % 2 == 0:
            assert ((told[-6:] != code).sum(axis=1) == 1).any()
        optimizer.tell(code, smooth(SPACE, code))
        told = np.concatenate([told, code])


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"search\.crossover"):
        get_optimizer("sep_re")({"search": {"crossover": "two_point"}})
