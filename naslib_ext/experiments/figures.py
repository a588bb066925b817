"""The figures of a report, as PNG bytes: curves of a comparison, one run, groups beside the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_ext.experiments.drawing import LIGHT, Theme, legend, log_axis, look, name_ends, new_axes, png

Array = NDArray[np.float64]

QUERIES = "Architectures queried"


class Curve(NamedTuple):
    """One method: mean (budget,) and standard error (budget,) after each query; NaN where there is none."""

    name: str
    mean: Array
    sem: Array


def curves_png(curves: Sequence[Curve], label: str, from_zero: bool, theme: Theme = LIGHT) -> bytes:
    """Mean curves with bands of one standard error, each named at its end.

    Args:
        curves: at least one, all of the same length.
        label: of the y axis.
        from_zero: the values are regrets: logarithmic where they span more than a factor of ten, else from 0.
        theme: colours.
    """
    figure, axes = new_axes(QUERIES, label, theme)
    budget = len(curves[0].mean)
    floor = lower_edge(curves) if from_zero else None
    for index, curve in enumerate(curves):
        draw_curve(axes, np.arange(1, budget + 1), curve, index, floor, theme)
    axes.set_xlim(1, max(budget, 2))
    axes.locator_params("x", integer=True)
    if from_zero:
        scale_regret(axes, floor)
    else:
        _leave_out_the_start(axes, curves)
    name_ends(axes)
    return png(figure)


def lower_edge(regrets: Sequence[Curve]) -> float | None:
    """Where a logarithmic axis of regrets begins, ``None`` where a linear one shows the same."""
    means = np.concatenate([curve.mean for curve in regrets])
    positive = means[means > 0]
    return float(positive.min()) * 0.6 if len(positive) and positive.max() > 10 * positive.min() else None


def draw_curve(axes: Any, x: NDArray[np.generic], curve: Curve, index: int, floor: float | None, theme: Theme) -> None:
    """The curve over ``x`` (m,) in the look of ``index``, with its band; what is below ``floor`` is drawn on it."""
    middle, low, high = (
        y if floor is None else np.maximum(y, floor)  # a regret of 0 has no logarithm
        for y in (curve.mean, curve.mean - curve.sem, curve.mean + curve.sem)
    )
    colour, style = look(index, theme)
    axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    marker = "o" if len(x) == 1 else None
    axes.plot(x, middle, color=colour, linestyle=style, linewidth=1.9, marker=marker, label=curve.name)


def scale_regret(axes: Any, floor: float | None) -> None:
    """The axis of regrets: logarithmic from ``floor``, or linear from 0 without one."""
    if floor is not None:
        axes.set_yscale("log")
    axes.set_ylim(bottom=floor or 0)
    if floor is not None:
        log_axis(axes.yaxis)


def run_png(values: Array, best: Array, label: str, maximize: bool, theme: Theme = LIGHT) -> bytes:
    """One run: the value of each query (n,), NaN where it failed, and the best so far (n,).

    Values far worse than the others (``far_worse``) are triangles on the edge, so that they do not set the scale.
    """
    figure, axes = new_axes(QUERIES, label, theme)
    queries = np.arange(1, len(values) + 1)
    far = far_worse(values, maximize)
    shown = np.where(far, np.nan, values)
    axes.plot(queries, shown, ".", color=theme.soft, markersize=5, alpha=0.75, label="each query")
    best = best.copy()
    best[np.isin(best, values[far])] = np.nan
    axes.plot(queries, best, color=theme.lines[0], linewidth=2, drawstyle="steps-post", label="best so far")
    edge = np.where(far, 0.015 if maximize else 0.985, np.nan)
    marker = "v" if maximize else "^"
    if far.any():
        axes.plot(
            queries, edge, marker, color=theme.soft, markersize=5, alpha=0.75, linestyle="none",
            transform=axes.get_xaxis_transform(), label="beyond the axis",
        )  # fmt: skip
    axes.set_xlim(0, len(values) + 1)
    axes.locator_params("x", integer=True)
    legend(axes, theme, "lower right" if maximize else "upper right")
    return png(figure)


def bands_png(
    mean: Array, deviation: Array, overall: tuple[float, float], names: tuple[str, str], labels: tuple[str, str]
) -> bytes:
    """Groups beside the whole, each a mean with one standard deviation.

    Args:
        mean: (m,) of each group, in the order in which they are drawn.
        deviation: (m,) of each group.
        overall: mean and deviation of the whole.
        names: of a group and of the whole.
        labels: of the x axis and the y axis.
    """
    figure, axes = new_axes(*labels, LIGHT)
    places, ends = np.arange(1, len(mean) + 1), [0, len(mean) + 1]
    centre, width = overall
    axes.fill_between(ends, centre - width, centre + width, color=LIGHT.lines[1], alpha=0.12, linewidth=0)
    axes.plot(ends, [centre, centre], "--", color=LIGHT.lines[1], linewidth=1.9, label=names[1])
    axes.vlines(places, mean - deviation, mean + deviation, color=LIGHT.soft, alpha=0.5, linewidth=1.4)
    axes.plot(places, mean, ".", color=LIGHT.lines[0], markersize=5, label=names[0])
    axes.set_xlim(*ends)
    name_ends(axes)
    return png(figure)


def far_worse(values: Array, maximize: bool) -> NDArray[np.bool_]:
    """(n,) which values are worse than the lower quartile by three times the distance between the quartiles."""
    scores = values if maximize else -values
    if np.isnan(scores).all():
        return np.zeros(len(values), dtype=bool)
    low, high = np.nanquantile(scores, (0.25, 0.75))
    return np.asarray(scores < low - 3 * (high - low))


def _leave_out_the_start(axes: Any, curves: Sequence[Curve]) -> None:
    """Ends the axis where the last curve is after a twentieth of the budget, if what came before would fill it."""
    means = np.stack([curve.mean for curve in curves])
    late = means[:, means.shape[1] // 20 :]
    if not np.isfinite(late).any():
        return
    low, high = float(np.nanmin(late)), float(np.nanmax(late))
    room = 0.05 * (high - low)
    if np.nanmax(means) - np.nanmin(means) > 1.5 * (high - low) > 0:
        axes.set_ylim(low - room, high + room)
