import csv
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.errors import RunFolderError
from naslib_ext.experiments.cell_drawing import draw
from naslib_ext.experiments.compare import Comparison, compare
from naslib_ext.experiments.rank_tests import critical_difference, friedman_p, groups
from naslib_ext.experiments.report import write_report
from naslib_ext.experiments.suite.study import TASKS, Suite
from naslib_ext.experiments.table_formats import latex

from .conftest import PageChecker


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("suite")
    tasks = [task for task in TASKS if task.name in ("digits", "shapes")]
    made = Suite({"rs": 4, "ls": 4, "re": 3}, 40, str(folder), tasks)
    list(made.run("serial"))
    made.write()
    return folder


def test_the_page_needs_no_other_file(suite: Path) -> None:
    text = write_report(suite).read_text(encoding="utf-8")
    page = PageChecker(text)
    inner = {reference for reference in page.references if reference.startswith("#")}
    assert inner <= page.anchors
    assert len(inner) == 2
    assert all(reference.startswith("data:image/png;base64,") for reference in set(page.references) - inner)
    assert "url(" not in text
    for said in ("3 methods on 2 benchmarks", "critical difference", "python runners/suite/runner.py", "numpy "):
        assert said in "".join(page.text)
    assert text.count("<svg") == 2
    manifest = json.loads((suite / "digits/4-seeds/environment.json").read_text())
    assert manifest["data"]["sha256"] in "".join(page.text)


def test_figures_and_tables_stand_beside_it(suite: Path) -> None:
    write_report(suite)
    for name in ("critical_difference.png", "ranks.png", "regret-digits.png", "regret-shapes.png"):
        assert (suite / name).read_bytes().startswith(b"\x89PNG")
    content = json.loads((suite / "suite.json").read_text())
    with (suite / "results.csv").open() as file:
        rows = {(row["benchmark"], row["method"]): row for row in csv.DictReader(file)}
    assert len(rows) == 6
    summary = json.loads((suite / "shapes/3-seeds/summary.json").read_text())
    assert float(rows["shapes", "re"]["best_mean"]) == summary["optimizers"]["re"]["best_mean"][-1]
    with (suite / "ranks.csv").open() as file:
        assert {row["method"]: float(row["mean_rank"]) for row in csv.DictReader(file)} == content["mean_rank"]
    table = (suite / "results.tex").read_text()
    assert table.count(r"\\") == 4
    assert table.count(r"\mathbf") >= 2
    assert latex("a_b & 5%") == r"a\_b \& 5\%"


def test_equal_folders_give_equal_bytes(suite: Path) -> None:
    before = {path: path.read_bytes() for path in write_report(suite).parent.glob("*.*")}
    write_report(suite)
    assert {path: path.read_bytes() for path in suite.glob("*.*")} == before


def test_a_damaged_suite_is_named(suite: Path, tmp_path: Path) -> None:
    shutil.copytree(suite, tmp_path / "copy")
    (tmp_path / "copy/shapes/3-seeds/summary.json").unlink()
    with pytest.raises(RunFolderError, match="shapes"):
        write_report(tmp_path / "copy")
    (tmp_path / "copy/suite.json").write_text('{"seeds": {}}')
    with pytest.raises(RunFolderError, match=r"suite\.json"):
        write_report(tmp_path / "copy")


