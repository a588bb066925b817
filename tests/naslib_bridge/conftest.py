"""NASLib's own code beside ours: fixtures for the tests marked ``naslib``."""

import importlib.util
from pathlib import Path

import pytest

from naslib_ext.naslib_bridge.adapters import light_architecture

DATASET = "cifar10"


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
def dataset_api(blank_light):
    """NASLib's dictionary for NAS-Bench-201, its learning curves one epoch long."""
    benchmark = blank_light.benchmark
    rows = zip(benchmark.codes, benchmark.query(benchmark.codes).tolist(), strict=True)
    return {
        "nb201_data": {
            benchmark.space.to_string(code): {
                "cifar10-valid": {
                    "train_acc1es": [-1],
                    "eval_acc1es": [value],
                    "cost_info": {"train_time": -1},
                }
            }
            for code, value in rows
        }
    }


@pytest.fixture(scope="module")
def make_config(naslib):
    """A function: NASLib's own configuration with a folder, epochs and other settings of the search."""

    def make(folder, epochs, seed=0, **search):
        path = Path(naslib.__file__).parent / "runners/nas/discrete_config.yaml"
        config = naslib.utils.load_config(str(path))
        config.save = str(folder)
        config.search.update({"epochs": epochs, "seed": seed, "fidelity": -1, **search})
        for name in ("search", "eval"):
            (folder / name).mkdir(parents=True)
        return config

    return make
