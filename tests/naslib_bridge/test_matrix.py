"""Every query-based method of ours, and NASLib's own, through NASLib's Trainer on each of the five spaces."""

import json
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.errors import UnsupportedSpace
from naslib_ext.naslib_bridge import base
from naslib_ext.naslib_bridge.adapters import graph_to_code
from naslib_ext.naslib_bridge.adapters.moves import MOVES
from naslib_ext.naslib_bridge.adapters.naslib_names import DISCRETE, discrete_optimizer
from naslib_ext.optimizers import get_optimizer, list_optimizers

pytestmark = [pytest.mark.naslib, pytest.mark.slow]

QUERY = list_optimizers("query")
SMALL = {
    "num_init": 4, "population_size": 4, "sample_size": 2, "num_candidates": 12, "num_ensemble": 2, "nep_epochs": 3,
    "nep_steps": 3, "refit_every": 3, "k": 2, "num_layers": 2,
}  # fmt: skip
"""Settings with which a dozen queries reach every phase of a method at little cost."""


def adapted(naslib, optimizer, blank, dataset_api=None):
    """``optimizer`` on that space, or the test is skipped where its method cannot work there."""
    naslib.utils.set_seed(0)
    try:
        optimizer.adapt_search_space(blank, dataset_api=dataset_api)
    except UnsupportedSpace as error:
        pytest.skip(str(error))
    return optimizer


def finished(naslib, optimizer, config, api=None):
    """NASLib's Trainer after the search, with its files and its final evaluation checked."""
    trainer = naslib.defaults.trainer.Trainer(optimizer, config, lightweight_output=True)
    trainer.search()
    epochs = config.search.epochs
    written = json.loads(Path(config.save, "errors.json").read_text())
    assert written[0]["search"]["epochs"] == epochs
    assert written[1]["valid_acc"] == trainer.search_trajectory.valid_acc
    assert len(written[1]["valid_acc"]) == epochs and np.isfinite(written[1]["valid_acc"]).all()
    assert (np.diff(written[1]["valid_acc"]) >= 0).all()  # the incumbent's
    for file in ("model_final.pth", "last_checkpoint"):
        assert Path(config.save, "search", file).stat().st_size
    best = optimizer.get_final_architecture()
    value = best.query(base.metric("VAL_ACCURACY"), config.dataset, dataset_api=api)
    assert value == pytest.approx(written[1]["valid_acc"][-1])
    assert trainer.evaluate(dataset_api=api, metric=base.metric("VAL_ACCURACY")) == pytest.approx(value)
    assert trainer.evaluate(dataset_api=api) == best.query(
        base.metric("TEST_ACCURACY"), config.dataset, dataset_api=api
    )
    return trainer


@pytest.mark.parametrize("name", list(MOVES))
@pytest.mark.parametrize("method", QUERY)
def test_ours_on_light_objects(naslib, make_config, light_of, tmp_path, method, name):
    config = make_config(tmp_path / "run", 12, space=name, **SMALL)
    optimizer = adapted(naslib, get_optimizer(method)(config), light_of(name))
    trainer = finished(naslib, optimizer, config)
    codes, scores = optimizer.history
    assert len(np.unique(codes, axis=0)) == len(codes) <= 12
    found = graph_to_code(optimizer.get_final_architecture())[1]
    assert found.tolist() == codes[np.argmax(scores)].tolist()
    assert trainer.search_trajectory.valid_acc[-1] == scores.max()


@pytest.mark.parametrize("name", list(MOVES))
@pytest.mark.parametrize("method", QUERY)
def test_ours_on_naslibs_graphs(naslib, make_config, light_of, graph_of, tmp_path, method, name):
    """Two queries, as NASLib's graphs are slow; the same two as on light objects."""
    graph, api = graph_of(name)
    config = make_config(tmp_path / "run", 2, space=name, **SMALL)
    optimizer = adapted(naslib, get_optimizer(method)(config), graph, api)
    finished(naslib, optimizer, config, api)
    short = make_config(tmp_path / "short", 2, space=name, **SMALL)
    light = adapted(naslib, get_optimizer(method)(short), light_of(name))
    naslib.defaults.trainer.Trainer(light, short, lightweight_output=True).search()
    assert optimizer.history[0].tolist() == light.history[0].tolist()


@pytest.mark.parametrize("name", list(MOVES))
@pytest.mark.parametrize("method", DISCRETE)
def test_naslibs_on_light_objects(naslib, make_config, light_of, tmp_path, method, name):
    epochs = 24 if method == "bp" else 12  # of which 20 of 172 are chosen by the predictor
    config = make_config(tmp_path / "run", epochs, space=name, predictor_type="xgb", num_arches_to_mutate=2, **SMALL)
    optimizer = adapted(naslib, discrete_optimizer(method)(config), light_of(name))
    finished(naslib, optimizer, config)


@pytest.mark.parametrize("name", list(MOVES))
@pytest.mark.parametrize("method", ["rs", "re", "ls"])
def test_naslibs_on_graphs_take_the_same_decisions(
    naslib, make_config, light_of, graph_of, tmp_path, monkeypatch, method, name
):
    if (method, name) in (("ls", "nasbench301"), ("ls", "nasbench201"), ("ls", "transbench101_micro")):
        pytest.skip("a neighbourhood of graphs takes 10 to 60 seconds; test_moves compares one")
    trajectories = []
    for blank, api in ((light_of(name), None), graph_of(name)):
        folder = tmp_path / ("graph" if api else "light")
        config = make_config(folder, 9, space=name, **{**SMALL, "population_size": 3})
        naslib.utils.set_seed(5)
        optimizer = discrete_optimizer(method)(config)
        optimizer.adapt_search_space(blank, dataset_api=api)
        trainer = naslib.defaults.trainer.Trainer(optimizer, config, lightweight_output=True)
        trainer.search(report_incumbent=False)
        trajectories.append(trainer.search_trajectory.valid_acc)
    assert trajectories[1] == pytest.approx(trajectories[0], rel=1e-12)
    assert len(set(trajectories[0])) > 3
