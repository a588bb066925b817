import csv
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.errors import RunFolderError
from naslib_ext.experiments.compare import Comparison, compare
from naslib_ext.experiments.report import write_report
from naslib_ext.experiments.time_curves import POINTS, read_time_curves, time_curves_csv


def test_the_best_value_known_at_each_time(tmp_path: Path) -> None:
    fast = (np.array([1.0, 2.0, 4.0]), np.array([5.0, 7.0, 9.0]))
    slow = (np.array([2.0, 8.0, 16.0]), np.array([6.0, 6.0, 10.0]))
    (tmp_path / "seconds.csv").write_text(time_curves_csv({"a": [fast, slow], "b": [slow, slow]}, 10.0))
    curves = read_time_curves(tmp_path / "seconds.csv", regret=True)
    times = curves[1].times
    assert (times[0], times[-1]) == (pytest.approx(2.0), pytest.approx(16.0))
    assert [curve.name for curve in curves] == ["a", "b"]
    at = {time: int(np.searchsorted(times, time)) for time in (3.0, 5.0, 9.0)}
    assert [curves[0].mean[at[time]] for time in (3.0, 5.0, 9.0)] == [3.5, 2.5, 2.5]  # (7 + 6) / 2, then (9 + 6) / 2
    assert curves[1].mean[-1] == 0
    assert (curves[1].sem == 0).all()


def test_a_comparison_with_costs_has_them_and_its_page_shows_them(tmp_path: Path) -> None:
    values = {"search_space": "nasbench201", "dataset": "digits", "search": {"epochs": 20}}
    summary = compare(Comparison(("rs", "ls"), 2, str(tmp_path), values), "serial")
    with (tmp_path / "seconds.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * POINTS
    assert float(rows[-1]["seconds"]) >= summary["optimizers"]["ls"]["search_seconds_mean"]
    assert write_report(tmp_path).read_text().count("<figure>") == 2
    (tmp_path / "seconds.csv").write_text("optimizer,seconds\nrs,x\n")
    with pytest.raises(RunFolderError, match=r"seconds\.csv"):
        write_report(tmp_path)
