"""NASLib's side of an optimizer, on a stand-in for NASLib's graphs that holds a code and nothing else."""

from __future__ import annotations

import io
from typing import Any, ClassVar

import numpy as np
import pytest

from naslib_ext.errors import NaslibExtError, UnsupportedSpace
from naslib_ext.naslib_bridge.base import metric
from naslib_ext.optimizers import Optimizer, get_optimizer
from naslib_ext.search_spaces import CategoricalSearchSpace, get_search_space

SPACE = get_search_space("nasbench201")
NAMES = ("rs", "re", "ls")
DATA = {"nb201_data": "the benchmark's dictionary"}


class Graph:
    """What the protocol uses of one of NASLib's graphs."""

    QUERYABLE = True
    space_type: ClassVar[str] = "nasbench201"
    queries: ClassVar[list[tuple[Any, ...]]] = []

    def __init__(self) -> None:
        self.spec: tuple[int, ...] | None = None

    def get_type(self) -> str:
        return self.space_type

    def clone(self) -> Graph:
        return type(self)()

    def set_spec(self, spec: Any, dataset_api: Any = None) -> None:
        assert self.spec is None, "NASLib's graphs take one spec in their life"
        assert dataset_api is DATA
        self.spec = tuple(spec)

    def get_hash(self) -> Any:
        return self.spec

    def query(self, which: Any, dataset: str, epoch: int = -1, dataset_api: Any = None) -> Any:
        assert self.spec is not None and dataset == "cifar10" and epoch == -1 and dataset_api is DATA
        self.queries.append((which.name, self.spec))
        if which.name == "RAW":
            return {"spec": self.spec}
        return self.value(which.name)

    def value(self, name: str) -> float:
        assert self.spec is not None
        validation = float(np.dot(self.spec, [1, 5, 25, 125, 625, 3125]))
        return {"VAL_ACCURACY": validation, "TEST_ACCURACY": validation - 1, "TRAIN_ACCURACY": 99.0}.get(name, 7.0)


class Failing(Graph):
    def value(self, name: str) -> float:
        return np.nan


@pytest.fixture(autouse=True)
def queries() -> list[tuple[Any, ...]]:
    Graph.queries.clear()
    return Graph.queries


def adapted(name: str = "re", graph: type = Graph, **search: Any) -> Optimizer:
    config = {"dataset": "cifar10", "search": {"seed": 3, "epochs": 60, "population_size": 10, **search}}
    optimizer = get_optimizer(name)(config)
    optimizer.adapt_search_space(graph(), dataset_api=DATA)
    return optimizer


@pytest.mark.parametrize("name", NAMES)
def test_one_epoch_queries_one_architecture(name: str, queries: list[tuple[Any, ...]]) -> None:
    optimizer = adapted(name)
    for epoch in range(20):
        optimizer.new_epoch(epoch)
        assert len(queries) == epoch + 1 and queries[-1][0] == "VAL_ACCURACY"
    assert len(set(queries)) == 20


@pytest.mark.parametrize("name", NAMES)
def test_the_same_architectures_as_by_asking(name: str, queries: list[tuple[Any, ...]]) -> None:
    optimizer = adapted(name)
    for epoch in range(60):
        optimizer.new_epoch(epoch)
    asked = []
    plain = get_optimizer(name)({"search": {"population_size": 10}}).bind(SPACE, seed=3, budget=60)
    while len(codes := plain.ask(1)):
        asked.append(tuple(codes[0].tolist()))
        plain.tell(codes, [np.dot(asked[-1], [1, 5, 25, 125, 625, 3125])])
    assert [spec for _, spec in queries] == asked and len(asked) == 60


def test_the_seed_may_stand_beside_the_search_section() -> None:
    optimizer = get_optimizer("rs")({"dataset": "cifar10", "seed": 8})
    optimizer.adapt_search_space(Graph(), dataset_api=DATA)
    assert optimizer.seed == 8 and optimizer.budget is None
    assert adapted("rs").seed == 3 and adapted("rs").budget == 60


