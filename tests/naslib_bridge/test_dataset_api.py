"""NASLib's ``query`` on 1,000 random architectures of each space returns what the table holds.

The dictionaries are in NASLib's real formats: files are written as they are published and read by NASLib's own readers.
"""

import pickle
import random

import numpy as np
import pytest

from naslib_ext.benchmarks import find_table
from naslib_ext.errors import UnsupportedSpace
from naslib_ext.naslib_bridge import base
from naslib_ext.naslib_bridge.adapters import dataset_api as dictionaries
from naslib_ext.naslib_bridge.adapters.light import LightArchitecture
from naslib_ext.search_spaces import get_search_space
from naslib_ext.search_spaces.nasbench101 import VERTEX_NAMES
from naslib_ext.search_spaces.nasbench301 import OPERATIONS
from naslib_ext.testing.made_up import WIDE

pytestmark = pytest.mark.naslib

CASES = [
    ("nasbench101", "cifar10"),
    ("nasbench201", "cifar10"),
    ("nasbench201", "cifar100"),
    ("nasbench301", "cifar10"),
    ("transbench101_micro", "class_scene"),
    ("transbench101_micro", "jigsaw"),
    ("transbench101_macro", "class_object"),
]
CURVE = 3
"""Epochs of the learning curves written here; the published ones have 200."""


@pytest.fixture(scope="module")
def rows_of(tables):
    """A function: (benchmark, 1,000 random codes of the table, their validation accuracies)."""

    def draw(name, dataset):
        benchmark = find_table(name, dataset, tables).benchmark(dataset)
        known = benchmark.codes[benchmark.holds(benchmark.codes, "val_accuracy")]
        codes = np.random.default_rng(0).permutation(known)[:1000]
        assert len(codes) == 1000
        return benchmark, codes, benchmark.query(codes)

    return draw


# NASLib's formats


def nasbench201(naslib, folder, benchmark, codes, values):
    """``nb201_<dataset>_full_training.pickle``: architecture string -> data set -> quantity -> learning curve."""
    dataset = {"cifar10": "cifar10-valid"}.get(benchmark.dataset, benchmark.dataset)
    data = {
        benchmark.space.to_string(code): {
            dataset: {
                **{name: [0.0] * CURVE for name in ("train_acc1es", "train_losses", "eval_losses", "train_times")},
                "eval_acc1es": [1.0] * (CURVE - 1) + [value],
                "cost_info": {"flops": 1.5, "params": 0.5, "latency": 0.01, "train_time": 9.5},
            }
        }
        for code, value in zip(codes, values.tolist(), strict=True)
    }
    path = folder / "nb201_full_training.pickle"
    path.write_bytes(pickle.dumps(data))
    return {"nb201_data": pickle.loads(path.read_bytes())}


def nasbench101(naslib, folder, benchmark, codes, values):
    """``nasbench_only108.pkl``: hash -> (what is fixed, epochs -> three runs -> quantities as fractions)."""
    from naslib.utils import nb101_api

    data = {}
    for code, value in zip(codes, values.tolist(), strict=True):
        spec = benchmark.space.to_spec(code)
        matrix, ops = np.array(spec[:49], dtype=np.int8).reshape(7, 7), [VERTEX_NAMES[vertex] for vertex in spec[49:]]
        cell = nb101_api.ModelSpec(matrix, ops)
        fixed = {"module_adjacency": cell.matrix, "module_operations": cell.ops, "trainable_parameters": 1}
        run = {f"final_{split}_accuracy": value / 100 for split in ("train", "validation", "test")}
        run |= {"final_training_time": 9.5}
        data[cell.hash_spec(["conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"])] = (
            fixed,
            {108: [run, run, run]},
        )
    path = folder / "nasbench_only108.pkl"
    path.write_bytes(pickle.dumps(data))
    return {"api": nb101_api, "nb101_data": nb101_api.NASBench(str(path), seed=0)}


