"""The pictures of a shrinkage study as PNG bytes: locality (Fig. 2), error distributions (Fig. 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.experiments.drawing import LIGHT, legend, look, new_axes, new_figure, png
from naslib_ext.shrinkage.locality import WEAK, Locality
from naslib_ext.shrinkage.quality import error_edf

Values = NDArray[np.float64]
POINTS = 400


def locality_png(locality: Locality, threshold: int, unit: str) -> bytes:
    """RWA above and AAD below, by edit distance and kind of change, with the threshold.

    Args:
        locality: what was measured.
        threshold: the distance up to which neighbours are alike.
        unit: of the metric, for the lower axis.
    """
    figure = new_figure(LIGHT, height=6.2)
    axes = figure.subplots(2, 1, sharex=True)
    for panel, label in zip(axes, ("Random-walk autocorrelation", f"Mean difference ({unit})"), strict=True):
        _style(panel, label)
    for index, kind in enumerate(locality.autocorrelation):
        colour, style = look(index, LIGHT)
        looks = {"color": colour, "linestyle": style, "linewidth": 1.9, "label": kind}
        axes[0].plot(locality.distances, locality.autocorrelation[kind], **looks)
        axes[1].plot(locality.distances, locality.difference[kind], **looks)
    axes[0].axhline(WEAK, color=LIGHT.soft, linestyle="--", linewidth=1)
    for panel in axes:
        panel.axvline(threshold, color=LIGHT.soft, linestyle=":", linewidth=1.2)
    axes[1].set_xlabel("Edit distance (dotted: the threshold)", color=LIGHT.ink, fontsize=11)
    legend(axes[0], LIGHT)
    return png(figure)


def edf_png(scores: Mapping[str, Values], label: str) -> bytes:
    """The error distribution of each space, name -> scores (m,); errors are distances from the best score of all."""
    figure, axes = new_axes(label, "Fraction with a smaller error", LIGHT)
    best = max(float(values.max()) for values in scores.values())
    widest = best - float(np.quantile(np.concatenate(list(scores.values())), 0.05))
    grid = np.linspace(0, widest, POINTS)
    for index, (name, values) in enumerate(scores.items()):
        colour, style = look(index, LIGHT)
        axes.plot(grid, error_edf(values, best, grid), color=colour, linestyle=style, linewidth=1.9, label=name)
    axes.set_xlim(0, widest)
    axes.set_ylim(0, 1.02)
    legend(axes, LIGHT)
    return png(figure)


def _style(axes: Any, label: str) -> None:
    axes.set_facecolor(LIGHT.paper)
    axes.set_ylabel(label, color=LIGHT.ink, fontsize=11)
    axes.grid(color=LIGHT.grid, linewidth=0.8)
    axes.tick_params(which="both", color=LIGHT.grid, labelcolor=LIGHT.soft, labelsize=10)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
