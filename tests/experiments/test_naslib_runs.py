"""NASLib's optimizers in our comparison, and what counts as a query there."""

import importlib.util
import json

import numpy as np
import pytest

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.errors import ConfigError, MissingDependency, RunFolderError, UnknownName
from naslib_ext.experiments import naslib_runs
from naslib_ext.experiments.compare import Comparison, Job, compare, run

VALUES = {"search_space": "nasbench201", "dataset": "cifar10", "search": {"epochs": 40}}
SMALL = {"num_init": 8, "k": 4, "num_candidates": 10, "num_ensemble": 2, "predictor_type": "xgb"}


@pytest.fixture
def naslib():
    if importlib.util.find_spec("naslib") is None:
        pytest.skip("no NASLib; set NASLIB_HOME to its checkout")
    return pytest.importorskip("naslib.optimizers")


def comparison(tables, out, *names, **search):
    values = {**VALUES, "data_dir": str(tables), "search": {**VALUES["search"], **search}}
    return Comparison(names, 2, str(out), values)


def test_names():
    assert naslib_runs.is_naslibs("naslib:re") and not naslib_runs.is_naslibs("re")
    with pytest.raises(UnknownName, match="naslib:bananas"):
        naslib_runs.is_naslibs("naslib:banana")


def test_settings(tables, tmp_path):
    mixed = comparison(tables, tmp_path, "naslib:re", "anasod_brs+T=5", "naslib:bananas+k=3", num_init=7, beta_max=1.0)
    bananas = mixed.config(Job("naslib:bananas+k=3", 1))
    assert (bananas.search.k, bananas.search.num_init, bananas.seed, bananas.search.epochs) == (3, 7, 1, 40)
    assert "beta_max" not in bananas.search and bananas.optimizer == "naslib:bananas"
    assert bananas.save == f"{tmp_path}/nasbench201/cifar10/naslib_bananas+k=3/1"
    for names, search in ((("naslib:re+kk=3",), {}), (("naslib:re",), {"kk": 3}), (("naslib:re",), {"beta_max": 1})):
        with pytest.raises(ConfigError, match="unknown key"):
            _ = comparison(tables, tmp_path, *names, **search).settings
    with pytest.raises(ConfigError, match=r"search\.constraints: naslib:re is NASLib's"):
        _ = comparison(tables, tmp_path, "naslib:re", "re", constraints={"flops": 100}).settings


def test_without_naslib(tables, tmp_path, monkeypatch):
    monkeypatch.setattr("naslib_ext.naslib_bridge.adapters.search.naslib_folder", lambda: None)
    with pytest.raises(MissingDependency, match="NASLIB_HOME"):
        run(comparison(tables, tmp_path, "naslib:re"), Job("naslib:re", 0))


def test_reading_counts_once(tables):
    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    recorder = naslib_runs.RecordingBenchmark(benchmark, "val_accuracy", 12, 3)
    codes = benchmark.codes[[5, 6, 5, 7]]
    np.testing.assert_array_equal(recorder.score(codes), benchmark.query(codes, "val_accuracy", 12))
    recorder.query(benchmark.codes[:9], "test_accuracy")
    assert [record.code for record in recorder.records] == codes[[0, 1, 3]].tolist()
    assert recorder.query(codes[:2]).tolist() == benchmark.query(codes[:2], "val_accuracy", 12).tolist()
    with pytest.raises(naslib_runs._BudgetSpent):
        recorder.query(benchmark.codes[8:9])


@pytest.mark.naslib
def test_mixed_comparison(naslib, tables, tmp_path):
    mixed = comparison(tables, tmp_path, "naslib:re", "re", "naslib:ls", "naslib:bp+predictor_type=xgb")
    summary = compare(mixed, "serial")
    results = summary["optimizers"]
    for name in ("naslib:re", "re", "naslib:ls"):
        assert results[name]["distinct_queries_mean"] == 40 and len(results[name]["best_mean"]) == 40
    assert results["naslib:bp+predictor_type=xgb"]["distinct_queries_mean"] <= 40
    assert all(89 < result["best_mean"][-1] < 91.6 for result in results.values())
    assert set(results["naslib:re"]["test_mean"]) == {"cifar10", "cifar100"}
    journal = (tmp_path / "nasbench201/cifar10/naslib_re/1/journal.jsonl").read_text().splitlines()
    assert len({json.dumps(json.loads(line)["code"]) for line in journal}) == len(journal) == 40
    assert (tmp_path / "nasbench201/cifar10/naslib_re/1/errors.json").is_file()
    before = (tmp_path / "summary.json").read_text()
    compare(mixed, "serial")  # reads the journals
    assert (tmp_path / "summary.json").read_text() == before
    with pytest.raises(RunFolderError, match="another run"):
        run(comparison(tables, tmp_path, "naslib:re", population_size=9), Job("naslib:re", 1))


@pytest.mark.naslib
def test_the_search_is_naslibs(naslib, tables, tmp_path):
    """The distinct architectures are those of NASLib's own run, in order."""
    from naslib_ext.naslib_bridge.adapters.light import LightArchitecture
    from naslib_ext.naslib_bridge.adapters.search import naslib_settings, prepare

    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    settings = {"seed": 1, "dataset": "cifar10", "save": str(tmp_path / "own"), "search": {"epochs": 80, "fidelity": -1,
                "checkpoint_freq": 99}}  # fmt: skip
    trainer, _ = prepare("re", naslib_settings(settings), LightArchitecture(benchmark.space, benchmark))
    asked, own = [], trainer.optimizer.new_epoch

    def new_epoch(epoch):
        own(epoch)
        asked.append(trainer.optimizer.population[-1].arch.get_hash())

    trainer.optimizer.new_epoch = new_epoch
    trainer.search()
    records = run(comparison(tables, tmp_path, "naslib:re"), Job("naslib:re", 1))
    journal = (tmp_path / "nasbench201/cifar10/naslib_re/1/journal.jsonl").read_text().splitlines()
    assert [tuple(json.loads(line)["code"]) for line in journal] == list(dict.fromkeys(asked))[:40]
    assert records.best[-1] == max(json.loads(line)["value"] for line in journal)


@pytest.mark.naslib
def test_candidates_whose_accuracy_is_read_count(naslib, tables, tmp_path):
    """NASLib's Bananas reads the accuracy of each candidate with ``acq_fn_optimization: random_sampling``."""
    label = "naslib:bananas+acq_fn_optimization=random_sampling"
    found = run(comparison(tables, tmp_path, label, **SMALL), Job(label, 0))
    assert found.distinct == 40 and len(found.best) == 40
    epochs = len(json.loads((tmp_path / f"nasbench201/cifar10/{label.replace(':', '_')}/0/errors.json").read_text())[1][
        "valid_acc"
    ])  # fmt: skip
    assert epochs < 25


@pytest.mark.naslib
def test_ours_as_predictors_of_naslibs(naslib, tables, tmp_path):
    label = "naslib:npenas+predictor_type=anasod_gp"
    found = run(comparison(tables, tmp_path, label, **SMALL), Job(label, 0))
    assert found.distinct == 40
