"""The studies of DSM-NAS, at sizes that take seconds."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.benchmarks.once_for_all import OnceForAllPredictor
from naslib_ext.errors import DataFileError
from naslib_ext.experiments.dsm_nas import ablations
from naslib_ext.experiments.dsm_nas import mobile as dsm_mobile
from naslib_ext.experiments.dsm_nas import study as dsm_study
from naslib_ext.experiments.dsm_nas.speed import iteration, searches
from naslib_ext.experiments.dsm_nas.study import Study, run_dsm, run_other, summarize
from naslib_ext.experiments.dsm_nas.transfer import transfer
from naslib_ext.optimizers.dsm_nas import DSMNAS

RUNNER = Path(__file__).parents[2] / "runners" / "dsm_nas" / "runner.py"
SMALL = {"width": 4}


@pytest.fixture
def study(tables: Path) -> Study:
    return Study("nasbench201", "cifar10", 12, budget=20, seeds=3, data_dir=str(tables))


@pytest.fixture
def mobile(tables: Path) -> Study:
    study = dsm_mobile.mobile_study(40, 2, str(tables))
    try:
        assert isinstance(study.benchmark, OnceForAllPredictor)
    except DataFileError:
        pytest.skip("no accuracy predictor of Once-for-All")
    return study


def test_runs_are_best_scores_so_far_and_what_was_found(study: Study) -> None:
    for runs in (run_dsm(study, SMALL), run_other(study, "ls")):
        assert runs.best.shape == (3, 20) and (np.diff(runs.best, axis=1) >= 0).all()
        np.testing.assert_array_equal(study.evaluate(runs.found), runs.best[:, -1])


def test_a_finished_run_is_not_run_again(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeping = Study("nasbench201", "cifar10", 12, 20, 3, data_dir=study.data_dir, keep=tmp_path)
    first = run_dsm(keeping, SMALL)
    monkeypatch.setattr(dsm_study, "search_many", None)
    again = run_dsm(keeping, {**SMALL, "preset": "paper", "num_subspaces": 4})
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(TypeError):
        run_dsm(keeping, {**SMALL, "num_subspaces": 5})


def test_the_summary_has_the_test_accuracy_of_every_data_set(study: Study) -> None:
    runs = run_dsm(study, SMALL)
    summary = summarize(study, {"dsm_nas": runs, "rs": run_other(study, "rs")})
    table = load_benchmark("nasbench201", "cifar100", data_dir=study.data_dir)
    found = table.query(runs.found, "test_accuracy")
    assert summary["methods"]["dsm_nas"]["test"]["cifar100"] == pytest.approx([found.mean(), found.std()])
    assert summary["methods"]["dsm_nas"]["best_mean"][-1] == pytest.approx(runs.best[:, -1].mean())
    assert {summary["paired_tests"][0]["first"], summary["paired_tests"][0]["second"]} == {"dsm_nas", "rs"}


def test_transfer_starts_from_the_sources_final_centres_and_pays_for_them(study: Study) -> None:
    target, runs = transfer(study, "cifar100", SMALL)
    centers = run_dsm(study, SMALL).centers
    assert target.dataset == "cifar100" and set(runs) >= {"dsm_nas", "dsm_nas+"}
    of_centers = np.stack([target.evaluate(codes) for codes in centers])
    np.testing.assert_array_equal(runs["dsm_nas+"].best[:, :4], np.maximum.accumulate(of_centers, axis=1))


@pytest.mark.parametrize("panel", ablations.PANELS)
def test_every_variant_of_a_panel_is_allowed(study: Study, panel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each goes through the checks of settings, and all differ."""
    seen: list[str] = []

    def remember(_: Study, settings: dict[str, object]) -> dsm_study.Runs:
        DSMNAS({"search": settings}).bind(study.benchmark.space)
        seen.append(json.dumps(settings, sort_keys=True))
        return dsm_study.Runs(np.zeros((3, 20)), study.benchmark.space.sample(3, np.random.default_rng(0)), [], 0.0)

    monkeypatch.setattr(ablations, "run_dsm", remember)
    monkeypatch.setattr(ablations, "random_in_mined", lambda *_: None)
    runs = ablations.ablate(study, panel, SMALL)
    assert len(set(seen)) == len(seen) and len(runs) >= len(seen) >= 2


def test_random_search_in_mined_subspaces_stays_there(study: Study) -> None:
    mined = run_dsm(study, SMALL)
    runs = ablations.random_in_mined(study, mined, 4)
    for codes, found in zip(mined.centers, runs.found, strict=True):
        best = codes[study.evaluate(codes).argmax()]
        assert (best != found).sum() <= 4


def test_the_mobile_search_finds_architectures_within_the_limit(mobile: Study) -> None:
    flops = mobile.benchmark.free["flops"]
    for settings in (dsm_mobile.PAPER, dsm_mobile.TUNED):
        runs = run_dsm(mobile, {**settings, **SMALL})
        assert (flops(runs.found) <= 600).all()
        np.testing.assert_array_equal(mobile.evaluate(runs.found), runs.best[:, -1])
    assert (flops(dsm_mobile.search_within(mobile, "re").found) <= 600).all()


def test_times_are_those_of_searches(study: Study) -> None:
    one, many = iteration(study, SMALL), searches(study, SMALL)
    assert 0 < one.processor < many.processor


@pytest.mark.parametrize("command", ["seeds", "transfer", "ablations", "speed"])
def test_the_command(
    command: str, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [command, "--epoch", "12", "--seeds", "2", "--budget", "24", "--data-dir", str(tables), "--out"]
    panels = ["--panels", "graph"] if command == "ablations" else []
    monkeypatch.setattr(sys, "argv", ["runner.py", *arguments, str(tmp_path), *panels, "width", "4"])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(RUNNER), run_name="__main__")
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    if command == "speed":
        assert "one iteration" in printed and "2 searches at once" in printed
    else:
        written = tmp_path / ("graph" if command == "ablations" else "")
        assert json.loads((written / "summary.json").read_text())["budget"] == 24
        assert (written / "curves.png").stat().st_size > 1_000 and "cifar10 " in printed
