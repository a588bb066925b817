"""NASLib's own code beside ours: fixtures for the tests marked ``naslib``."""

import importlib.util
from functools import cache
from pathlib import Path

import pytest

from naslib_ext.benchmarks import Benchmark, load_benchmark
from naslib_ext.naslib_bridge.adapters import dataset_api as dictionaries
from naslib_ext.naslib_bridge.adapters import light_architecture
from naslib_ext.naslib_bridge.adapters.naslib_names import GRAPHS
from naslib_ext.search_spaces import get_search_space
from naslib_ext.testing.made_up import smooth

DATASET = "cifar10"

WHOLE_TABLES = {"nasbench201": "cifar10", "transbench101_micro": "jigsaw", "transbench101_macro": "jigsaw"}
"""Spaces all of whose architectures have a row in the tables, and a data set of theirs."""


class SmoothBenchmark(Benchmark):
    """A made-up score for every architecture of a space."""

    def metrics(self):
        return {"val_accuracy": [None]}

    def query(self, codes, metric="val_accuracy", epoch=None):
        self.resolve(metric, epoch)
        return smooth(self.space, codes)


def pytest_collection_modifyitems(items):
    if importlib.util.find_spec("naslib") is None:
        for item in items:
            if item.get_closest_marker("naslib"):
                item.add_marker(pytest.mark.skip(reason="no NASLib; set NASLIB_HOME to its checkout"))


@pytest.fixture(scope="module")
def naslib():
    try:
        import naslib.defaults.predictor_evaluator
        import naslib.defaults.trainer
        import naslib.optimizers
        import naslib.predictors
        import naslib.search_spaces
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("naslib"):
            raise
        pytest.skip(f"NASLib needs the package {error.name}")
    return naslib


@pytest.fixture(scope="module")
def blank_light(naslib, tables):
    return light_architecture("nasbench201", DATASET, data_dir=tables)


@pytest.fixture(scope="module")
def blank_graph(naslib):
    return naslib.search_spaces.NasBench201SearchSpace()


@pytest.fixture(scope="module")
def dataset_api(naslib, blank_light):
    """NASLib's dictionary for NAS-Bench-201, with the table's values."""
    return dictionaries.dataset_api(blank_light.benchmark)


@pytest.fixture(scope="module")
def benchmark_of(tables):
    """A function: a benchmark that answers for every architecture of a space, a table where there is a whole one."""

    @cache
    def load(name):
        if name in WHOLE_TABLES:
            return load_benchmark(name, WHOLE_TABLES[name], data_dir=tables)
        return SmoothBenchmark(get_search_space(name), DATASET, key=get_search_space(name).key, maximize=True)

    return load


@pytest.fixture(scope="module")
def light_of(benchmark_of):
    """A function: a blank light object of a space."""
    light = pytest.importorskip("naslib_ext.naslib_bridge.adapters.light")
    return cache(lambda name: light.LightArchitecture(benchmark_of(name).space, benchmark_of(name)))


@pytest.fixture(scope="module")
def graph_of(naslib, benchmark_of):
    """A function: (NASLib's blank graph of a space, its dictionary with the benchmark's values)."""

    @cache
    def build(name):
        graph = getattr(naslib.search_spaces, GRAPHS[name])()
        return graph, dictionaries.dataset_api(benchmark_of(name))

    return build


@pytest.fixture(scope="module")
def make_config(naslib):
    """A function: NASLib's own configuration with a folder, epochs and other settings of the search."""

    def make(folder, epochs, seed=0, space="nasbench201", **search):
        path = Path(naslib.__file__).parent / "runners/nas/discrete_config.yaml"
        config = naslib.utils.load_config(str(path))
        config.save = str(folder)
        config.search_space, config.dataset = space, WHOLE_TABLES.get(space, DATASET)
        config.search.update({"epochs": epochs, "seed": seed, "fidelity": -1, **search})
        for name in ("search", "eval"):
            (folder / name).mkdir(parents=True)
        return config

    return make
