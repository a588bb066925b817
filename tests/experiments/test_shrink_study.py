import json
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.benchmarks import TabularBenchmark
from naslib_ext.cli import main
from naslib_ext.errors import RunFolderError, UnknownName
from naslib_ext.experiments.shrinkage.report import report
from naslib_ext.experiments.shrinkage.search import SearchStudy, format_searches, run_searches
from naslib_ext.experiments.shrinkage.study import FULL, ShrinkStudy, example, fit, run_study
from naslib_ext.search_spaces import get_search_space
from naslib_ext.shrinkage import ShrunkSearchSpace
from naslib_ext.testing.made_up import smooth

METHODS = ("lissnas", "abs", "top_k", "random")


def study(tables: Path, **values: object) -> ShrinkStudy:
    given = {"labels": 40, "size": 100, "seeds": 2, "rounds": 2, "methods": METHODS, "data_dir": str(tables)}
    return ShrinkStudy("nasbench_macro", "cifar10", **{**given, **values})  # type: ignore[arg-type]


def test_the_report_has_every_table_and_file(tables: Path, tmp_path: Path) -> None:
    text = report(study(tables, methods=(*METHODS, "random_top_10", "lissnas_no_neighbors")), tmp_path)
    for table in ("Fig. 2 and Table 8", "Table 1.", "Tables 4 to 6", "Table 7", "Table 9", "Table 10", "threshold: "):
        assert table in text
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert {"search_space", "dataset", "metric", "size", "seeds", "labels", "methods"} <= set(summary)
    assert (summary["size"], summary["seeds"], summary["labels"]) == (6561, 2, 40)
    found = summary["methods"]["lissnas"]
    names = {"size_mean", "mean_accuracy", "max_accuracy", "best_kept", "shrink_index", "cosine_mean_retention"}
    assert names <= set(found)
    assert found["size_mean"] == 100 and summary["methods"][FULL]["max_accuracy"] == pytest.approx(93.127, abs=1e-3)
    assert found["mean_accuracy"] > summary["methods"]["random"]["mean_accuracy"] + 1
    loaded = ShrunkSearchSpace.load(tmp_path / "shrunk.npz")
    assert loaded.size == 100
    for picture in ("locality.png", "errors.png"):
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "locality.json").read_text())["threshold"] == 2


def test_what_is_there_is_not_run_again(tables: Path, tmp_path: Path) -> None:
    first = run_study(study(tables, seeds=1), tmp_path)
    seed = tmp_path / "seeds" / "0.json"
    content = json.loads(seed.read_text())
    content["methods"]["abs"]["mean_accuracy"] = 12.0
    seed.write_text(json.dumps(content))
    again = run_study(study(tables, seeds=1, methods=(*METHODS, "greedy_nas")), tmp_path)
    assert again["methods"]["abs"]["mean_accuracy"] == 12.0
    assert again["methods"]["lissnas"] == first["methods"]["lissnas"] and "greedy_nas" in again["methods"]
    straight = run_study(study(tables, seeds=1, methods=(*METHODS, "greedy_nas")), tmp_path / "straight")
    assert straight["methods"]["greedy_nas"] == again["methods"]["greedy_nas"]
    with pytest.raises(RunFolderError, match="another study"):
        run_study(study(tables, size=50), tmp_path)


def test_an_unknown_method_is_refused(tables: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="'abs'"):
        run_study(study(tables, methods=("asb",)), tmp_path)


def test_labels_are_charged_and_the_rest_predicted(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = study(tables)
    benchmark = given.benchmark
    asked: list[bytes] = []
    true_score = benchmark.score

    def counting(codes: np.ndarray, *rest: object) -> np.ndarray:
        asked.extend(row.tobytes() for row in codes)
        return true_score(codes, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(benchmark, "score", counting)
    fit(given, seed=3)
    assert len(set(asked)) == 40


def test_the_command_takes_a_table_of_ones_own(
    tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = "--search-space nasbench_macro --dataset cifar10 --labels 30 --size 60 --seeds 1 --rounds 1"
    rest = ["--methods", "lissnas,random", "--data-dir", str(tables), "--out", str(tmp_path)]
    assert main(["shrink", *arguments.split(), *rest]) == 0
    assert "Shrink index" in capsys.readouterr().out
    assert main(["shrink", "--search-space", "none", "--dataset", "cifar10", "--out", str(tmp_path / "x")]) == 1


@pytest.mark.parametrize("name", ["shufflenetv2", "fairnas"])
def test_block_based_spaces_with_a_benchmark_of_ones_own(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A made-up table of a few thousand networks, and the algorithm on what a user's benchmark says."""
    space = get_search_space(name)
    codes = np.unique(space.sample(3000, np.random.default_rng(0)), axis=0)
    benchmark = TabularBenchmark(space, codes, {"val_accuracy": smooth(space, codes)}, dataset="mine")
    given = ShrinkStudy(name, "mine", labels=60, size=100, rounds=1, predictor="xgb", methods=("lissnas",))
    monkeypatch.setitem(vars(given), "benchmark", benchmark)
    monkeypatch.setattr(ShrinkStudy, "score", lambda self, codes: smooth(space, codes))
    shrunk, _ = example(given)
    assert shrunk.size == 100 and shrunk.parent is space
    members, random = (smooth(space, some) for some in (shrunk.enumerate(), codes))
    assert members.mean() > random.mean() + 3 * random.std() / np.sqrt(len(random))


def test_searches_in_the_whole_space_and_in_shrunk_ones(tables: Path, tmp_path: Path) -> None:
    searches = SearchStudy(study(tables, predictor="xgb"), ("rs", "ls"), 60)
    summary = run_searches(searches, tmp_path)
    assert list(summary["methods"]) == ["rs", "lissnas (rs)", "ls", "lissnas (ls)"]
    assert [test["first"] for test in summary["paired_tests"]] == ["lissnas (rs)", "lissnas (ls)"]
    assert summary["methods"]["lissnas (rs)"]["best_mean"] > summary["methods"]["rs"]["best_mean"]
    assert "Wilcoxon" in format_searches(summary)
    before = (tmp_path / "search.json").read_bytes()
    run_searches(searches, tmp_path)
    assert (tmp_path / "search.json").read_bytes() == before
