import random
from typing import Any

import numpy as np
import pytest

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.errors import InvalidArchitecture
from naslib_ext.naslib_bridge.adapters.shrunk import ShrunkArchitecture
from naslib_ext.optimizers import get_optimizer
from naslib_ext.shrinkage import ShrunkSearchSpace

DATASET = "cifar10"


@pytest.fixture(scope="module")
def blank(tables) -> ShrunkArchitecture:
    """Three cells of NAS-Bench-201, their neighbours, and one far from all."""
    benchmark = load_benchmark("nasbench201", DATASET, data_dir=tables)
    space = benchmark.space
    centers = np.array([[2, 2, 0, 3, 2, 2], [3, 2, 2, 0, 3, 0], [4, 4, 4, 4, 4, 4]], dtype=np.int8)
    near = space.neighbors_of(centers[:2])[0]
    return ShrunkArchitecture(ShrunkSearchSpace(space, np.concatenate([centers, near])), benchmark)


LONELY = (4, 4, 4, 4, 4, 4)


def drawn(blank: ShrunkArchitecture) -> ShrunkArchitecture:
    graph = blank.clone()
    graph.sample_random_architecture()
    return graph


def test_everything_stays_inside(blank: ShrunkArchitecture) -> None:
    np.random.seed(0)
    random.seed(0)
    members = set(blank.get_arch_iterator())
    assert len(members) == blank.space.size == 3 + 48
    for _ in range(30):
        graph = drawn(blank)
        assert graph.get_hash() in members
        mutant = blank.clone()
        mutant.mutate(graph)
        around = [model.arch.get_hash() for model in graph.get_nbhd()]
        assert members >= {mutant.get_hash(), *around}
        assert not around or mutant.get_hash() in around


def test_the_lonely_member(blank: ShrunkArchitecture) -> None:
    graph, mutant = blank.clone(), blank.clone()
    graph.set_spec(LONELY)
    mutant.mutate(graph)
    assert graph.get_nbhd() == [] and mutant.get_hash() != LONELY


def test_what_is_outside_is_refused(blank: ShrunkArchitecture) -> None:
    with pytest.raises(InvalidArchitecture):
        blank.clone().set_spec((1, 1, 1, 1, 1, 1))


def test_clones_and_types(blank: ShrunkArchitecture) -> None:
    graph = drawn(blank)
    assert isinstance(graph.clone(), ShrunkArchitecture) and graph.clone().get_hash() == graph.get_hash()
    assert graph.get_type() == "nasbench201" and blank.space.name == "nasbench201_shrunk"


def test_our_optimizers_take_it_through_naslibs_methods(blank: ShrunkArchitecture) -> None:
    optimizer = get_optimizer("re")({"search": {"population_size": 5, "sample_size": 3, "epochs": 30}})
    optimizer.adapt_search_space(blank)
    for epoch in range(30):
        optimizer.new_epoch(epoch)
    codes, _ = optimizer.history
    assert len(codes) == 30 and blank.space.is_valid(codes).all()


@pytest.mark.naslib
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("RandomSearch", {"epochs": 40}),
        ("RegularizedEvolution", {"epochs": 60, "population_size": 8, "sample_size": 4}),
        ("LocalSearch", {"epochs": 60, "num_init": 3}),
    ],
)
def test_naslibs_own_optimizers_stay_inside(
    naslib: Any, make_config: Any, blank: ShrunkArchitecture, tmp_path: Any, name: str, settings: dict[str, Any]
) -> None:
    config = make_config(tmp_path, **settings)
    naslib.utils.set_seed(0)
    optimizer = getattr(naslib.optimizers, name)(config)
    asked: list[tuple[int, ...]] = []

    class Noting(ShrunkArchitecture):
        def query(self, *args: Any, **kwargs: Any) -> Any:
            asked.append(self.get_hash())
            return super().query(*args, **kwargs)

    graph = Noting(blank.space, blank.benchmark)
    optimizer.adapt_search_space(graph)
    trainer = naslib.defaults.trainer.Trainer(optimizer, config, lightweight_output=True)
    trainer.search()
    members = set(blank.get_arch_iterator())
    assert len(asked) >= settings["epochs"] and set(asked) <= members
    best = optimizer.get_final_architecture()
    assert best.get_hash() in members
    if name == "LocalSearch":
        assert len(set(asked)) > 20
