"""Figures of a few measured points a line: a quality against training sizes, edit distances, queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_ext.experiments.drawing import LIGHT, look, name_ends, new_axes, png

Array = NDArray[np.float64]


class Points(NamedTuple):
    """One line: where it was measured (m,), mean (m,) and standard error (m,); NaN where there is no mean."""

    name: str
    x: Array
    mean: Array
    sem: Array


def points_png(lines: Sequence[Points], x_label: str, y_label: str, logarithmic: bool = False) -> bytes:
    """Means with bars of one standard error, joined by lines, each named at its end; PNG bytes.

    Args:
        lines: at least one.
        x_label, y_label: of the axes.
        logarithmic: the x axis is.
    """
    figure, axes = new_axes(x_label, y_label, LIGHT)
    for index, line in enumerate(lines):
        colour, style = look(index, LIGHT)
        drawn_as = {"color": colour, "linestyle": style, "linewidth": 1.9, "marker": "o", "markersize": 5}
        axes.plot(line.x, line.mean, label=line.name, **drawn_as)
        axes.vlines(line.x, line.mean - line.sem, line.mean + line.sem, color=colour, linewidth=1.4)
    if logarithmic:
        axes.set_xscale("log")
    ticks = np.unique(np.concatenate([line.x for line in lines]))
    if len(ticks) <= 8:
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xticks([], minor=True)
    name_ends(axes)
    return png(figure)
