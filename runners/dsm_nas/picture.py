"""Draws ``docs/img/dsm_nas.png``, the loop of DSM-NAS.

python runners/dsm_nas/picture.py docs/img/dsm_nas.png
"""

from __future__ import annotations

import sys
from itertools import combinations
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

BLUE, ORANGE, GREEN, INK, SOFT, PALE = "#0072B2", "#D55E00", "#009E73", "#1c1f23", "#5b636d", "#f3f5f7"
NODES = {(1.0, 3.55): "α₃  82.1", (2.75, 4.3): "α₁  83.0", (1.15, 1.75): "α₄  80.4", (2.85, 2.4): "α₂  84.2"}
"""Centres of the subspaces, from the place in the picture to what stands there."""


def draw(path: str) -> None:
    figure = Figure(figsize=(11, 4.9), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlim(0, 11.6)
    axes.set_ylim(0, 5.4)
    axes.axis("off")
    axes.set_aspect("equal")
    _graph(axes)
    _box(axes, 4.6, 2.5, 1.3, 1.6, "graph\nnetwork", "two layers,\ndense", BLUE)
    _lstm(axes)
    _box(axes, 9.6, 2.5, 1.7, 1.6, "benchmark", "R(β)", GREEN)
    _arrow(axes, (3.55, 3.3), (4.55, 3.3))
    _arrow(axes, (5.95, 3.3), (6.45, 3.3))
    _arrow(axes, (8.95, 3.3), (9.55, 3.3))
    axes.text(9.25, 3.45, "β", ha="center", fontsize=12, color=INK, style="italic")
    _back(axes)
    FigureCanvasAgg(figure)
    figure.savefig(path, metadata={"Software": None})


def _graph(axes: Any) -> None:
    axes.text(1.9, 5.1, "subspace graph", ha="center", fontsize=12, fontweight="bold", color=INK)
    ranked = sorted(NODES, key=lambda place: float(NODES[place].split()[1]))
    for worse, better in combinations(ranked, 2):
        _arrow(axes, worse, better, SOFT, shrink=36, width=1.0)
    for place, name in NODES.items():
        chosen = name.startswith("α₂")
        axes.add_patch(
            Circle(place, 0.62, facecolor=PALE, edgecolor=ORANGE if chosen else SOFT, linewidth=1.8, linestyle="--")
        )
        axes.add_patch(Circle(place, 0.09, color=ORANGE if chosen else BLUE, zorder=3))
        axes.text(place[0], place[1] + 0.22, name, ha="center", fontsize=9, color=INK, zorder=3)
    axes.text(1.9, 0.82, "K centres; edges from worse to better", ha="center", fontsize=9, color=SOFT)


def _lstm(axes: Any) -> None:
    axes.text(7.7, 5.1, "joint policy (LSTM)", ha="center", fontsize=12, fontweight="bold", color=INK)
    _box(axes, 6.5, 3.85, 2.4, 0.85, "which subspace", "", ORANGE)
    _box(axes, 6.5, 2.05, 2.4, 1.25, "which component,\nwhich operation", "M times", BLUE)
    _arrow(axes, (7.7, 3.8), (7.7, 3.4))


def _back(axes: Any) -> None:
    """Reward, learning and the update of the centre."""
    style: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 13, "linewidth": 1.6}
    for start, end, color, bend in (
        ((10.2, 2.4), (7.9, 1.95), GREEN, -0.45),
        ((10.9, 2.4), (3.2, 1.85), ORANGE, -0.33),
    ):
        axes.add_patch(FancyArrowPatch(start, end, connectionstyle=f"arc3,rad={bend}", color=color, zorder=1, **style))
    axes.text(
        6.75,
        1.22,
        "reward R($\\beta$) - R($\\alpha$) - baseline\nteaches the policy",
        ha="center",
        fontsize=9,
        color=GREEN,
    )
    axes.text(
        6.8, 0.3, "a better $\\beta$ becomes the centre in place of $\\alpha$", ha="center", fontsize=9, color=ORANGE
    )


def _box(axes: Any, x: float, y: float, width: float, height: float, title: str, below: str, color: str) -> None:
    shape = FancyBboxPatch(
        (x, y), width, height, boxstyle="round,pad=0.05", facecolor=PALE, edgecolor=color, linewidth=1.8
    )
    axes.add_patch(shape)
    middle = y + height / 2 + (0.2 if below else 0)
    axes.text(x + width / 2, middle, title, ha="center", va="center", fontsize=10.5, color=INK)
    axes.text(x + width / 2, y + 0.3, below, ha="center", va="center", fontsize=9, color=SOFT)


def _arrow(
    axes: Any,
    start: tuple[float, float],
    end: tuple[float, float],
    color: str = INK,
    shrink: float = 0,
    width: float = 1.6,
) -> None:
    axes.annotate(
        "",
        end,
        start,
        arrowprops={"arrowstyle": "-|>", "color": color, "lw": width, "shrinkA": shrink, "shrinkB": shrink},
    )


if __name__ == "__main__":
    draw(sys.argv[1])
