from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from naslib_ext.benchmarks import TabularBenchmark
from naslib_ext.errors import ConfigError
from naslib_ext.optimizers import Optimizer, get_optimizer
from naslib_ext.optimizers.base import FreeScores
from naslib_ext.search_spaces import CategoricalSearchSpace, Codes, SearchSpace, get_search_space
from naslib_ext.testing.made_up import smooth
from naslib_ext.testing.optimizer import OptimizerContract

SPACE = CategoricalSearchSpace("line", [5] * 6)


class TestContract(OptimizerContract):
    config = {"search": {"population_size": 5}}
    budget = 12

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("delta_nas")


class TestGuidedLocalSearch(OptimizerContract):
    """Without labels, each member in turn, random restarts: the other value of every setting."""

    config = {
        "search": {
            "population_size": 4, "step": "each", "restart": "random", "restart_every": 0,
            "training": "zero_cost", "proxy_sample": 20,
        }
    }  # fmt: skip
    budget = 12

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("delta_nas")

    def free(self, space: SearchSpace) -> FreeScores:
        return {"zen": lambda codes: smooth(space, np.asarray(codes))}


def delta_nas(space: SearchSpace = SPACE, budget: int = 60, free: FreeScores | None = None, **search: Any) -> Optimizer:
    return get_optimizer("delta_nas")({"search": search}).bind(space, 0, budget, free=free)


def run(optimizer: Optimizer) -> Codes:
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, smooth(optimizer.space, codes))
    return optimizer.history[0]


def test_without_restarts_every_proposal_is_an_edit_of_a_member() -> None:
    """A member is the best of its line, so that all its ancestors are among what was asked."""
    asked = run(delta_nas(budget=40, population_size=4, restart_every=0))
    distances = (asked[:, None] != asked[None]).sum(axis=2)
    assert all(1 in distances[row, :row] for row in range(4, 40))


def test_members_improve_and_their_values_are_their_scores() -> None:
    optimizer = delta_nas(population_size=6)
    first = optimizer.ask(6)
    optimizer.tell(first, smooth(SPACE, first))
    before = np.sort(optimizer._state()["values"])
    run(optimizer)
    state = optimizer._state()
    assert (np.sort(state["values"]) >= before).all() and state["values"].min() > before.min()
    np.testing.assert_allclose(smooth(SPACE, state["members"]), state["values"])


def test_each_member_in_turn() -> None:
    optimizer = delta_nas(population_size=3, step="each", restart_every=0)
    first = optimizer.ask(3)
    optimizer.tell(first, smooth(SPACE, first))
    for member in range(3):
        before = optimizer._state()["members"]
        codes = optimizer.ask(1)
        assert (codes[0] != before[member]).sum() == 1
        optimizer.tell(codes, smooth(SPACE, codes))


def test_the_edit_of_the_greatest_predicted_gain_is_chosen() -> None:
    """The zero-cost score is the truth here: what is asked is the best new neighbour by it."""
    free = {"zen": lambda codes: smooth(SPACE, np.asarray(codes))}
    optimizer = delta_nas(
        population_size=1, step="each", training="zero_cost", restart="random", restart_every=0, free=free
    )
    code = optimizer.ask(1)
    optimizer.tell(code, smooth(SPACE, code))
    gains = []
    for _ in range(8):
        member = optimizer._state()["members"][0]
        edits = SPACE.neighbors(member)
        codes = optimizer.ask(1)
        gains.append((smooth(SPACE, edits) < smooth(SPACE, codes)).mean())
        optimizer.tell(codes, smooth(SPACE, codes))
    assert np.mean(gains[:4]) > 0.8, gains


def test_the_proxy_must_be_there() -> None:
    with pytest.raises(ConfigError, match=r"search\.proxy.*'zen'"):
        delta_nas(training="zero_cost")
    with pytest.raises(ConfigError, match=r"search\.features"):
        delta_nas(features="flops")


@pytest.mark.parametrize("settings", [{"population_size": 0}, {"step": "all"}, {"restart_every": -1}, {"shift": 0}])
def test_impossible_settings_are_refused(settings: Mapping[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"search.{next(iter(settings))}"):
        delta_nas(**settings)


def test_large_spaces() -> None:
    """Restarts come from proposals where the space cannot be listed."""
    space = get_search_space("nasbench301")
    asked = run(delta_nas(space, budget=16, population_size=8))
    assert len(asked) == 16 and space.is_valid(asked).all()


def test_it_finds_the_optimum_of_nasbench201(cifar10: TabularBenchmark) -> None:
    """With 12 epochs, 60 queries and five seeds; local search needs about 200."""
    best = []
    for seed in range(5):
        optimizer = get_optimizer("delta_nas")().bind(cifar10.space, seed, 60)
        while len(codes := optimizer.ask(1)):
            optimizer.tell(codes, cifar10.score(codes, "val_accuracy", 12))
        best.append(100 - optimizer.incumbent[1])
    assert np.mean(best) < 15.2


def test_it_leaves_a_plateau(cifar10: TabularBenchmark) -> None:
    """Seed 37 starts among cells that all have an accuracy of about 79.9; nearly everything it knows is as good."""
    optimizer = get_optimizer("delta_nas")().bind(cifar10.space, 37, 100)
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, cifar10.score(codes, "val_accuracy", 12))
    assert optimizer.incumbent[1] > 84
