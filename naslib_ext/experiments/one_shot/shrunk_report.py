"""Means, text and figures of ``one_shot_shrunk``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.experiments.point_figure import Points, points_png
from naslib_ext.experiments.statistics import mean, sem

Results = Mapping[str, Sequence[Mapping[str, Any]]]
"""By supernet, for each seed what was measured and found."""

NAMES = {"full": "full space", "lissnas": "LISSNAS", "random": "random subset"}
MEASURES = ("pearson", "kendalltau")
FOUND = ("val_accuracy", "test_accuracy", "top_10", "mean", "best")
BASELINE = "full"


def summarize(results: Results) -> dict[str, Any]:
    """The content of ``summary.json``: means over seeds and their standard errors, and differences of equal seeds.

    ``supernets`` gives, for each one, correlations by group of architectures, table and measure at ``steps``, and what
    it found; ``minus_full`` what a shrunk space changes at the last step, the mean of differences of equal seeds.
    """
    measures = results[BASELINE][0]["measures"]
    groups = {group: list(tables) for group, tables in measures[-1]["groups"].items()}
    supernets, differences = {}, {}
    for name, seeds in results.items():
        supernets[name] = {
            "correlations": {
                group: {t: {m: _mean(_curves(seeds, group, t, m)) for m in MEASURES} for t in tables}
                for group, tables in groups.items()
            },
            "found": {what: _mean(_found(seeds, what)) for what in FOUND},
        }
        if name != BASELINE:
            base = results[BASELINE]
            differences[name] = {
                "correlations": {
                    group: {
                        t: {m: _mean(_curves(seeds, group, t, m)[:, -1:] - _curves(base, group, t, m)[:, -1:])
                            for m in MEASURES}
                        for t in tables
                    }
                    for group, tables in groups.items()
                },
                "found": {what: _mean(_found(seeds, what) - _found(base, what)) for what in FOUND},
            }  # fmt: skip
    return {"steps": [measure["steps"] for measure in measures], "supernets": supernets, "minus_full": differences}


def _curves(seeds: Sequence[Mapping[str, Any]], group: str, table: str, measure: str) -> NDArray[np.float64]:
    """(seeds, measurements) of a correlation; NaN where there is none."""
    rows = [[at["groups"][group][table][measure] for at in result["measures"]] for result in seeds]
    return np.array(rows, dtype=np.float64)


def _found(seeds: Sequence[Mapping[str, Any]], what: str) -> NDArray[np.float64]:
    return np.array([[result["found"][what]] for result in seeds], dtype=np.float64)


def _mean(values: NDArray[np.float64]) -> dict[str, list[float | None]]:
    return {"mean": mean(values), "sem": sem(values)}


def format_summary(summary: Mapping[str, Any]) -> str:
    """The last step's correlations and what was found, as two Markdown tables; a column is a supernet."""
    correlations = {name: entry["correlations"] for name, entry in summary["supernets"].items()}
    changes = summary["minus_full"]["lissnas"]
    lines = [_line("measured on, table, measure", *(NAMES[name] for name in NAMES), "LISSNAS - full")]
    lines.append("|---" * (len(NAMES) + 2) + "|")
    for group, tables in correlations[BASELINE].items():
        for table in tables:
            for measure in MEASURES:
                cells = [_cell(correlations[name][group][table][measure], 3) for name in NAMES]
                change = _cell(changes["correlations"][group][table][measure], 3)
                lines.append(_line(f"{NAMES[group]}, {table}, {measure}", *cells, change))
    lines += ["", _line("found", *(NAMES[name] for name in NAMES), "LISSNAS - full"), lines[1]]
    for what in FOUND:
        cells = [_cell(summary["supernets"][name]["found"][what], 2) for name in NAMES]
        lines.append(_line(what, *cells, _cell(changes["found"][what], 2)))
    return "\n".join(lines)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(values: Mapping[str, Sequence[float | None]], digits: int) -> str:
    """The last mean and its standard error."""
    centre, error = values["mean"][-1], values["sem"][-1]
    if centre is None:
        return "-"
    return f"{centre:.{digits}f}" if error is None else f"{centre:.{digits}f} ± {error:.{digits}f}"


def figures(summary: Mapping[str, Any]) -> dict[str, bytes]:
    """PNG by file name: Kendall's tau and Pearson's r with the trained table, against steps, on each group."""
    steps = np.array(summary["steps"], dtype=np.float64)
    table = summary["dataset"]
    images = {}
    for measure, label in zip(MEASURES, ("Pearson's r with the table", "Kendall's tau with the table"), strict=True):
        for group in NAMES:
            lines = []
            for name, title in NAMES.items():
                values = summary["supernets"][name]["correlations"][group][table][measure]
                centre, error = (np.array(values[part], dtype=np.float64) for part in ("mean", "sem"))
                lines.append(Points(title, steps, centre, np.nan_to_num(error)))
            images[f"{measure}-on-{group}.png"] = points_png(lines, "Training steps of the supernet", label)
    return images
