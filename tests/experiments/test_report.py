import csv
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.benchmarks import TabularBenchmark, find_table
from naslib_ext.cli import main
from naslib_ext.configuration import complete
from naslib_ext.defaults.trainer import Trainer
from naslib_ext.errors import RunFolderError
from naslib_ext.experiments.compare import Comparison, compare
from naslib_ext.experiments.report import write_report
from naslib_ext.optimizers import get_optimizer
from naslib_ext.search_spaces import CategoricalSearchSpace

from .conftest import PageChecker


def comparison(folder: Path, seeds: int = 4, optimum: float | None = 10.0, maximize: bool = True) -> Path:
    rng = np.random.default_rng(0)
    results, lines = {}, ["optimizer,seed,best,distinct_queries,architecture"]
    for shift, name in enumerate(("rs", "re")):
        best = np.maximum.accumulate(rng.uniform(5, 9, (seeds, 30)) + shift, axis=1)
        best = best if maximize else 20 - best
        spread = (best.std(axis=0, ddof=1) / seeds**0.5).tolist() if seeds > 1 else [None] * 30
        results[name] = {
            "checkpoints": list(range(1, 31)),
            "best_mean": best.mean(axis=0).tolist(),
            "best_sem": spread,
            "regret_mean": None if optimum is None else np.abs(optimum - best).mean(axis=0).tolist(),
            "test_mean": {"images": 7.25},
            "found_optimum": None if optimum is None else 0.5,
            "queries_to_optimum_mean": None if optimum is None else 21.0,
            "distinct_queries_mean": 30.0,
            "search_seconds_mean": None,
        }
        lines += [f"{name},{seed},{best[seed, -1]},30,0-1-<2>-{seed}" for seed in range(seeds)]
    summary = {
        "search_space": "mine",
        "dataset": "images",
        "metric": "val_accuracy" if maximize else "val_loss",
        "epoch": 12,
        "budget": 30,
        "seeds": seeds,
        "optimum": optimum,
        "maximize": maximize,
        "optimizers": results,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "runs.csv").write_text("\n".join(lines))
    return folder


@pytest.mark.parametrize("seeds", [1, 4])
@pytest.mark.parametrize("optimum", [None, 10.0])
@pytest.mark.parametrize("maximize", [True, False])
def test_a_page_that_needs_no_other_file(tmp_path: Path, seeds: int, optimum: float | None, maximize: bool) -> None:
    folder = comparison(tmp_path, seeds, optimum, maximize)
    page = PageChecker(write_report(folder).read_text())
    assert all(reference.startswith("data:image/png;base64,") for reference in page.references)
    assert all(page.alts)
    text = " ".join(page.text)
    assert "mine / images" in text
    assert "0-1-<2>-" in text
    assert "7.25" in text
    assert ("higher is better" in text) == maximize
    assert (folder / ("best.png" if optimum is None else "regret.png")).read_bytes().startswith(b"\x89PNG")


def test_the_better_method_stands_first(tmp_path: Path) -> None:
    for maximize in (True, False):
        text = " ".join(PageChecker(write_report(comparison(tmp_path, maximize=maximize)).read_text()).text)
        assert "re has the best mean" in text


def test_equal_folders_give_equal_bytes(tmp_path: Path) -> None:
    pages = [write_report(comparison(tmp_path / name)) for name in "ab"]
    assert pages[0].read_bytes() == pages[1].read_bytes()
    assert pages[0].with_name("regret.png").read_bytes() == pages[1].with_name("regret.png").read_bytes()


def test_the_report_of_a_run(tmp_path: Path) -> None:
    space = CategoricalSearchSpace("mine", [4] * 4)
    values = np.random.default_rng(0).uniform(50, 90, space.size)
    settings = complete({"optimizer": "ls", "search_space": "mine", "dataset": "images", "search": {"epochs": 40}})
    settings.save = str(tmp_path)
    benchmark = TabularBenchmark(space, space.enumerate(), {"val_accuracy": values}, "images")
    run = Trainer(get_optimizer("ls")(settings), settings, benchmark=benchmark)
    run.search()
    page = PageChecker(write_report(tmp_path).read_text())
    text = " ".join(page.text)
    assert f"{run.search_trajectory['valid_acc'][-1]:.3f}" in text
    assert space.to_string(run.final_architecture) in text
    assert (tmp_path / "best.png").is_file()


