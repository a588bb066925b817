"""Light architecture objects and the conversion of graphs, without NASLib."""

import copy
import itertools
import random

import numpy as np
import pytest

from naslib_ext.benchmarks import TabularBenchmark
from naslib_ext.errors import (
    InvalidArchitecture,
    MissingDependency,
    MissingMetric,
    NaslibExtError,
    UnknownArchitecture,
    UnknownName,
)
from naslib_ext.naslib_bridge.adapters import code_to_graph, graph_to_code, light_architecture
from naslib_ext.naslib_bridge.base import Metric
from naslib_ext.search_spaces import CategoricalSearchSpace, get_search_space

torch = pytest.importorskip("torch")
light = pytest.importorskip("naslib_ext.naslib_bridge.adapters.light")

SPACE = get_search_space("nasbench201")
CODES = SPACE.enumerate()
ROWS = np.arange(len(CODES), dtype=np.float64)


@pytest.fixture
def benchmark():
    columns = {
        "val_accuracy@12": ROWS + 0.12, "val_accuracy@200": ROWS, "test_accuracy@200": ROWS + 0.5,
        "flops": ROWS / 10, "params": ROWS / 100,
    }  # fmt: skip
    return TabularBenchmark(SPACE, CODES, columns, dataset="cifar10")


@pytest.fixture
def blank(benchmark):
    return light.LightArchitecture(SPACE, benchmark)


def sampled(blank, seed=0):
    np.random.seed(seed)
    arch = blank.clone()
    arch.sample_random_architecture(dataset_api=None)
    return arch


def is_connected(code):
    return not (code[0] == code[1] == code[2] == 1 or code[2] == code[4] == code[5] == 1)


def test_what_naslib_looks_for(blank):
    assert isinstance(blank, torch.nn.Module) and blank.QUERYABLE and not list(blank.parameters())
    assert blank.get_type() == blank.space_name == "nasbench201"
    assert blank.parse() is None and blank.get_loss_fn() is torch.nn.functional.cross_entropy
    assert torch.nn.ModuleList([blank.clone()]).state_dict() == {}


def test_blank_has_no_architecture(blank):
    for use in (blank.get_hash, blank.get_op_indices, blank.get_nbhd, lambda: blank.query(Metric.VAL_ACCURACY)):
        with pytest.raises(NaslibExtError, match="blank"):
            use()


def test_clones_are_independent_and_share_the_benchmark(blank, benchmark):
    arch = sampled(blank)
    for twin in (arch.clone(), arch.copy(), copy.deepcopy(arch)):
        assert twin.get_hash() == arch.get_hash() and twin.benchmark is benchmark
        twin.set_spec((0,) * 6)
        assert arch.get_hash() != (0,) * 6
    with pytest.raises(NaslibExtError):
        blank.get_hash()


def test_sampling_is_naslibs(blank):
    """Six operations a draw, again while the cell is cut off."""
    state = np.random.RandomState(3)
    draws = [state.randint(5, size=6).tolist() for _ in range(400)]
    np.random.seed(3)
    for expected in filter(is_connected, draws):
        arch = blank.clone()
        arch.sample_random_architecture(dataset_api={}, load_labeled=False)
        assert arch.get_op_indices() == expected
    assert len(list(filter(is_connected, draws))) < 400


def test_mutation_is_naslibs(blank):
    """The edge, and then one of the other operations in ascending order."""
    parent = sampled(blank)
    before = parent.get_op_indices()
    state = np.random.RandomState(5)
    np.random.seed(5)
    for _ in range(100):
        edge = state.choice(6)
        expected = list(before)
        expected[edge] = int(state.choice([operation for operation in range(5) if operation != before[edge]]))
        child = blank.clone()
        child.mutate(parent, dataset_api=None)
        assert child.get_op_indices() == expected
    assert parent.get_op_indices() == before


