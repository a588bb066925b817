from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from naslib_ext.benchmarks import TabularBenchmark, load_benchmark
from naslib_ext.errors import ConfigError, UnknownName
from naslib_ext.optimizers import Optimizer, get_optimizer, list_optimizers
from naslib_ext.optimizers.lissnas import LISSNAS
from naslib_ext.search_spaces import get_search_space
from naslib_ext.testing.made_up import TINY, WIDE, smooth
from naslib_ext.testing.optimizer import OptimizerContract

QUICK = {"predictor": "xgb", "predictor_settings": {"num_rounds": 5}, "initial": 40, "neighbors": 2, "distance": 2}


def config(**section: Any) -> dict[str, Any]:
    return {"search": {"lissnas": {**QUICK, **section}}}


class TestContract(OptimizerContract):
    config: ClassVar[Mapping[str, Any]] = config(
        labels=12, size=30, rounds=3, base={"population_size": 6, "sample_size": 3}
    )

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("lissnas")


class TestLocalSearchInAVerySmallSpace(OptimizerContract):
    budget = 16
    config: ClassVar[Mapping[str, Any]] = config(labels=10, size=8, rounds=1, base_optimizer="ls", base={"num_init": 3})

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("lissnas")


def search(optimizer: Optimizer) -> None:
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, smooth(optimizer.space, codes))


@pytest.mark.parametrize("space", [WIDE, get_search_space("nasbench101")])
def test_labels_come_first_and_then_members(space: Any) -> None:
    optimizer = LISSNAS(config(labels=20, size=50, rounds=1)).bind(space, seed=1, budget=50)
    random = get_optimizer("rs")().bind(space, seed=1, budget=20)
    search(optimizer)
    codes, _ = optimizer.history
    np.testing.assert_array_equal(codes[:20], random.ask(20))
    shrunk = optimizer.shrunk_space
    assert shrunk is not None and shrunk.size == 50 and shrunk.is_valid(codes[20:]).all()


def test_later_labels_are_better() -> None:
    optimizer = LISSNAS(config(labels=200, size=50, rounds=4)).bind(WIDE, seed=1, budget=200)
    search(optimizer)
    scores = optimizer.history[1].reshape(4, 50).mean(axis=1)
    assert (scores[1:] > scores[0] + 0.2).all()


def test_labels_inside_are_known_to_the_base_method() -> None:
    optimizer = LISSNAS(config(labels=200, size=300)).bind(WIDE, seed=1, budget=201)
    search(optimizer)
    assert optimizer.shrunk_space is not None and optimizer._base is not None
    inside = optimizer.shrunk_space.is_valid(optimizer.history[0])
    assert inside.sum() > 20
    assert inside.sum() == len(optimizer._base.history[0])


def test_the_space_shrinks_once_there_are_enough_scores() -> None:
    optimizer = LISSNAS(config(labels=10, size=20)).bind(WIDE, budget=40)
    asked = optimizer.ask(15)
    assert optimizer.shrunk_space is None
    optimizer.tell(asked[:9], smooth(WIDE, asked[:9]))
    optimizer.ask(1)
    assert optimizer.shrunk_space is None
    optimizer.tell(asked[9:], smooth(WIDE, asked[9:]))
    optimizer.ask(1)
    assert optimizer.shrunk_space is not None


def test_when_the_members_are_used_up_the_search_goes_on_outside() -> None:
    optimizer = LISSNAS(config(labels=8, size=5)).bind(TINY)
    search(optimizer)
    assert len(optimizer.history[0]) == TINY.size


@pytest.mark.parametrize("base", sorted(set(list_optimizers("query")) - {"lissnas"}))
def test_every_method_searches_inside(base: str, tables: Path) -> None:
    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    optimizer = LISSNAS(config(labels=50, size=150, base_optimizer=base, initial=500, rounds=1)).bind(
        benchmark.space, budget=64, free=benchmark.free
    )
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, benchmark.score(codes))
    codes, _ = optimizer.history
    assert optimizer.shrunk_space is not None
    assert len(codes) == 64 and optimizer.shrunk_space.is_valid(codes[50:]).all()


def test_it_keeps_the_range_of_sizes(tables: Path) -> None:
    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    assert isinstance(benchmark, TabularBenchmark)
    ranges = []
    for share in (0.0, 0.2):
        optimizer = LISSNAS(config(labels=100, size=200, range_share=share, initial=1000, neighbors=5))
        optimizer.bind(benchmark.space, budget=101, free=benchmark.free)
        while len(codes := optimizer.ask(1)):
            optimizer.tell(codes, benchmark.score(codes))
        assert optimizer.shrunk_space is not None
        ranges.append(np.ptp(benchmark.free["flops"](optimizer.shrunk_space.enumerate())))
    whole = np.ptp(benchmark.free["flops"](benchmark.codes))
    assert ranges[0] < ranges[1] > 0.8 * whole


def test_the_shrunk_space_keeps_to_the_constraints(tables: Path) -> None:
    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    values = config(labels=100, size=200, initial=1000)
    values["search"]["constraints"] = {"flops": 30}
    optimizer = LISSNAS(values).bind(benchmark.space, budget=150, free=benchmark.free)
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, benchmark.score(codes))
    assert optimizer.shrunk_space is not None and optimizer.shrunk_space.size > 150
    assert benchmark.free["flops"](optimizer.shrunk_space.enumerate()).max() <= 30
    assert optimizer.shrunk_space.is_valid(optimizer.history[0][100:]).all()


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"labls": 3}, r"unknown key 'search.lissnas.labls'.*labels"),
        ({"labels": 1}, "search.lissnas.labels: expected at least 2"),
        ({"base": {"population_siz": 3}}, r"search.lissnas.base.population_siz.*population_size"),
        ({"base_optimizer": "lissnas"}, "inside itself"),
        ({"base": 3}, "search.lissnas.base"),
    ],
)
def test_bad_settings_are_refused(section: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        LISSNAS({"search": {"lissnas": section}})


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownName, match="unknown optimizer 'res'"):
        LISSNAS({"search": {"lissnas": {"base_optimizer": "res"}}})
    with pytest.raises(UnknownName, match="unknown predictor 'xg'"):
        LISSNAS({"search": {"lissnas": {"predictor": "xg"}}})
