"""Curves against simulated seconds, where the benchmark knows what an evaluation costs: ``seconds.csv``."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_ext.atomic import write_atomically
from naslib_ext.errors import RunFolderError
from naslib_ext.experiments.drawing import DARK, LIGHT, Theme, log_axis, name_ends, new_axes, png
from naslib_ext.experiments.figures import Curve, draw_curve, lower_edge, scale_regret
from naslib_ext.experiments.page import figure, floats
from naslib_ext.experiments.statistics import mean, sem
from naslib_ext.experiments.table_formats import to_csv

Array = NDArray[np.float64]

POINTS = 100
COLUMNS = ("optimizer", "seconds", "best_mean", "best_sem", "regret_mean")

UNITS = (("hours", 3600.0), ("minutes", 60.0), ("seconds", 1.0))


class TimeCurve(NamedTuple):
    """One method: mean and standard error (m,) at simulated seconds ``times`` (m,), ascending."""

    name: str
    times: Array
    mean: Array
    sem: Array


def time_curves_csv(runs: Mapping[str, Sequence[tuple[Array, Array]]], optimum: float | None) -> str:
    """Best value so far at ``POINTS`` times, the same for all methods, from when every run has a value until all ended.

    Args:
        runs: method -> for each seed the time (budget,) at which each query was done and the best value (budget,) then.
        optimum: of the benchmark; ``None`` where it is unknown.
    """
    times = [time for seeds in runs.values() for time, _ in seeds]
    grid = np.geomspace(max(time[0] for time in times), max(time[-1] for time in times), POINTS)
    rows: list[Sequence[object]] = [COLUMNS]
    for name, seeds in runs.items():
        best = np.stack([value[np.searchsorted(time, grid, "right") - 1] for time, value in seeds])
        regret = [None] * POINTS if optimum is None else mean(np.abs(optimum - best))
        rows += [[name, *row] for row in zip(grid.tolist(), mean(best), sem(best), regret, strict=True)]
    return to_csv(rows)


def write_time_curves(
    path: Path, runs: Mapping[str, Sequence[tuple[Array | None, Array]]], optimum: float | None
) -> None:
    """Writes what ``time_curves_csv`` gives, where all runs have times."""
    timed = {name: [(time, best) for time, best in seeds if time is not None] for name, seeds in runs.items()}
    if all(len(timed[name]) == len(seeds) for name, seeds in runs.items()):
        write_atomically(path, time_curves_csv(timed, optimum))


def read_time_curves(path: Path, regret: bool) -> list[TimeCurve]:
    """Curves of regrets or of best values; none where there is no such file.

    Raises ``RunFolderError`` where it is damaged.
    """
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        own = {name: [row for row in rows if row["optimizer"] == name] for name in _names(rows)}
        column = "regret_mean" if regret else "best_mean"
        return [
            TimeCurve(name, _column(points, "seconds"), _column(points, column), _column(points, "best_sem"))
            for name, points in own.items()
        ]
    except (OSError, ValueError, KeyError) as error:
        raise RunFolderError(f"{path}: cannot be read: {error}") from error


def _names(rows: Sequence[Mapping[str, str]]) -> list[str]:
    return list(dict.fromkeys(row["optimizer"] for row in rows))


def _column(rows: Sequence[Mapping[str, str]], name: str) -> Array:
    return floats([float(row[name]) if row[name] else None for row in rows])


def unit_of(seconds: float) -> tuple[str, float]:
    """The largest of ``UNITS`` that fits into ``seconds``, with its length in seconds."""
    return next((unit for unit in UNITS if seconds >= unit[1]), UNITS[-1])


def time_figure(curves: Sequence[TimeCurve], label: str, regret: bool) -> tuple[str, bytes]:
    """The figure for a page, and as PNG for light paper.

    Args:
        curves: at least one.
        label: of the y axis.
        regret: the values are regrets: logarithmic where they span more than a factor of ten.
    """
    light, dark = (time_curves_png(curves, label, regret, theme) for theme in (LIGHT, DARK))
    caption = (
        "The same searches against the simulated time of their evaluations: mean over seeds, the band is one standard "
        "error. A search that has ended keeps its value."
    )
    alt = f"Line chart: {label} against simulated time, for {', '.join(curve.name for curve in curves)}."
    return figure(light, dark, alt, caption), light


def time_curves_png(curves: Sequence[TimeCurve], label: str, regret: bool, theme: Theme = LIGHT) -> bytes:
    """Mean curves over simulated time, logarithmic, with bands of one standard error; arguments as ``time_figure``."""
    end = max(float(curve.times[-1]) for curve in curves)
    unit, seconds = unit_of(end)
    picture, axes = new_axes(f"Simulated {unit} of evaluation", label, theme)
    drawn = [Curve(curve.name, curve.mean, curve.sem) for curve in curves]
    floor = lower_edge(drawn) if regret else None
    for index, curve in enumerate(curves):
        draw_curve(axes, curve.times / seconds, drawn[index], index, floor, theme)
    axes.set_xscale("log")
    axes.set_xlim(min(float(curve.times[0]) for curve in curves) / seconds, end / seconds)
    log_axis(axes.xaxis)
    if regret:
        scale_regret(axes, floor)
    name_ends(axes)
    return png(picture)