def test_neighbourhood_is_naslibs(blank):
    """By edge and ascending operation, shuffled with Python's generator after 17 draws for each graph."""
    parent = sampled(blank)
    code = parent.get_op_indices()
    expected = [
        (*code[:edge], operation, *code[edge + 1 :])
        for edge, operation in itertools.product(range(6), range(5))
        if operation != code[edge]
    ]
    random.seed(9)
    for _ in range(24 * 17):
        random.random()
    random.shuffle(expected)
    random.seed(9)
    neighbors = parent.get_nbhd(dataset_api=None)
    assert [model.arch.get_hash() for model in neighbors] == expected
    assert all(isinstance(model, torch.nn.Module) for model in neighbors)


def test_construction_draws_as_naslib_and_clones_do_not(blank, benchmark):
    random.seed(2)
    expected = [random.random() for _ in range(18)][-1]
    random.seed(2)
    arch = light.LightArchitecture(SPACE, benchmark)
    arch.clone().set_spec((0,) * 6)
    assert random.random() == expected


def test_labeled_architectures(blank):
    with pytest.raises(NaslibExtError, match="labeled_archs"):
        blank.clone().sample_random_architecture(load_labeled=True)
    blank.labeled_archs = [(0, 1, 2, 3, 4, 0), (1, 1, 2, 3, 4, 0)]
    blank.sample_without_replacement = True
    drawn = set()
    for _ in range(2):
        arch = blank.clone()
        arch.sample_random_architecture(load_labeled=True)
        drawn.add(arch.get_hash())
    assert drawn == {(0, 1, 2, 3, 4, 0), (1, 1, 2, 3, 4, 0)} and blank.labeled_archs == []


def test_hashes_and_specs(blank):
    arch = blank.clone()
    arch.set_spec([4, 3, 2, 1, 0, np.int64(2)], dataset_api=None)
    assert arch.get_hash() == (4, 3, 2, 1, 0, 2) and hash(arch.get_hash())
    assert all(type(value) is int for value in arch.get_hash())
    arch.set_op_indices((0, 0, 0, 0, 0, 1))
    assert arch.get_op_indices() == [0, 0, 0, 0, 0, 1]
    with pytest.raises(InvalidArchitecture):
        arch.set_spec([5, 0, 0, 0, 0, 0])
    with pytest.raises(InvalidArchitecture):
        light.LightArchitecture(SPACE, blank.benchmark, [5, 0, 0, 0, 0, 0])


def test_listing_all(blank):
    listed = list(blank.get_arch_iterator(dataset_api=None))
    assert listed == list(itertools.product(range(5), repeat=6))


def test_queries(benchmark):
    row = 4321
    arch = light.LightArchitecture(SPACE, benchmark, CODES[row])
    assert arch.query(Metric.VAL_ACCURACY, "cifar10", dataset_api={}) == row
    assert arch.query(Metric.VAL_ACCURACY, "cifar10", epoch=12) == row + 0.12
    assert arch.query(Metric.VAL_ACCURACY, "cifar10", epoch=200) == row
    assert arch.query(Metric.TEST_ACCURACY, "cifar10") == row + 0.5
    assert arch.query(Metric.FLOPS) == row / 10 and arch.query(Metric.PARAMETERS) == row / 100
    assert arch.query(Metric.HP, "cifar10") == {"flops": row / 10, "params": row / 100}
    assert arch.query(Metric.RAW) == arch.query(Metric.ALL) == {}
    absent = ("TRAIN_ACCURACY", "TRAIN_LOSS", "VAL_LOSS", "TEST_LOSS", "TRAIN_TIME", "VAL_TIME", "TEST_TIME", "LATENCY")
    assert {arch.query(Metric[name], epoch=7) for name in absent} == {-1}
    assert type(arch.query(Metric.VAL_ACCURACY)) is float


def test_queries_that_cannot_be_answered(benchmark):
    arch = light.LightArchitecture(SPACE, benchmark, CODES[0])
    with pytest.raises(MissingMetric, match="108"):
        arch.query(Metric.VAL_ACCURACY, "cifar10", epoch=108)
    with pytest.raises(MissingMetric, match="12"):
        arch.query(Metric.TEST_ACCURACY, "cifar10", epoch=12)
    with pytest.raises(MissingMetric, match="curves"):
        arch.query(Metric.VAL_ACCURACY, "cifar10", full_lc=True)
    with pytest.raises(UnknownName, match="cifar100"):
        arch.query(Metric.VAL_ACCURACY, "cifar100")


