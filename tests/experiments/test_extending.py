import json
import subprocess
import sys
from pathlib import Path

import pytest

from naslib_ext.errors import RunFolderError, RunsFailed
from naslib_ext.experiments import compare as compare_module
from naslib_ext.experiments.compare import Comparison, Job, compare
from naslib_ext.experiments.shared_runs import claimed
from naslib_ext.optimizers import get_optimizer, list_optimizers

RESULTS = ("summary.json", "runs.csv", "curves.csv")
SPACE = {"search_space": "nasbench201", "dataset": "digits"}


def comparison(out: Path, methods: tuple[str, ...] = ("rs", "re"), seeds: int = 2, budget: int = 20) -> Comparison:
    return Comparison(methods, seeds, str(out), {**SPACE, "search": {"epochs": budget}})


def states(out: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of the last change of every file of every run."""
    files = (path for path in (out / "nasbench201").rglob("*") if path.is_file())
    return {str(path.relative_to(out)): (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


def assert_equal_results(a: Path, b: Path) -> None:
    for name in RESULTS:
        assert (a / name).read_bytes() == (b / name).read_bytes()
    journals = sorted(path.relative_to(a) for path in a.rglob("journal.jsonl"))
    assert journals == sorted(path.relative_to(b) for path in b.rglob("journal.jsonl"))
    assert all((a / path).read_bytes() == (b / path).read_bytes() for path in journals)


def test_more_methods_and_seeds_leave_finished_runs_alone(tmp_path: Path) -> None:
    compare(comparison(tmp_path / "a"), "serial")
    before = states(tmp_path / "a")
    assert {path.split("/")[2] for path in before} == {"rs", "re"}
    compare(comparison(tmp_path / "a", ("rs", "re", "ls"), 3), "serial")
    after = states(tmp_path / "a")
    assert {path: after[path] for path in before} == before
    assert {(path.split("/")[2], path.split("/")[3]) for path in after.keys() - before.keys()} == {
        ("rs", "2"), ("re", "2"), ("ls", "0"), ("ls", "1"), ("ls", "2"),
    }  # fmt: skip
    compare(comparison(tmp_path / "b", ("rs", "re", "ls"), 3), "serial")
    assert_equal_results(tmp_path / "a", tmp_path / "b")


def test_a_larger_budget_goes_on_where_the_runs_ended(tmp_path: Path) -> None:
    compare(comparison(tmp_path / "a"), "serial")
    first = {path: path.read_bytes() for path in (tmp_path / "a").rglob("journal.jsonl")}
    compare(comparison(tmp_path / "a", budget=35), "serial")
    assert all(path.read_bytes().startswith(start) for path, start in first.items())
    compare(comparison(tmp_path / "b", budget=35), "serial")
    assert_equal_results(tmp_path / "a", tmp_path / "b")


def test_runs_of_another_budget_that_cannot_be_used_are_refused_at_once(tmp_path: Path) -> None:
    methods = ("rs", "anasod_brs")
    compare(comparison(tmp_path, methods), "serial")
    before = states(tmp_path)
    with pytest.raises(RunFolderError, match=r"anasod_brs holds runs of 20 queries, not 30: .*depends on the budget"):
        compare(comparison(tmp_path, methods, budget=30), "serial")
    with pytest.raises(RunFolderError, match="the budget is smaller"):
        compare(comparison(tmp_path, methods, budget=10), "serial")
    assert states(tmp_path) == before


def test_other_settings_are_refused_and_change_nothing(tmp_path: Path) -> None:
    compare(comparison(tmp_path), "serial")
    before = states(tmp_path)
    other = Comparison(("rs", "re"), 2, str(tmp_path), {**SPACE, "search": {"epochs": 30, "population_size": 5}})
    with pytest.raises(RunFolderError, match="another run"):
        compare(other, "serial")
    journals = {path for path in before if "/re/" in path and path.endswith(("journal.jsonl", "config.yaml"))}
    assert {path: states(tmp_path)[path] for path in journals} == {path: before[path] for path in journals}


def test_two_processes_share_the_runs(tmp_path: Path) -> None:
    script = f"""
from naslib_ext.experiments.compare import Comparison, compare
values = {{**{SPACE!r}, "search": {{"epochs": 60}}}}
compare(Comparison(("rs", "re", "ls"), 6, {str(tmp_path / "a")!r}, values), "serial")
"""
    processes = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(2)]
    assert [process.wait(timeout=300) for process in processes] == [0, 0]
    compare(comparison(tmp_path / "b", ("rs", "re", "ls"), 6, 60), "serial")
    assert_equal_results(tmp_path / "a", tmp_path / "b")


def test_a_run_that_another_process_has_is_left_to_it(tmp_path: Path) -> None:
    mine = comparison(tmp_path)
    with claimed(tmp_path, mine.config(Job("rs", 0))) as first:
        assert first
        assert compare_module.run(mine, Job("rs", 0)) is None
        assert compare_module.run(mine, Job("rs", 1)) is not None
    assert compare_module.run(mine, Job("rs", 0)) is not None


def test_a_run_that_fails_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = compare_module.run

    def poisoned(comparison: Comparison, job: Job) -> object:
        if job == Job("re", 0):
            raise ZeroDivisionError("poison")
        return whole(comparison, job)

    monkeypatch.setattr(compare_module, "run", poisoned)
    with pytest.raises(RunsFailed, match=r"1 of 4 runs failed, .*re, seed 0: ZeroDivisionError: poison"):
        compare(comparison(tmp_path), "serial")
    assert "re,0,ZeroDivisionError: poison" in (tmp_path / "failures.csv").read_text()
    assert len(list(tmp_path.rglob("errors.json"))) == 3
    monkeypatch.undo()
    compare(comparison(tmp_path), "serial")
    assert not (tmp_path / "failures.csv").exists()


def test_versions_and_data_stand_beside_the_results(tmp_path: Path) -> None:
    compare(comparison(tmp_path, ("rs",), 1), "serial")
    found = json.loads((tmp_path / "environment.json").read_text())
    assert {"naslib_ext", "python", "numpy"} <= set(found["versions"])
    assert len(found["data"]["sha256"]) == 64


@pytest.mark.parametrize("name", [name for name in list_optimizers("query") if name != "tpe"])
def test_methods_say_whether_they_depend_on_the_budget(name: str) -> None:
    from naslib_ext.benchmarks import load_benchmark

    benchmark = load_benchmark("nasbench201", "digits")

    def asked(budget: int) -> list[list[int]]:
        method = get_optimizer(name)({"search": {}})
        method.bind(benchmark.space, 0, budget, benchmark.key, dict(benchmark.free))
        rows = []
        for _ in range(25):
            codes = method.ask(1)
            method.tell(codes, benchmark.score(codes))
            rows.append(codes[0].tolist())
        return rows

    if not get_optimizer(name).depends_on_budget:
        assert asked(25) == asked(60)
