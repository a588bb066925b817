"""``naslib_ext.register()``: NASLib's own methods with our predictors, and its runners with our optimizers."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import naslib_ext
from naslib_ext.errors import UnknownName
from naslib_ext.naslib_bridge.adapters import registration
from naslib_ext.naslib_bridge.adapters.moves import MOVES
from naslib_ext.naslib_bridge.adapters.naslib_names import discrete_optimizer
from naslib_ext.predictors import get_predictor, list_predictors

SMALL = {"num_init": 10, "k": 5, "num_candidates": 20, "num_arches_to_mutate": 2, "num_ensemble": 2}
OURS = [name for name in ("doa", "anasod_gp", "nep", "structure_gp") if name in list_predictors()]


@pytest.fixture
def quick(monkeypatch):
    """The neural predictors with a few training steps."""
    for name in OURS:
        for key, small in (("nep_epochs", 5), ("nep_steps", 5), ("epochs", 5), ("num_layers", 2)):
            parameter = get_predictor(name).parameters.get(key)
            if parameter is not None:
                monkeypatch.setitem(
                    get_predictor(name).parameters, key, type(parameter)(small, parameter.help, parameter.minimum)
                )


def rows(benchmark, n, seed=0):
    codes = benchmark.space.sample(n, np.random.default_rng(seed))
    return codes, benchmark.query(codes)


@pytest.mark.parametrize("count", [1, 3])
def test_members_have_the_mean_and_the_spread_of_a_predictor_with_uncertainty(light_of, count):
    blank = light_of("nasbench201")
    codes, values = rows(blank.benchmark, 60)
    graphs = [registrable(blank, code) for code in codes]
    members = registration.ensemble_members("anasod_gp", "nasbench201", count)
    np.random.seed(4)
    for member in members:
        assert member.fit(graphs[:40], values[:40]) >= 0
    answers = np.array([member.query(graphs[40:]) for member in members])
    np.random.seed(4)
    alone = get_predictor("anasod_gp")().bind(blank.space, seed=int(np.random.randint(2**31 - 1)))
    alone.fit(codes[:40], values[:40])
    mean, deviation = alone.predict(codes[40:])
    np.testing.assert_allclose(answers.mean(axis=0), mean, rtol=1e-9)
    if count > 1:
        np.testing.assert_allclose(answers.std(axis=0), deviation, rtol=1e-6)


def registrable(blank, code):
    arch = blank.clone()
    arch.set_spec(blank.space.to_spec(code))
    return arch


def test_members_without_uncertainty_have_seeds_of_their_own(light_of):
    blank = light_of("nasbench201")
    codes, values = rows(blank.benchmark, 60)
    graphs = [registrable(blank, code) for code in codes]
    members = registration.ensemble_members("xgb", "nasbench201", 2)
    seeds = []
    for member in members:
        member.fit(graphs[:40], values[:40])
        seeds.append(member.predictor.seed)
        assert np.corrcoef(member.query(graphs[40:]), values[40:])[0, 1] > 0
    assert seeds[0] != seeds[1]


@pytest.mark.naslib
def test_names(naslib):
    from naslib.predictors.ensemble import Ensemble

    names = naslib_ext.register()
    patched = Ensemble.get_ensemble
    assert naslib_ext.register() == names and Ensemble.get_ensemble is patched
    assert {"anasod_gp", "nep", "naslib_ext:xgb"} <= set(names) and "xgb" not in names
    theirs = Ensemble(num_ensemble=2, predictor_type="xgb", ss_type="nasbench201").get_ensemble()
    assert [type(member).__module__ for member in theirs] == ["naslib.predictors.trees.xgb"] * 2
    ours = Ensemble(num_ensemble=2, predictor_type="naslib_ext:xgb", ss_type="nasbench201").get_ensemble()
    assert {type(member.predictor) for member in ours} == {get_predictor("xgb")}
    with pytest.raises(UnknownName, match="anasod_gp"):
        Ensemble(predictor_type="anasod_gpp", ss_type="nasbench201").get_ensemble()


@pytest.mark.naslib
def test_recorded_names_are_those_of_naslibs_ensemble(naslib):
    source = Path(naslib.predictors.ensemble.__file__).read_text()
    for name in registration.NASLIB_NAMES:
        assert f'"{name}": ' in source
    assert source.count("Predictor(") + source.count("Boost(") >= len(registration.NASLIB_NAMES) - 6


@pytest.mark.naslib
@pytest.mark.slow
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("method", ["bananas", "npenas", "bp"])
@pytest.mark.parametrize("predictor", OURS)
def test_naslibs_methods_with_our_predictors(naslib, make_config, light_of, tmp_path, method, predictor):
    naslib_ext.register()
    epochs = 40 if method == "bp" else 16
    config = make_config(tmp_path, epochs, predictor_type=predictor, **SMALL)
    naslib.utils.set_seed(0)
    optimizer = discrete_optimizer(method)(config)
    optimizer.adapt_search_space(light_of("nasbench201"))
    trainer = naslib.defaults.trainer.Trainer(optimizer, config, lightweight_output=True)
    trainer.search()
    assert len(trainer.search_trajectory.valid_acc) == epochs
    assert trainer.search_trajectory.valid_acc[-1] > 75


@pytest.mark.naslib
@pytest.mark.slow
@pytest.mark.parametrize("name", list(MOVES))
def test_every_space(naslib, make_config, light_of, tmp_path, name):
    naslib_ext.register()
    config = make_config(tmp_path, 12, space=name, predictor_type="anasod_gp", **SMALL)
    naslib.utils.set_seed(0)
    optimizer = discrete_optimizer("bananas")(config)
    optimizer.adapt_search_space(light_of(name))
    naslib.defaults.trainer.Trainer(optimizer, config, lightweight_output=True).search()
    assert len(optimizer.train_data) == 12


@pytest.mark.naslib
@pytest.mark.slow
def test_naslibs_own_runner_runs_our_method(naslib, make_config, light_of, tmp_path, monkeypatch):
    import naslib.optimizers
    import naslib.search_spaces
    import naslib.utils

    monkeypatch.setattr(naslib.optimizers, "RandomSearch", naslib.optimizers.RandomSearch)
    naslib_ext.register({"rs": "anasod_rs"})
    config = make_config(tmp_path, 12, seed=3)
    config.optimizer = "rs"
    monkeypatch.setattr(naslib.utils, "get_config_from_args", lambda **_: config)
    monkeypatch.setattr(naslib.utils, "get_dataset_api", lambda *_: None)
    monkeypatch.setattr(naslib.search_spaces, "NasBench201SearchSpace", lambda: light_of("nasbench201").clone())
    script = Path(naslib.__file__).parent / "runners/nas/runner.py"
    found = runpy.run_path(str(script))
    assert type(found["optimizer"]).__name__ == "ANASODRandomSearch" and len(found["optimizer"].history[0]) == 12
    with pytest.raises(UnknownName, match="rs"):
        naslib_ext.register({"rss": "anasod_rs"})