def test_optional_columns():
    codes = CODES[:3]
    columns = {"val_accuracy": [1, 2, 3], "train_accuracy": [4, 5, 6], "val_loss": [7, 8, 9], "train_time_s": [1, 2, 4]}
    arch = light.LightArchitecture(SPACE, TabularBenchmark(SPACE, codes, columns, dataset="mine"), codes[2])
    values = [arch.query(Metric[name]) for name in "TRAIN_ACCURACY VAL_LOSS TRAIN_TIME TEST_ACCURACY".split()]
    assert values == [6, 9, 4, 3]
    arch.set_spec(CODES[5])
    with pytest.raises(UnknownArchitecture):
        arch.query(Metric.VAL_ACCURACY)


def test_losses_are_turned_for_optimizers_that_maximise():
    benchmark = TabularBenchmark(SPACE, CODES[:2], {"val_loss": [0.5, 0.25]}, dataset="mine")
    arch = light.LightArchitecture(SPACE, benchmark, CODES[1], metric="val_loss")
    assert arch.clone().query(Metric.VAL_ACCURACY) == arch.query(Metric.TEST_ACCURACY) == -0.25
    assert arch.query(Metric.VAL_LOSS) == 0.25


def test_one_hot_encoding(blank, monkeypatch):
    monkeypatch.delitem(light.sys.modules, "naslib", raising=False)
    arch = sampled(blank)
    encoding = arch.encode()
    assert len(encoding) == 30 and set(encoding) == {0, 1}
    assert np.argmax(np.reshape(encoding, (6, 5)), axis=1).tolist() == arch.get_op_indices()
    with pytest.raises(MissingDependency, match="path"):
        arch.encode("path")


def test_spaces_without_an_entry_use_their_own_moves():
    space = CategoricalSearchSpace(name="mine", cardinalities=[3, 2, 4])
    codes = space.enumerate()
    blank = light.LightArchitecture(space, TabularBenchmark(space, codes, {"val_accuracy": codes.sum(1)}, dataset="d"))
    np.random.seed(1)
    random.seed(1)
    arch, child = blank.clone(), blank.clone()
    arch.sample_random_architecture()
    child.mutate(arch)
    neighbors = {model.arch.get_hash() for model in arch.get_nbhd()}
    assert neighbors == {tuple(row) for row in space.neighbors(arch.code).tolist()}
    assert child.get_hash() in neighbors
    assert arch.query(Metric.VAL_ACCURACY, "d") == sum(arch.get_hash())
    np.random.seed(1)
    again = blank.clone()
    again.sample_random_architecture()
    assert again.get_hash() == arch.get_hash()


class Graph:
    """What the conversion uses of NASLib's NAS-Bench-201 graph."""

    op_indices = None

    def get_type(self):
        return "nasbench201"

    def get_hash(self):
        return tuple(self.op_indices)

    def clone(self):
        return Graph()

    def set_spec(self, op_indices, dataset_api=None):
        assert self.op_indices is None
        self.op_indices, self.dataset_api = op_indices, dataset_api


def test_graphs_to_codes_and_back(blank):
    for code in CODES[::3000]:
        for template in (Graph(), blank):
            graph = code_to_graph(code, template, dataset_api="an api")
            space, back = graph_to_code(graph)
            assert space is SPACE and back.dtype == np.int8 and back.tolist() == code.tolist()
    assert code_to_graph(CODES[7], Graph(), dataset_api="an api").dataset_api == "an api"
    with pytest.raises(InvalidArchitecture):
        code_to_graph([9] * 6, Graph())


def test_a_graph_as_the_parent_of_a_light_object(blank):
    child = blank.clone()
    child.mutate(code_to_graph(CODES[99], Graph()))
    assert SPACE.edit_distance(child.code[None], CODES[99:100])[0] == 1


def test_light_architecture_from_a_table(tables):
    arch = light_architecture("nasbench201", "cifar10", data_dir=tables)
    arch.set_spec(SPACE.from_string("|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|none~0|none~1|none~2|"))
    value = arch.benchmark.query(arch.code[None])[0]
    assert arch.query(Metric.VAL_ACCURACY, "cifar10") == value
