import numpy as np
import pytest

from naslib_ext.experiments.reproduction.entry import Entry, Run
from naslib_ext.experiments.reproduction.table import Cell, Panel, Row, cell_of, number_of, numbers_in


def _panel(values: list[float]) -> Panel:
    papers = ("8.67 ± 0.03", "8.91 ± 0.05", "8.86 ± 0.05", "8.57 ± 0.04")
    rows = [Row(name, (Cell(paper, ours, 0.02), Cell("", ours)), 5)
            for name, paper, ours in zip("abcd", papers, values, strict=True)]  # fmt: skip
    return Panel("`t`", ("150 queries", "300 queries"), tuple(rows), (2,), ("150 queries",))


def test_every_row_has_the_papers_value_ours_its_error_and_the_seeds() -> None:
    lines = _panel([1.0, 2.0, 3.0, 4.0]).markdown().splitlines()
    assert lines[0] == (
        "| `t` | 150 queries: paper | ours ± standard error | 300 queries: ours ± standard error | seeds |"
    )
    assert lines[2] == "| a | 8.67 ± 0.03 | 1.00 ± 0.02 | 1.00 | 5 |"
    assert all(line.count("|") == lines[0].count("|") for line in lines[1:6])


@pytest.mark.parametrize(("values", "tau"), [([2.0, 4.0, 3.0, 1.0], "1.00"), ([3.0, 1.0, 2.0, 4.0], "-1.00")])
def test_agreement_is_that_of_the_order(values: list[float], tau: str) -> None:
    text = _panel(values).markdown()
    assert text.endswith(f"Kendall's tau between the paper's order and ours: {tau} (150 queries), 4 rows.")


def test_three_rows_have_no_agreement() -> None:
    panel = _panel([1.0, 2.0, 3.0, 4.0])
    assert "tau" not in Panel(panel.title, panel.columns, panel.rows[:3], ordered=("150 queries",)).markdown()


def test_a_panel_is_read_as_it_was_written() -> None:
    panel = _panel([1.0, 2.0, 3.0, 4.0])
    assert Panel.read(panel.plain()) == panel


def test_cells() -> None:
    values = np.array([1.0, 2.0, 3.0, 6.0])
    cell = cell_of(values, "2.9", deviation=True)
    assert cell.ours == 3.0 and cell.error == pytest.approx(values.std(ddof=1) / 2)
    assert cell.deviation == pytest.approx(values.std(ddof=1)) and cell_of([1.0]) == Cell("", 1.0)
    assert number_of("4,236 labels") == 4236 and number_of("best") is None
    assert numbers_in(["8.67 ± 0.03", "423K", "-"]) == {"8.67", "0.03", "423"}


def test_large_and_missing_numbers() -> None:
    row = Row("a", (Cell("10^7", 1.08e18), Cell("x")), 1)
    assert Panel("t", ("size", "mean"), (row,), (0,)).markdown().splitlines()[2] == "| a | 10^7 | 1.1e+18 | x | - | 1 |"


def test_an_entry_keeps_its_panels(tmp_path) -> None:
    entry = Entry("t", "Table 0", 3, "7 runs", "A note.", lambda run: [_panel([float(run.seeds)] * 4)])
    assert "Not run yet: `python runners/reproduce/runner.py t`" in entry.markdown(tmp_path)
    text = entry.run(Run(tmp_path, 3))
    assert text == entry.markdown(tmp_path) and "A note." in text and "3.00 ± 0.02" in text
    assert "runner.py t --seeds 3`; the paper: 7 runs." in text


def test_parts_are_computed_once(tmp_path) -> None:
    run, calls = Run(tmp_path, 1), []
    for _ in range(2):
        assert run.kept("part", 0, lambda: calls.append(1) or [1.5, None]) == [1.5, None]
    assert len(calls) == 1 and run.at_most(5) == 1
