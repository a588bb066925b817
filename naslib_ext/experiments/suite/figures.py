"""The figures of a suite's report: the critical-difference diagram and the heat map of ranks, as PNG bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.experiments.drawing import LIGHT, Theme, png
from naslib_ext.experiments.rank_tests import groups

Array = NDArray[np.float64]

ROW = 0.24
"""Inches a row of either figure takes."""


def critical_difference_png(names: Sequence[str], ranks: Array, difference: float, theme: Theme = LIGHT) -> bytes:
    """Mean ranks on a line; a bar joins methods that the critical difference does not tell apart.

    Args:
        names: of the methods, the best first.
        ranks: (m,) mean ranks, ascending.
        difference: Nemenyi's critical difference.
        theme: colours.
    """
    joined = groups(ranks, difference)
    half = (len(names) + 1) // 2
    depth = 0.9 + 0.42 * len(joined) + half
    line, beside = 4.4, 0.085 * max(map(len, names)) + 0.75  # inches
    figure = _figure((line + 2 * beside, ROW * (depth + 3.2)), theme)
    axes = figure.add_axes((0, 0, 1, 1))
    low, high = 1.0, float(len(names))
    margin = beside / line * (high - low)
    axes.set_xlim(low - margin, high + margin)
    axes.set_ylim(depth + 0.6, -2.6)
    axes.axis("off")
    axes.plot([low, high], [0, 0], color=theme.ink, linewidth=1.2)
    for tick in _ticks(len(names)):
        axes.plot([tick, tick], [-0.25, 0], color=theme.ink, linewidth=1.2)
        axes.text(tick, -0.4, f"{tick}", color=theme.soft, ha="center", va="bottom", fontsize=9)
    axes.plot([low, min(low + difference, high + margin)], [-1.75, -1.75], color=theme.lines[1], linewidth=2)
    axes.text(low, -1.95, f"critical difference {difference:.2f}", color=theme.lines[1], fontsize=9, va="bottom")
    for place, (first, last) in enumerate(joined):
        y = 0.55 + 0.42 * place
        axes.plot([ranks[first] - 0.05, ranks[last] + 0.05], [y, y], color=theme.lines[0], linewidth=3.5)
    for place, (name, rank) in enumerate(zip(names, ranks, strict=True)):
        left = place < half
        y = depth - half + 0.6 + (place if left else len(names) - 1 - place)
        edge = low - 0.02 * (high - low) if left else high + 0.02 * (high - low)
        axes.plot([rank, rank, edge], [0, y, y], color=theme.soft, linewidth=0.8)
        text = f"{name}  {rank:.2f}" if left else f"{rank:.2f}  {name}"
        gap = (-0.01 if left else 0.01) * (high - low)
        align = "right" if left else "left"
        axes.text(edge + gap, y, text, color=theme.ink, ha=align, va="center", fontsize=9.5)
    return png(figure)


def _ticks(methods: int) -> list[int]:
    step = 1 if methods <= 12 else 2 if methods <= 24 else 5
    return [1, *range(1 + step, methods + 1, step)]


def heat_map_png(rows: Sequence[str], columns: Sequence[str], values: Array, theme: Theme = LIGHT) -> bytes:
    """Mean ranks (rows, columns) as colours with their numbers; the lower, the stronger."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    longest = max(map(len, columns))
    size = (1.6 + 0.085 * max(map(len, rows)) + 0.5 * len(columns), 0.3 + 0.075 * longest + ROW * 1.15 * len(rows))
    figure = _figure(size, theme, layout="constrained")
    axes = figure.add_subplot(facecolor=theme.paper)
    colours = LinearSegmentedColormap.from_list("ranks", [theme.lines[0], theme.paper])
    image = axes.imshow(values, cmap=colours, vmin=1, vmax=max(2, len(rows)), aspect="auto")
    axes.set_xticks(range(len(columns)), columns, rotation=55, ha="left", rotation_mode="anchor")
    axes.set_yticks(range(len(rows)), rows)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelcolor=theme.ink, labelsize=8.5)
    for side in axes.spines.values():
        side.set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        behind = image.to_rgba(value)[:3]
        colour = max((theme.paper, theme.ink), key=lambda text: _contrast(to_rgb(text), behind))
        axes.text(column, row, f"{value:.1f}", ha="center", va="center", fontsize=8, color=colour)
    return png(figure)


def _contrast(text: Sequence[float], behind: Sequence[float]) -> float:
    """Ratio of the luminances of two colours (red, green, blue from 0 to 1), as WCAG 2 defines it."""

    def luminance(colour: Sequence[float]) -> float:
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
        return 0.05 + float(np.dot((0.2126, 0.7152, 0.0722), linear))

    ratio = luminance(text) / luminance(behind)
    return max(ratio, 1 / ratio)


def _figure(size: tuple[float, float], theme: Theme, **settings: Any) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=size, dpi=160, facecolor=theme.paper, **settings)
