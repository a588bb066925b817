"""The figures of a report, as PNG bytes. Equal inputs give equal bytes: no display, no dates, no user's styles."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LINE_STYLES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)), (0, (3, 1, 1, 1, 1, 1)))
LABEL_GAP = 0.062
"""Least distance between two labels at the right edge, as a fraction of the axis."""


class Theme(NamedTuple):
    """Colours of a figure; ``lines`` are Okabe and Ito's, which colour-blind readers tell apart."""

    paper: str
    ink: str
    soft: str
    grid: str
    lines: tuple[str, ...]


LIGHT = Theme(
    "#ffffff", "#1c1f23", "#5b636d", "#e3e6ea",
    ("#0072B2", "#D55E00", "#009E73", "#AA4499", "#E69F00", "#3D3D3D", "#56B4E9"),
)  # fmt: skip
DARK = Theme(
    "#14171a", "#e6e8ea", "#a0a8b1", "#2c3238",
    ("#56B4E9", "#F28444", "#2BC59A", "#DF8CC4", "#E6B022", "#D5D8DC", "#8FA8FF"),
)  # fmt: skip


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
    figure, axes = _axes(label, theme)
    budget = len(curves[0].mean)
    floor = _floor(curves) if from_zero else None
    for index, curve in enumerate(curves):
        # a regret of 0 has no logarithm: it is drawn on the lower edge
        drawn, low, high = (
            y if floor is None else np.maximum(y, floor)
            for y in (curve.mean, curve.mean - curve.sem, curve.mean + curve.sem)
        )
        colour, style = _look(index, theme)
        queries = np.arange(1, budget + 1)
        axes.fill_between(queries, low, high, color=colour, alpha=0.18, linewidth=0)
        marker = "o" if budget == 1 else None
        axes.plot(queries, drawn, color=colour, linestyle=style, linewidth=1.9, marker=marker, label=curve.name)
    axes.set_xlim(1, max(budget, 2))
    if floor is not None:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
    if from_zero:
        axes.set_ylim(bottom=floor or 0)
    else:
        _leave_out_the_start(axes, curves)
    _name_ends(axes, theme)
    return _png(figure)


def run_png(values: Array, best: Array, label: str, maximize: bool, theme: Theme = LIGHT) -> bytes:
    """One run: the value of each query (n,), NaN where it failed, and the best so far (n,).

    Values far worse than the others (``far_worse``) are triangles on the edge, so that they do not set the scale.
    """
    figure, axes = _axes(label, theme)
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
    legend = axes.legend(frameon=True, loc="lower right" if maximize else "upper right", facecolor=theme.paper)
    legend.get_frame().set(edgecolor=theme.grid, alpha=0.9)
    for text in legend.get_texts():
        text.set_color(theme.ink)
    return _png(figure)


def bands_png(
    mean: Array,
    deviation: Array,
    overall: tuple[float, float],
    names: tuple[str, str],
    labels: tuple[str, str],
    theme: Theme = LIGHT,
) -> bytes:
    """Groups beside the whole, each a mean with one standard deviation.

    Args:
        mean: (m,) of each group, in the order in which they are drawn.
        deviation: (m,) of each group.
        overall: mean and deviation of the whole.
        names: of a group and of the whole.
        labels: of the x axis and the y axis.
        theme: colours.
    """
    figure, axes = _axes(labels[1], theme)
    axes.set_xlabel(labels[0], color=theme.ink, fontsize=11)
    places, ends = np.arange(1, len(mean) + 1), [0, len(mean) + 1]
    centre, width = overall
    axes.fill_between(ends, centre - width, centre + width, color=theme.lines[1], alpha=0.12, linewidth=0)
    axes.plot(ends, [centre, centre], "--", color=theme.lines[1], linewidth=1.9, label=names[1])
    axes.vlines(places, mean - deviation, mean + deviation, color=theme.soft, alpha=0.5, linewidth=1.4)
    axes.plot(places, mean, ".", color=theme.lines[0], markersize=5, label=names[0])
    axes.set_xlim(*ends)
    _name_ends(axes, theme)
    return _png(figure)


def far_worse(values: Array, maximize: bool) -> NDArray[np.bool_]:
    """(n,) which values are worse than the lower quartile by three times the distance between the quartiles."""
    scores = values if maximize else -values
    if np.isnan(scores).all():
        return np.zeros(len(values), dtype=bool)
    low, high = np.nanquantile(scores, (0.25, 0.75))
    return np.asarray(scores < low - 3 * (high - low))


def _floor(curves: Sequence[Curve]) -> float | None:
    """Lower edge of a logarithmic axis, ``None`` where a linear one shows the same."""
    means = np.concatenate([curve.mean for curve in curves])
    positive = means[means > 0]
    return float(positive.min()) * 0.6 if len(positive) and positive.max() > 10 * positive.min() else None


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


def _look(index: int, theme: Theme) -> tuple[str, Any]:
    """Colour and line style: five styles and seven colours make 35 different lines."""
    return theme.lines[index % len(theme.lines)], LINE_STYLES[index % len(LINE_STYLES)]


def _axes(label: str, theme: Theme) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.6, 4.2), dpi=180, layout="constrained", facecolor=theme.paper)
    axes = figure.add_subplot(facecolor=theme.paper)
    axes.set_xlabel("Architectures queried", color=theme.ink, fontsize=11)
    axes.set_ylabel(label, color=theme.ink, fontsize=11)
    axes.grid(color=theme.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", color=theme.grid, labelcolor=theme.soft, labelsize=10)
    axes.tick_params(which="minor", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(theme.soft)
    return figure, axes


def _name_ends(axes: Any, theme: Theme) -> None:
    """Writes each line's name beside its end, moved apart where ends meet."""
    ends = []
    for line in axes.get_lines():
        y = np.asarray(line.get_ydata(), dtype=float)
        y = y[np.isfinite(y)]
        if len(y):
            height = float((axes.transScale + axes.transLimits).transform((1, y[-1]))[1])
            ends.append((height, line.get_label(), line.get_color()))
    ends.sort(key=lambda end: end[0])
    for (height, name, colour), place in zip(ends, _spread([end[0] for end in ends]), strict=True):
        axes.annotate(
            name, (1, height), (1.06, place), "axes fraction", "axes fraction", color=colour, fontsize=11,
            fontweight="bold", va="center", annotation_clip=False,
            arrowprops={
                "arrowstyle": "-", "color": colour, "linewidth": 0.8, "shrinkA": 2, "shrinkB": 1, "relpos": (0, 0.5),
            },
        )  # fmt: skip


def _spread(heights: Sequence[float]) -> list[float]:
    """Ascending heights moved apart by at least ``LABEL_GAP``, within the axis as far as they fit."""
    places: list[float] = []
    for height in heights:
        places.append(max(height, places[-1] + LABEL_GAP) if places else max(height, 0.02))
    limit = 1.0
    for index in reversed(range(len(places))):
        places[index] = min(places[index], limit)
        limit = places[index] - LABEL_GAP
    return places


def _png(figure: Any) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
