"""The state of a made-up optimizer that keeps its models as NASLib's do."""

import random
from collections import deque

import numpy as np
import pytest

from naslib_ext.benchmarks import TabularBenchmark
from naslib_ext.search_spaces import get_search_space
from naslib_ext.state_file import decode_state, encode_state

torch = pytest.importorskip("torch")
light = pytest.importorskip("naslib_ext.naslib_bridge.adapters.light")
resuming = pytest.importorskip("naslib_ext.naslib_bridge.adapters.resuming")

SPACE = get_search_space("nasbench201")
CODES = SPACE.enumerate()[:50]
BENCHMARK = TabularBenchmark(SPACE, CODES, {"val_accuracy": np.arange(50.0)}, dataset="mine")


def model(row, accuracy=None):
    made = torch.nn.Module()
    made.arch = light.LightArchitecture(SPACE, BENCHMARK, CODES[row])
    if accuracy is not None:
        made.accuracy = accuracy
    return made


class Optimizer:
    def __init__(self, *models):
        self.search_space = light.LightArchitecture(SPACE, BENCHMARK)
        self.config = {"not": "kept"}
        self.population = deque(models[:2], maxlen=3)
        self.history = torch.nn.ModuleList(models)
        self.nbhd = list(models[2:])
        self.chosen = models[0] if models else None
        self.choices = [member.arch for member in models[1:]]
        self.newest = len(models)
        self.names = ["text"]

    def test_statistics(self):
        """As NASLib's Trainer calls it after every checkpoint."""


def test_what_is_restored():
    made = Optimizer(model(1, 1.0), model(2, float("nan")), model(3))
    made.history[0].zc_scores = {"snip": 0.5}
    random.seed(3)
    np.random.seed(3)
    torch.manual_seed(3)
    state = decode_state(encode_state(resuming.SearchState(made).state_dict()))
    drawn = random.random(), np.random.random(), torch.rand(1).item()
    fresh = Optimizer()
    resuming.SearchState(fresh).load_state_dict(state)
    assert (random.random(), np.random.random(), torch.rand(1).item()) == drawn
    assert fresh.population.maxlen == 3 and isinstance(fresh.history, torch.nn.ModuleList)
    assert [member.arch.get_hash() for member in fresh.history] == [SPACE.to_spec(code) for code in CODES[1:4]]
    assert fresh.chosen is fresh.population[0] is fresh.history[0] and fresh.nbhd[0] is fresh.history[2]
    assert fresh.chosen.accuracy == 1.0 and np.isnan(fresh.population[1].accuracy)
    assert not hasattr(fresh.nbhd[0], "accuracy") and fresh.chosen.zc_scores == {"snip": 0.5}
    assert [arch.get_hash() for arch in fresh.choices] == [SPACE.to_spec(code) for code in CODES[2:4]]
    assert fresh.newest == 3 and fresh.config == {"not": "kept"} and fresh.names == ["text"]


def test_a_search_that_has_not_begun_saves_nothing():
    assert resuming.SearchState(Optimizer()).state_dict()["codes"] == []
    assert Optimizer().search_space.checkpointables(Optimizer())["model"].state_dict() == {}
