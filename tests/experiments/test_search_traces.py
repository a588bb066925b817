import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.errors import RunFolderError
from naslib_ext.experiments.search_traces import SearchJob, SearchStudy, format_searches, search_figures, trace
from naslib_ext.experiments.target import Target

RUNNER = Path(__file__).parents[2] / "runners" / "delta_nas" / "runner.py"


def test_searches(tables: Path, tmp_path: Path) -> None:
    target = Target("nasbench201", "cifar10", epoch=12, data_dir=str(tables))
    methods = ("sep_re", "sep_re:crossover=none", "re")
    summary = search_figures(SearchStudy(target, methods, budget=80, seeds=4), tmp_path, "serial")
    for measured in ("best", "test", "distance"):
        assert (tmp_path / f"{measured}.png").is_file()
    of = summary["methods"]
    assert of["re"] == of["sep_re:crossover=none"] and of["re"] != of["sep_re"]
    for method in methods:
        assert (np.diff(of[method]["best_mean"]) >= 0).all() and max(of[method]["best_mean"]) <= summary["optimum"]
        assert 0 <= of[method]["distance_mean"][-1] < of[method]["distance_mean"][0] <= 6
    assert "edits to the optimum" in format_searches(summary, (10, 80))
    assert search_figures(SearchStudy(target, methods, budget=80, seeds=4), tmp_path, "serial") == summary  # from files
    with pytest.raises(RunFolderError, match="another study"):
        search_figures(SearchStudy(target, ("re",), budget=90, seeds=1), tmp_path, "serial")


def test_a_trace_ends_in_the_optimum(tables: Path) -> None:
    target = Target("nasbench201", "cifar10", epoch=12, data_dir=str(tables))
    found = trace(SearchStudy(target, ("ls",), budget=300), SearchJob("ls", 2))
    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    optimum = benchmark.optimum("val_accuracy", 12)
    assert (found.distance == 0).any()
    np.testing.assert_array_equal(found.distance == 0, found.best == optimum)


def test_distances_are_unknown_without_an_optimum(tables: Path, tmp_path: Path) -> None:
    target = Target("nasbench301", "cifar10", "zen", data_dir=str(tables))
    assert target.benchmark.optimum("zen") is None
    target = Target("nasbench_macro", "cifar10", "test_accuracy", data_dir=str(tables))
    summary = search_figures(SearchStudy(target, ("rs",), budget=5, seeds=2), tmp_path, "serial")
    assert summary["methods"]["rs"]["test_mean"][0] is None and not (tmp_path / "test.png").exists()


def test_the_runner(
    tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    common = ["--data-dir", str(tables), "--out", str(tmp_path)]
    searching = ["search", "--methods", "rs,sep_re", "--budget", "40", "--seeds", "2", "--executor", "serial"]
    for words in (["loss", "--distances", "1", "--pairs", "100", "--trials", "1"], searching):
        monkeypatch.setattr(sys, "argv", [str(RUNNER), *words, *common])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(RUNNER), run_name="__main__")
        assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "loss on zen" in shown and "edits to the optimum" in shown