def test_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="nothing to report"):
        write_report(tmp_path)
    (comparison(tmp_path) / "runs.csv").unlink()
    with pytest.raises(RunFolderError, match=r"runs\.csv"):
        write_report(tmp_path)
    summary = json.loads((comparison(tmp_path) / "summary.json").read_text())
    del summary["optimizers"]["re"]["test_mean"]
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(RunFolderError, match="results of re are incomplete"):
        write_report(tmp_path)
    (tmp_path / "summary.json").write_text("{}")
    with pytest.raises(RunFolderError, match=r"summary\.json: not the summary"):
        write_report(tmp_path)


@pytest.mark.parametrize("finished", [True, False])
def test_a_runs_page_takes_the_benchmarks_direction(tmp_path: Path, finished: bool) -> None:
    space = CategoricalSearchSpace("mine", [4] * 4)
    settings = {"search_space": "mine", "dataset": "images", "metric": "kilograms", "search": {"epochs": 40}}
    config = complete({**settings, "optimizer": "ls", "save": str(tmp_path)})
    weights = {"kilograms": space.enumerate().sum(axis=1) + 1.0}
    benchmark = TabularBenchmark(space, space.enumerate(), weights, "images", maximize=False)
    Trainer(get_optimizer("ls")(config), config, lightweight_output=True, benchmark=benchmark).search()
    if not finished:  # then only the metric's name is known
        (tmp_path / "errors.json").unlink()
    text = " ".join(PageChecker(write_report(tmp_path).read_text()).text)
    assert ("lower is better" in text) == finished
    assert ("Best kilograms after 40 queries with seed 0: 1.000." in text) == finished


def test_a_comparison_can_be_cited_and_repeated(tmp_path: Path) -> None:
    values = {"search_space": "nasbench201", "dataset": "digits", "search": {"epochs": 15, "sample_size": 3}}
    compare(Comparison(("rs", "re+population_size=4"), 3, str(tmp_path / "a"), values), "serial")
    page = PageChecker(write_report(tmp_path / "a").read_text())
    text = " ".join(page.text)
    (command,) = (part for part in page.text if part.startswith("naslib-ext compare"))
    words = [str(tmp_path / "b") if word == "DIR" else word for word in shlex.split(command)]
    assert main([*words[1:], "--executor", "serial"]) == 0
    assert (tmp_path / "a" / "summary.json").read_bytes() == (tmp_path / "b" / "summary.json").read_bytes()
    asked, again = (json.loads((tmp_path / name / "environment.json").read_text()) for name in "ab")
    assert asked == again
    table = find_table("nasbench201", "digits")
    assert asked["data"]["sha256"] in text and table.source in text and f"numpy {np.__version__}" in text
    with (tmp_path / "a" / "results.csv").open() as file:
        rows = {row["method"]: row for row in csv.DictReader(file)}
    summary = json.loads((tmp_path / "a" / "summary.json").read_text())
    assert float(rows["rs"]["best_mean"]) == summary["optimizers"]["rs"]["best_mean"][-1]
    assert r"re+population\_size=4 & " in (tmp_path / "a" / "results.tex").read_text()
    assert (tmp_path / "a" / "seconds.png").read_bytes().startswith(b"\x89PNG")


def test_searches_that_failed_come_last(tmp_path: Path) -> None:
    folder = comparison(tmp_path)
    summary = json.loads((folder / "summary.json").read_text())
    runs = (folder / "runs.csv").read_text()
    (folder / "runs.csv").write_text(re.sub(r"^re,1,[^,]*", "re,1,nan", runs, flags=re.MULTILINE))
    summary["optimizers"]["re"]["best_mean"][-1] = summary["optimizers"]["re"]["best_sem"][-1] = None
    (folder / "summary.json").write_text(json.dumps(summary))
    assert "rs has the best mean" in " ".join(PageChecker(write_report(folder).read_text()).text)
    for result in summary["optimizers"].values():
        result["best_mean"][-1] = None
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "runs.csv").write_text(re.sub(r"^(r.,\d),[^,]*", r"\1,nan", runs, flags=re.MULTILINE))
    assert "No method has a value with every seed" in " ".join(PageChecker(write_report(folder).read_text()).text)


def test_a_comparison_that_is_not_finished_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "claims.sqlite").touch()
    with pytest.raises(RunFolderError, match="not finished"):
        write_report(tmp_path)
