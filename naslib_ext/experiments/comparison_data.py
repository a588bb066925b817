"""What a comparison left in its folder, read for reports and for the ranks of a suite."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_ext.errors import RunFolderError
from naslib_ext.experiments.compare import EARLIER, after
from naslib_ext.experiments.time_curves import TimeCurve, read_time_curves

RESULTS = {"best_mean", "best_sem", "regret_mean", "test_mean", "found_optimum", "queries_to_optimum_mean"}
"""What the summary says of each method, as far as it is shown."""


Values = dict[str, NDArray[np.float64]]
"""Method -> (seeds,) values."""


class ComparisonData(NamedTuple):
    """What ``compare`` left in its folder."""

    summary: dict[str, Any]
    values: Values  # best found
    architectures: dict[str, list[str]]  # method -> one a seed
    environment: dict[str, Any]  # settings, versions and data; {} where an older version wrote the comparison
    time_curves: list[TimeCurve]  # none where the benchmark has no simulated seconds
    earlier: dict[int, Values]  # queries -> best found by then

    @property
    def maximize(self) -> bool:
        return bool(self.summary["maximize"])

    @property
    def scores(self) -> Values:
        """Higher is better."""
        return self.scores_after(int(self.summary["budget"]))

    def scores_after(self, queries: int) -> Values:
        """Higher is better, -inf where all failed; ``queries`` is one of ``earlier`` or the whole budget."""
        values = self.values if queries == self.summary["budget"] else self.earlier[queries]
        sign = 1 if self.maximize else -1
        return {name: np.where(np.isnan(own), -np.inf, sign * own) for name, own in values.items()}

    @property
    def metric(self) -> str:
        epoch = self.summary["epoch"]
        return str(self.summary["metric"]) + ("" if epoch is None else f"@{epoch}")

    @property
    def ordered(self) -> list[str]:
        """Methods, best mean first."""
        return sorted(self.scores, key=lambda name: -float(self.scores[name].mean()))


def read_comparison(folder: Path) -> ComparisonData:
    """Reads summary, runs and what stands beside them. Raises ``RunFolderError``."""
    path = folder / "summary.json"
    try:
        summary = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path}: cannot be read: {error}") from error
    needed = {"search_space", "dataset", "metric", "epoch", "budget", "seeds", "optimum", "maximize", "optimizers"}
    if not isinstance(summary, dict) or not needed <= set(summary) or not summary["optimizers"]:
        raise RunFolderError(f"{path}: not the summary of a comparison of optimizers")
    for name, result in summary["optimizers"].items():
        if not isinstance(result, dict) or RESULTS - set(result):
            raise RunFolderError(f"{path}: the results of {name} are incomplete; compare again")
    values, architectures, earlier = _read_runs(folder / "runs.csv", summary)
    curves = read_time_curves(folder / "seconds.csv", summary["optimum"] is not None)
    return ComparisonData(summary, values, architectures, _read_environment(folder), curves, earlier)


def _read_environment(folder: Path) -> dict[str, Any]:
    path = folder / "environment.json"
    try:
        found = json.loads(path.read_text()) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path}: cannot be read: {error}") from error
    return found if isinstance(found, dict) else {}


def _read_runs(path: Path, summary: dict[str, Any]) -> tuple[Values, dict[str, list[str]], dict[int, Values]]:
    """Best values, architectures and earlier values, of each method one a seed."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = {(row["optimizer"], int(row["seed"])): row for row in csv.DictReader(file)}
        runs = {name: [rows[name, seed] for seed in range(summary["seeds"])] for name in summary["optimizers"]}

        def column(key: str) -> Values:
            return {name: np.array([float(row[key]) for row in own]) for name, own in runs.items()}

        kept = next(iter(rows.values()))
        earlier = {query: column(after(query)) for query in EARLIER if after(query) in kept}
        return column("best"), {name: [row["architecture"] for row in own] for name, own in runs.items()}, earlier
    except (OSError, ValueError, TypeError) as error:
        raise RunFolderError(f"{path}: cannot be read: {error}") from error
    except KeyError as error:
        raise RunFolderError(f"{path}: does not belong to summary.json, {error} is missing; compare again") from error
