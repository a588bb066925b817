import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from naslib_ext.experiments.suite import TASKS, Suite, Task


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
