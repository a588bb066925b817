import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import rankdata

from naslib_ext.errors import ConfigError, RunsFailed, UnknownName
from naslib_ext.experiments import compare as compare_module
from naslib_ext.experiments.compare import Comparison, Job
from naslib_ext.experiments.suite.study import TASKS, Suite, Task, find_tasks


def test_ranks_over_benchmarks_and_numbers_of_seeds(tmp_path: Path) -> None:
    tasks = [task for task in TASKS if task.name in ("digits", "shapes")]
    suite = Suite({"rs": 4, "ls": 4, "re": 3}, 60, str(tmp_path), tasks)
    results = {task.name: merged for task, merged in suite.run("serial")}
    assert set(results["digits"]) == {"rs", "ls", "re"}
    ranks = suite.mean_ranks()
    assert ranks.shape == (2, 3)
    np.testing.assert_allclose(ranks.sum(axis=1), 6)
    assert suite.scores().shape == (2, 3, 3)
    table = suite.write()
    content = json.loads((tmp_path / "suite.json").read_text())
    order = sorted(content["mean_rank"], key=lambda name: content["mean_rank"][name])
    assert [row.split("`")[1] for row in table.splitlines()[2:]] == order
    assert order[-1] == "rs"
    assert len(content["tests"]) == 3
    assert [int(query) for query in content["mean_rank_after"]] == [10, 20, 50]
    for query, earlier in content["mean_rank_after"].items():
        best = {
            name: [[run[: int(query)].max() for run in _values(suite, task, name)] for task in tasks]
            for name in suite.methods
        }
        expected = rankdata(-np.array([[row[:3] for row in best[name]] for name in best]), axis=0).mean(axis=(1, 2))
        np.testing.assert_allclose(list(earlier.values()), expected)


def test_more_seeds_go_on_from_fewer(tmp_path: Path) -> None:
    tasks = [task for task in TASKS if task.name == "digits"]
    list(Suite({"rs": 2}, 20, str(tmp_path), tasks).run("serial"))
    journals = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("journal.jsonl")}
    ((_, more),) = Suite({"rs": 3, "re": 2}, 20, str(tmp_path), tasks).run("serial")
    assert len(journals) == 2
    assert len(list(tmp_path.rglob("journal.jsonl"))) == 5
    assert journals == {path: path.stat().st_mtime_ns for path in journals}
    ((_, fresh),) = Suite({"rs": 3, "re": 2}, 20, str(tmp_path / "fresh"), tasks).run("serial")
    assert more == fresh


def _values(suite: Suite, task: Task, method: str) -> list[NDArray[np.float64]]:
    """The value of every query, from the runs' journals."""
    folder = Path(suite.out) / task.name / task.search_space / task.dataset / method
    lines = [Path(folder, str(seed), "journal.jsonl").read_text().splitlines() for seed in range(suite.methods[method])]
    return [np.array([json.loads(line)["value"] for line in of]) for of in lines]


def test_what_cannot_be_a_suite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="unknown benchmark 'digit'; did you mean 'digits'"):
        find_tasks(["shapes", "digit"])
    assert [task.name for task in find_tasks(["shapes", "digits"])] == ["digits", "shapes"]
    for methods, tasks in (({}, TASKS), ({"rs": 0}, TASKS), ({"rs": 2}, ())):
        with pytest.raises(ConfigError, match="a suite needs"):
            Suite(methods, 20, str(tmp_path), tasks)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--tasks", "digits,typo"], "unknown benchmark 'typo'"),
        (["--tasks", ""], "unknown benchmark ''"),
        (["--slow", "ls,rs"], "rs: named in --optimizers and in --slow"),
        (["--seeds", "0"], "a suite needs"),
        (["--budget", "0"], "search.epochs: expected at least 1"),
    ],
)
def test_the_runner_says_what_is_wrong(
    tmp_path: Path, words: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runner = Path(__file__).parents[2] / "runners" / "suite" / "runner.py"
    monkeypatch.setattr(sys, "argv", ["runner.py", "--optimizers", "rs", "--out", str(tmp_path / "out"), *words])
    with pytest.raises(SystemExit, match="1"):
        runpy.run_path(str(runner), run_name="__main__")
    error = capsys.readouterr().err
    assert error.startswith("runner.py: ") and message in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_failed_runs_of_a_benchmark_leave_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = compare_module.run

    def poisoned(comparison: Comparison, job: Job) -> object:
        if job == Job("ls", 1) and comparison.settings.dataset == "digits":
            raise ZeroDivisionError("poison")
        return whole(comparison, job)

    suite = Suite({"rs": 3, "ls": 2}, 12, str(tmp_path), find_tasks(["digits", "shapes"]))
    monkeypatch.setattr(compare_module, "run", poisoned)
    results = suite.run("serial")
    assert next(results)[0].name == "shapes"
    with pytest.raises(RunsFailed, match=r"runs failed on digits, see failures\.csv"):
        next(results)
    assert "poison" in (tmp_path / "digits" / "2-seeds" / "failures.csv").read_text()
    monkeypatch.undo()
    assert [task.name for task, _ in suite.run("serial")] == ["digits", "shapes"]
