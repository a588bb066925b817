"""Entries of each paper with tiny settings: what they print, and that they go on from what is there."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.experiments import compare, predictor_study
from naslib_ext.experiments.dsm_nas import study as dsm_study
from naslib_ext.experiments.reproduction import anasod, delta_nas
from naslib_ext.experiments.reproduction.dsm_nas import ablations, searches
from naslib_ext.experiments.reproduction.entry import Entry, Run
from naslib_ext.experiments.reproduction.lissnas import locality, shrunk_spaces, studies
from naslib_ext.experiments.reproduction.papers import entries
from naslib_ext.experiments.reproduction.search_table import SearchTable
from naslib_ext.experiments.reproduction.table import Panel
from naslib_ext.experiments.shrinkage import study as shrink_study

VALUE = re.compile(r"\| -?[\d.,]+ ± [\d.]+ ")


def _checked(name: str, run: Run) -> tuple[str, list[Panel]]:
    """The text of an entry that ran, with what every table must have, and its panels."""
    entry: Entry = entries()[name]
    text, panels = entry.run(run), entry.measure(run)
    heads = [line for line in text.splitlines() if line.endswith("| seeds |")]
    assert len(heads) == len(panels) and any("paper | ours ± standard error" in head for head in heads)
    assert VALUE.search(text) and f"{name} --seeds {run.seeds}`" in text
    cells = [cell for panel in panels for row in panel.rows for cell in row.cells]
    assert any(cell.paper and cell.ours is not None for cell in cells)
    return text, panels


@pytest.fixture
def run(tables: Path, tmp_path: Path) -> Run:
    return Run(tmp_path, 2, "serial", None, str(tables))


def test_anasod_searches(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anasod, "BENCHMARKS", anasod.BENCHMARKS[:1])
    monkeypatch.setattr(anasod, "SEARCH", SearchTable((150, 300), anasod.BENCHMARKS))
    text, panels = _checked("anasod-table-6", run)
    least = 100 - 91.57
    assert [row.label for row in panels[0].rows] == ["`ls`", "`anasod_ls`"]
    assert all(cell.ours >= least - 0.01 for row in panels[0].rows for cell in row.cells)
    assert "| `ls` | 8.34 ± 0.03 |" in re.sub(r"\| `ls` \|[^|]*\|", "| `ls` |", text)
    monkeypatch.setattr(compare, "_search", lambda *_: pytest.fail("a finished run was run again"))
    assert entries()["anasod-table-6"].run(run) == text
    curves, _ = _checked("anasod-figure-6", run)  # the same runs
    assert "`anasod_ls` - `ls`, 300 queries" in curves and "fewer" in curves


def test_anasod_encodings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anasod, "SAMPLED", anasod.SAMPLED[:1])
    _, (panel,) = _checked("anasod-table-1", run)
    overall, within, better = (row.cells[1].ours for row in panel.rows)
    assert (round(overall, 2), round(within, 2), round(better, 2)) == (12.74, 2.09, 0.90)  # all 15,625
    assert panel.rows[1].cells[0].ours < panel.rows[0].cells[0].ours
    _checked("anasod-figure-2", run)
    assert (run.out / "results" / "figure-2-nasbench201-cifar10.png").is_file()


def test_dsm_nas_searches(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ablations, "ABLATION_QUERIES", 30)
    monkeypatch.setattr(ablations, "table_study", lambda run: dsm_study.Study(
        "nasbench201", "cifar10", 12, 40, run.seeds, data_dir=run.data_dir, keep=run.out / "dsm_nas"))  # fmt: skip
    text, panels = _checked("dsm-nas-figure-8", run)
    assert [row.label for row in panels[0].rows] == ["DSM-NAS", "absolute reward", "without the graph"]
    monkeypatch.setattr(dsm_study, "_run_dsm", lambda *_: pytest.fail("a finished run was run again"))
    assert entries()["dsm-nas-figure-8"].run(run) == text


def test_dsm_nas_test_accuracies(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    study = dsm_study.Study("nasbench201", "cifar10", 12, 30, 2, data_dir=run.data_dir, keep=run.out)
    monkeypatch.setattr(searches, "table_study", lambda run, dataset="cifar10": replace(study, dataset=dataset))
    _, (direct, looked_up) = _checked("dsm-nas-table-2", run)
    rows = {row.label: row.cells for row in direct.rows}
    assert rows["DSM-NAS"][0].paper == "94.23 ± 0.22" and rows["DSM-NAS+"][0].ours is None
    assert 90 < rows["DSM-NAS"][0].ours <= 94.37 and rows["DSM-NAS+"][1].ours <= 73.51
    deviation, error = rows["DSM-NAS"][0].deviation, rows["DSM-NAS"][0].error
    assert error == pytest.approx(deviation)  # with two seeds: sd / sqrt(1) of the deviation with n
    assert len(looked_up.rows) == len(direct.rows) - 1


def test_dsm_nas_distances(run: Run) -> None:
    _, panels = _checked("dsm-nas-figure-6", run)
    for panel in panels:
        means = [row.cells[0].ours for row in panel.rows]
        assert means[0] < means[2] < means[5]


def test_kernel_shares() -> None:
    codes = np.zeros((1, 20), dtype=np.int8)
    codes[0, :4] = (1, 3, 4, 9)  # two of kernel 3, one of 5, one of 7; no other layers
    np.testing.assert_allclose(searches._kernel_shares(codes), [[0.5, 0.25, 0.25]])


def test_delta_nas_predictors(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    space = replace(delta_nas.SPACES["NASBench201"], sizes={30: "", 40: "1%"})
    monkeypatch.setattr(delta_nas, "SPACES", {"NASBench201": space})
    monkeypatch.setattr(delta_nas, "PREDICTORS", {"ADJ": "xgb", "FLAN": "", "DoA": "structure_gp"})
    text, (panel,) = _checked("delta-nas-table-1", run)
    assert [cell.paper for cell in panel.rows[1].cells] == ["", "0.782"] and panel.rows[1].cells[0].ours is None
    assert panel.rows[0].cells[1].ours < panel.rows[2].cells[1].ours < 1
    monkeypatch.setattr(predictor_study, "measure", lambda *_: pytest.fail("a finished fit was run again"))
    assert entries()["delta-nas-table-1"].run(run) == text


def test_delta_nas_figures(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta_nas, "SEARCHED", {"re": "below", "rs": "below"})
    first, second = delta_nas.SEARCHES
    monkeypatch.setattr(delta_nas, "SEARCHES", (first,))
    monkeypatch.setattr(delta_nas, "LARGER", second)
    monkeypatch.setattr(delta_nas, "QUERIES", (20, 60))
    _, panels = _checked("delta-nas-figure-4", run)
    assert [panel.title.split(", ")[1] for panel in panels] == ["best validation accuracy", "edits to the optimum"] * 2
    monkeypatch.setattr(delta_nas, "LOSSES", delta_nas.LOSSES[1:2])
    monkeypatch.setattr(delta_nas, "DISTANCES", (1, 2))
    _, (panel,) = _checked("delta-nas-figure-3", run)
    alone, _, nothing = (cell.ours for cell in panel.rows[0].cells)
    assert alone < nothing < panel.rows[1].cells[2].ours  # an edit says something; differences grow with k


def test_lissnas(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    study, _ = studies.STUDIES[studies.MACRO]
    few = replace(study, labels=60, rounds=2, predictor="anasod_gp", methods=("lissnas", "abs", "nse", "pad_nas"))
    monkeypatch.setattr(studies, "STUDIES", dict.fromkeys(studies.STUDIES, (few, 2)))
    text, panels = _checked("lissnas-table-1", run)
    assert {row.label: row.cells[0].paper for row in panels[0].rows} == {
        "ABS": "0.1", "NSE": "0.2", "PADNAS": "0.1", "LISSNAS": "0.4"
    }  # fmt: skip
    _, (first, *_) = _checked("lissnas-table-4", run)
    assert first.rows[0].label == "Full space" and first.rows[0].cells[0].ours == 6561 and not first.rows[0].seeds
    _, (first, *_) = _checked("lissnas-table-7", run)
    assert {row.label: row.cells[0].paper for row in first.rows}["LISSNAS"] == f"{255.6 / 260:.3f}"
    monkeypatch.setattr(shrink_study, "fit", lambda *_: pytest.fail("a finished seed was run again"))
    assert entries()["lissnas-table-1"].run(run) == text


def test_lissnas_locality(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locality, "WALKS", 200)
    monkeypatch.setattr(locality, "STUDIES", {studies.NB201: studies.STUDIES[studies.NB201]})
    text, (panel,) = _checked("lissnas-figure-2", run)
    nearest, third, _ = panel.rows
    assert nearest.cells[0].ours > third.cells[0].ours and nearest.cells[1].ours < third.cells[1].ours
    monkeypatch.setattr(locality, "measure_locality", lambda *_: pytest.fail("walked again"))
    assert entries()["lissnas-figure-2"].run(run) == text


def test_lissnas_stops_by_itself(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    base = replace(studies.STUDIES[studies.MACRO][0], labels=60, rounds=1, predictor="anasod_gp")
    monkeypatch.setattr(shrunk_spaces, "FREE", {"TransNASBench": base})
    text, (panel,) = _checked("lissnas-table-6", run)
    size, reduction = panel.rows[0].cells
    assert 1 < size.ours < 6561 and reduction.paper == "7x" and panel.rows[0].seeds == 2
    monkeypatch.setattr(shrunk_spaces, "shrink", lambda *_: pytest.fail("shrunk again"))
    assert entries()["lissnas-table-6"].run(run) == text