class Ensemble:
    """What ``nasbench301.load_ensemble`` returns, as far as NASLib uses it: it predicts a DARTS genotype."""

    def __init__(self, values):
        self.values = values

    def predict(self, config, representation, with_noise=False):
        assert representation == "genotype" and config.normal_concat == [2, 3, 4, 5]
        return self.values[tuple(tuple(sorted_nodes(cell)) for cell in (config.normal, config.reduce))]


def sorted_nodes(cell):
    for node in range(0, 8, 2):
        yield from sorted((source, OPERATIONS.index(name)) for name, source in cell[node : node + 2])


def nasbench301(naslib, folder, benchmark, codes, values):
    """``nb301_full_training.pickle`` beside the two ensembles."""
    accuracies = {benchmark.space.to_spec(code): value for code, value in zip(codes, values.tolist(), strict=True)}
    data = {
        spec: {"val_accuracies": [1.0, value], "train_losses": [2.0, 1.0], "runtime": 9.5}
        for spec, value in accuracies.items()
    }
    times = dict.fromkeys(accuracies, 9.5)
    return {"nb301_data": data, "nb301_arches": list(data), "nb301_model": [Ensemble(accuracies), Ensemble(times)]}


def transbench101(naslib, folder, benchmark, codes, values):
    """``transnas-bench_v10141024.pth``: architecture string -> task -> learning curves and sizes."""
    import torch

    task, metrics = benchmark.dataset, ["train_top1", "valid_top1", "test_top1", "time_elapsed"]
    data = {
        benchmark.space.to_string(code): {
            task: {
                "model_info": {"encoder_FLOPs": 1.5},
                "total_epochs": CURVE,
                "metrics": {name: [9.5] * (CURVE - 1) + [value] for name in metrics},
            }
        }
        for code, value in zip(codes, values.tolist(), strict=True)
    }
    database = {
        "metrics_dict": {task: metrics},
        "info_names": ["encoder_FLOPs"],
        "task_list": [task],
        "data": {benchmark.space.name.rpartition("_")[2]: data},
    }
    path = folder / "transnas-bench_v10141024.pth"
    torch.save(database, path)
    return {"api": naslib.search_spaces.TransNASBenchAPI(str(path)), "task": task}


FORMATS = {
    "nasbench101": nasbench101,
    "nasbench201": nasbench201,
    "nasbench301": nasbench301,
    "transbench101_micro": transbench101,
    "transbench101_macro": transbench101,
}


def unbuilt(graph):
    """NASLib's graph that takes architectures without building their networks."""
    graph.instantiate_model = False
    return graph


@pytest.fixture
def query(naslib, graphs):
    """A function: NASLib's validation accuracies of many codes, as its own graph looks them up in ``api``."""

    def run(space, codes, dataset, api):
        graph, values = graphs[space.name], []
        for code in codes:
            graph.set_spec(space.to_spec(code), dataset_api=api)
            assert space.from_spec(graph.get_hash()).tolist() == code.tolist()
            values.append(graph.query(base.metric("VAL_ACCURACY"), dataset, dataset_api=api))
        return np.array(values, dtype=np.float64)

    return run


@pytest.fixture(scope="module")
def graphs(naslib):
    spaces = naslib.search_spaces
    return {
        "nasbench101": unbuilt(spaces.NasBench101SearchSpace()),
        "nasbench201": unbuilt(spaces.NasBench201SearchSpace()),
        "nasbench301": unbuilt(spaces.NasBench301SearchSpace()),
        "transbench101_micro": unbuilt(spaces.TransBench101SearchSpaceMicro()),
        "transbench101_macro": unbuilt(spaces.TransBench101SearchSpaceMacro()),
    }


@pytest.mark.parametrize(("name", "dataset"), CASES)
def test_naslibs_graphs_light_objects_and_the_table_agree(naslib, rows_of, query, tmp_path, name, dataset):
    benchmark, codes, values = rows_of(name, dataset)
    api = FORMATS[name](naslib, tmp_path, benchmark, codes, values)
    exact = 0 if name != "nasbench101" else 1e-12  # percent from fractions
    np.testing.assert_allclose(query(benchmark.space, codes, dataset, api), values, rtol=exact)
    ours = dictionaries.dataset_api(benchmark)
    np.testing.assert_allclose(query(benchmark.space, codes, dataset, ours), values, rtol=exact)
    light = [LightArchitecture(benchmark.space, benchmark, code).query(base.metric("VAL_ACCURACY")) for code in codes]
    np.testing.assert_array_equal(light, values)


