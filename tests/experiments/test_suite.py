import json
from pathlib import Path

import numpy as np

from naslib_ext.experiments.suite import TASKS, Suite


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
