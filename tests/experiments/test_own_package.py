"""The package that ``docs/extending.md`` describes: made from the page, found by its entry points, proved and run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from naslib_ext.benchmarks import Benchmark, load_benchmark
from naslib_ext.cli import main
from naslib_ext.optimizers import Optimizer
from naslib_ext.predictors import Predictor
from naslib_ext.search_spaces import SearchSpace
from naslib_ext.testing.benchmark import BenchmarkContract
from naslib_ext.testing.optimizer import OptimizerContract
from naslib_ext.testing.predictor import PredictorContract
from naslib_ext.testing.search_space import SearchSpaceContract

TEXT = (Path(__file__).parents[2] / "docs" / "extending.md").read_text()
CODE = [
    block for block in re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE) if "pytest" not in block
]
*BLOCKS, SETUP = CODE


def defined() -> dict[str, Any]:
    """What the page defines."""
    names: dict[str, Any] = {}
    for block in BLOCKS:
        exec(block, names)
    return names


class TestGreedy(OptimizerContract):
    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return defined()["Greedy"]


class TestTowers(SearchSpaceContract):
    @pytest.fixture
    def space(self) -> SearchSpace:
        return defined()["Towers"]()


class TestAdditive(PredictorContract):
    @pytest.fixture
    def predictor(self) -> Predictor:
        return defined()["Additive"]()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages that holds the page's."""
    folder = tmp_path / "site"
    (folder / "mypackage").mkdir(parents=True)
    (folder / "mypackage" / "__init__.py").write_text("\n\n".join(BLOCKS))
    given: dict[str, Any] = {}
    exec(SETUP, {"setup": given.update})
    points = "\n".join(f"[{group}]\n" + "\n".join(lines) for group, lines in given["entry_points"].items())
    (folder / "mypackage-1.0.dist-info").mkdir()
    (folder / "mypackage-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: mypackage\nVersion: 1.0\n"
    )
    (folder / "mypackage-1.0.dist-info" / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.chdir(tmp_path)
    return folder


class TestSimulator(BenchmarkContract):
    @pytest.fixture
    def benchmark(self, site: Path) -> Benchmark:
        return load_benchmark("towers", "none", "simulator")


def test_the_pages_commands_run(site: Path, tmp_path: Path) -> None:
    commands = [shlex.split(line) for line in re.findall(r"^naslib-ext (.*)$", TEXT, re.MULTILINE)]
    assert [words[0] for words in commands] == ["search", "compare", "predictors"]
    for words in commands:
        assert main([*words, *([] if words[0] == "search" else ["--executor", "serial"])]) == 0
    assert main(["report", "own"]) == 0
    assert "spread, lower is better" in (tmp_path / "own" / "report.html").read_text()


def test_other_processes_know_it_too(site: Path, tmp_path: Path) -> None:
    words = "compare --search-space towers --dataset none --metric spread --optimizers greedy,rs --budget 12 --seeds 2"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *filter(None, sys.path)])}
    command = [sys.executable, "-m", "naslib_ext.cli", *words.split(), "--workers", "2", "--out", "own"]
    subprocess.run([*command, "benchmark", "simulator"], env=environment, check=True, timeout=300)
    assert len(list((tmp_path / "own").rglob("errors.json"))) == 4