@pytest.mark.slow
def test_a_browser_shows_it_without_complaint(suite: Path, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--window-size=1000,2000"]
    profile, picture = f"--user-data-dir={tmp_path / 'profile'}", tmp_path / "page.png"
    page = write_report(suite).resolve().as_uri()
    done = subprocess.run(
        [browser, *flags, profile, f"--screenshot={picture}", page], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0
    assert "CONSOLE" not in done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_demsars_numbers() -> None:
    """Sec. 3.2.2 and 3.2.3: four methods on 14 data sets have the critical difference 1.25 at level 0.05."""
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)
    assert critical_difference(2, 10) == pytest.approx(1.960 * np.sqrt(2 * 3 / 60), abs=0.001)


def test_friedman() -> None:
    ranks = np.array([[1.0, 2, 3]] * 5)
    assert friedman_p(ranks) == 0
    assert friedman_p(np.array([[1.0, 2, 3], [3, 2, 1]])) == 1
    assert friedman_p(np.array([[1.0, 1, 1]] * 4)) == 1
    mixed = np.array([[1.0, 2, 3], [1, 3, 2], [2, 1, 3], [1, 2, 3], [1, 2, 3]])
    chi = 5 * 12 / (3 * 4) * np.sum((mixed.mean(axis=0) - 2) ** 2)  # Friedman's own statistic
    statistic = 4 * chi / (5 * 2 - chi)  # Iman and Davenport's, from it
    from scipy.stats import f

    assert friedman_p(mixed) == pytest.approx(f.sf(statistic, 2, 8))


def test_groups_of_the_diagram() -> None:
    assert groups(np.array([1.0, 2.0, 2.5, 4.0]), 1.0) == [(0, 1), (1, 2)]
    assert groups(np.array([1.0, 1.5, 2.0]), 5.0) == [(0, 2)]
    assert groups(np.array([1.0, 3.0]), 1.0) == []


@pytest.mark.parametrize(
    ("space", "text", "cells", "edges"),
    [
        ("nasbench201", "|avg_pool_3x3~0|+|nor_conv_1x1~0|none~1|+|nor_conv_3x3~0|none~1|skip_connect~2|", 1, 4),
        ("transbench101_micro", "64-41414-3_22_110", 1, 5),
        ("nasbench301", "0-5-1-6-0-3-1-4-2-3-3-6-1-1-3-5-0-4-1-0-0-2-2-6-0-3-2-0-0-5-3-5", 2, 16),
        ("nasbench101", "1-0-1-1-1-0-0-1-0-1-0-0-0-0-0-0-0-0-0-1-1-1-0-1-2-1", 1, 6),
        ("nasbench_macro", "21100000", 0, 0),
        ("mine", "1-2-3", 0, 0),
    ],
)
def test_cells_are_drawn_with_their_edges(space: str, text: str, cells: int, edges: int) -> None:
    drawing = draw(space, text)
    PageChecker(drawing)
    assert drawing.count("<svg") == cells
    assert drawing.count('class="edge"') == edges


def test_a_comparisons_page_draws_the_best_cell(tmp_path: Path) -> None:
    values = {"search_space": "nasbench201", "dataset": "digits", "search": {"epochs": 20}}
    compare(Comparison(("rs", "ls"), 2, str(tmp_path), values), "serial")
    page = PageChecker(write_report(tmp_path).read_text(encoding="utf-8"))
    assert page.open == []
    assert "<svg" in (tmp_path / "report.html").read_text()


def test_a_larger_suite_that_was_not_finished_is_not_mixed_with_the_earlier_one(suite: Path, tmp_path: Path) -> None:
    shutil.copytree(suite, tmp_path / "suite")
    larger = Suite({"rs": 4, "ls": 4, "re": 3}, 50, str(tmp_path / "suite"), [TASKS[-2]])
    list(larger.run("serial"))
    with pytest.raises(RunFolderError, match=r"has 50 queries a run, suite\.json 40; run the suite again"):
        write_report(tmp_path / "suite")


def test_a_suite_with_failed_searches_has_its_tables(suite: Path, tmp_path: Path) -> None:
    shutil.copytree(suite, tmp_path / "suite")
    folder = tmp_path / "suite" / "digits" / "4-seeds"
    summary = json.loads((folder / "summary.json").read_text())
    summary["optimizers"]["rs"]["best_mean"][-1] = None
    (folder / "summary.json").write_text(json.dumps(summary))
    runs = (folder / "runs.csv").read_text().splitlines()
    runs = [re.sub(r"^rs,1,[^,]*", "rs,1,nan", line) for line in runs]
    (folder / "runs.csv").write_text("\n".join(runs))
    write_report(tmp_path / "suite")
    assert "rs & -- " in (tmp_path / "suite" / "results.tex").read_text()


def test_latex_is_escaped() -> None:
    assert latex("anasod_bo+decoding=random") == r"anasod\_bo+decoding=random"
    assert latex(r"a\b~c^d<e>") == r"a\textbackslash{}b\textasciitilde{}c\textasciicircum{}d\textless{}e\textgreater{}"