def test_other_quantities(naslib, rows_of, graphs):
    """What NASLib's graphs ask for in a search: training accuracy and time, test accuracy, everything."""
    for name, dataset in CASES:
        benchmark, codes, values = rows_of(name, dataset)
        api, graph = dictionaries.dataset_api(benchmark), graphs[name]
        graph.set_spec(benchmark.space.to_spec(codes[0]), dataset_api=api)
        light = LightArchitecture(benchmark.space, benchmark, codes[0])
        for metric in ("TRAIN_ACCURACY", "TRAIN_TIME"):
            expected = light.query(base.metric(metric))
            assert graph.query(base.metric(metric), dataset, dataset_api=api) == pytest.approx(expected)
        graph.query(base.metric("RAW"), dataset, dataset_api=api)
        test = graph.query(base.metric("TEST_ACCURACY"), dataset, dataset_api=api)
        if name == "nasbench301":
            assert test == -1  # NASLib's graph knows none
        else:
            assert test == pytest.approx(values[0])


def test_sizes_of_nasbench201(naslib, rows_of, graphs):
    benchmark, codes, _ = rows_of("nasbench201", "cifar100")
    api, graph = dictionaries.dataset_api(benchmark), graphs["nasbench201"]
    graph.set_spec(benchmark.space.to_spec(codes[5]))
    sizes = graph.query(base.metric("HP"), "cifar100", dataset_api=api)
    assert sizes["flops"] == benchmark.query(codes[5:6], "flops")[0]
    assert sizes["params"] == benchmark.query(codes[5:6], "params")[0]
    assert len(api["nb201_data"]) == 15_625 and next(iter(api["nb201_data"])).count("~") == 6


def test_validity_of_nasbench101_cells_is_naslibs(naslib, rows_of):
    from naslib.utils import nb101_api

    benchmark, _, _ = rows_of("nasbench101", "cifar10")
    ours = dictionaries.dataset_api(benchmark)["nb101_data"]
    theirs = object.__new__(nb101_api.NASBench)
    theirs.config = {
        "module_vertices": 7,
        "max_edges": 9,
        "available_ops": ["conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"],
    }
    rng, answers = np.random.default_rng(1), []
    for _ in range(400):
        matrix = np.triu(rng.integers(0, 2, (7, 7)), 1)
        ops = ["input", *(VERTEX_NAMES[vertex] for vertex in rng.integers(2, 5, 5)), "output"]
        answers.append(theirs.is_valid(nb101_api.ModelSpec(matrix, ops)))
        assert ours.is_valid(nb101_api.ModelSpec(matrix, ops)) == answers[-1]
    assert 0 < sum(answers) < 400


def test_nasbench101_draws_one_of_three_runs(naslib, rows_of, tmp_path):
    """So that Python's random numbers go the same way as with NASLib's file and on light objects."""
    benchmark, codes, values = rows_of("nasbench101", "cifar10")
    light = LightArchitecture(benchmark.space, benchmark, codes[0])
    file = nasbench101(naslib, tmp_path, benchmark, codes[:5], values[:5])
    graph = unbuilt(naslib.search_spaces.NasBench101SearchSpace())
    graph.set_spec(benchmark.space.to_spec(codes[0]))
    states = []
    for asked, api in ((graph, file), (graph, dictionaries.dataset_api(benchmark)), (light, None)):
        random.seed(5)
        for _ in range(7):
            asked.query(base.metric("VAL_ACCURACY"), "cifar10", dataset_api=api)
        states.append(random.getstate())
    assert states[0] == states[1] == states[2]


def test_spaces_that_naslib_does_not_have(benchmark_of):
    space = get_search_space("nasbench_macro")
    for unknown in (space, WIDE):
        with pytest.raises(UnsupportedSpace, match=unknown.name):
            dictionaries.dataset_api(type("Stub", (), {"space": unknown})())