def test_statistics() -> None:
    optimizer = adapted("rs")
    values = []
    for epoch in range(15):
        optimizer.new_epoch(epoch)
        newest = Graph.queries[-1][1]
        values.append(float(np.dot(newest, [1, 5, 25, 125, 625, 3125])))
        assert optimizer.train_statistics() == (99.0, max(values), max(values) - 1, 7.0)
        assert optimizer.train_statistics(report_incumbent=False) == (99.0, values[-1], values[-1] - 1, 7.0)
        Graph.queries.append(("", newest))
    best = optimizer.get_final_architecture()
    assert optimizer.incumbent is not None
    assert best.get_hash() == SPACE.to_spec(optimizer.incumbent[0])
    assert best.query(metric("VAL_ACCURACY"), "cifar10", dataset_api=DATA) == max(values)
    assert optimizer.test_statistics() == {"spec": best.get_hash()}
    assert len(optimizer._graphs) <= 2, "one of NASLib's graphs weighs 10 MB"


def test_before_data() -> None:
    with pytest.raises(NaslibExtError):
        adapted().get_final_architecture()
    with pytest.raises(UnsupportedSpace):
        adapted().get_op_optimizer()


def test_failed_queries_do_not_end_the_run() -> None:
    optimizer = adapted("re", Failing)
    for epoch in range(30):
        optimizer.new_epoch(epoch)
        assert np.isnan(optimizer.train_statistics()[1])
    assert optimizer.incumbent is None and len({spec for _, spec in Graph.queries}) == 30


def test_a_graph_without_a_benchmark_is_refused() -> None:
    class Unqueryable(Graph):
        QUERYABLE = False

    with pytest.raises(UnsupportedSpace, match="Unqueryable"):
        adapted(graph=Unqueryable)


def test_an_unknown_type_is_refused() -> None:
    class Strange(Graph):
        space_type = "nasbench102"

    with pytest.raises(NaslibExtError, match="nasbench10"):
        adapted(graph=Strange)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("report_incumbent", [True, False])
def test_an_exhausted_space_ends_in_silence(name: str, report_incumbent: bool) -> None:
    class Small(Graph):
        space = CategoricalSearchSpace("small", [2, 2, 3])

        def value(self, name: str) -> float:
            return float(np.dot(self.spec, [1, 2, 4]))  # type: ignore[arg-type]

    optimizer = adapted(name, Small)
    for epoch in range(20):
        optimizer.new_epoch(epoch)
        assert optimizer.train_statistics(report_incumbent)[1] <= 11
    visited = [spec for kind, spec in Graph.queries if kind == "VAL_ACCURACY"]
    assert len(set(visited)) == 12 and len(optimizer.history[0]) == 12
    assert optimizer.get_final_architecture().get_hash() == (1, 1, 2)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("cut", [1, 5, 31])
def test_checkpoints_resume_exactly(name: str, cut: int) -> None:
    torch = pytest.importorskip("torch")
    straight = adapted(name)
    module = straight.get_checkpointables()["model"]
    assert isinstance(module, torch.nn.Module) and not module.state_dict()
    file = io.BytesIO()
    for epoch in range(60):
        straight.new_epoch(epoch)
        if epoch + 1 == cut:
            torch.save(module.state_dict(), file)
    expected = [spec for _, spec in Graph.queries][cut:]
    Graph.queries.clear()

    file.seek(0)
    resumed = adapted(name, seed=4)
    missing = resumed.get_checkpointables()["model"].load_state_dict(torch.load(file, weights_only=True), strict=False)
    assert not missing.missing_keys and not missing.unexpected_keys
    assert resumed.seed == 3 and len(resumed.history[0]) == cut
    for epoch in range(cut, 60):
        resumed.new_epoch(epoch)
    assert [spec for _, spec in Graph.queries] == expected
    for one, other in zip(straight.history, resumed.history, strict=True):
        np.testing.assert_array_equal(one, other)
    assert resumed.get_final_architecture().get_hash() == straight.get_final_architecture().get_hash()
    assert resumed.train_statistics() == straight.train_statistics()


def test_an_empty_checkpoint_changes_nothing() -> None:
    pytest.importorskip("torch")
    optimizer = adapted()
    module = optimizer.get_checkpointables()["model"]
    module.load_state_dict({})
    optimizer.new_epoch(0)
    module.load_state_dict({})
    assert len(optimizer.history[0]) == 1
