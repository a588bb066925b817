"""How figures are drawn: themes, axes, looks of lines and their names, PNG bytes.

Equal inputs give equal bytes: no display, no dates, no user's styles.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

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


def new_figure(theme: Theme, height: float = 4.2) -> Any:
    """An empty figure, 6.6 inches wide."""
    from matplotlib.figure import Figure

    return Figure(figsize=(6.6, height), dpi=180, layout="constrained", facecolor=theme.paper)


def new_axes(x_label: str, y_label: str, theme: Theme) -> tuple[Any, Any]:
    """A figure and its axes, with a quiet grid."""
    figure = new_figure(theme)
    axes = figure.add_subplot(facecolor=theme.paper)
    axes.set_xlabel(x_label, color=theme.ink, fontsize=11)
    axes.set_ylabel(y_label, color=theme.ink, fontsize=11)
    axes.grid(color=theme.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", color=theme.grid, labelcolor=theme.soft, labelsize=10)
    axes.tick_params(which="minor", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(theme.soft)
    return figure, axes


def log_axis(axis: Any) -> None:
    """Labels a logarithmic axis with plain numbers: 1, 2, 5, 10, ..., and powers of ten where they span many."""
    from matplotlib.ticker import LogLocator, NullFormatter

    low, high = sorted(axis.get_view_interval())
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * max(low, 1e-300) else (1,)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def look(index: int, theme: Theme) -> tuple[str, Any]:
    """Colour and line style: five styles and seven colours make 35 different lines."""
    return theme.lines[index % len(theme.lines)], LINE_STYLES[index % len(LINE_STYLES)]


def legend(axes: Any, theme: Theme, place: str = "best") -> None:
    """Names the lines in a box at ``place``, where their ends are no place for it."""
    box = axes.legend(frameon=True, loc=place, facecolor=theme.paper)
    box.get_frame().set(edgecolor=theme.grid, alpha=0.9)
    for text in box.get_texts():
        text.set_color(theme.ink)


def name_ends(axes: Any) -> None:
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


def png(figure: Any) -> bytes:
    """The figure as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
