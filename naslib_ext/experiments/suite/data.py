"""What a suite of comparisons left in its folder, read for the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_ext.errors import RunFolderError
from naslib_ext.experiments.comparison_data import ComparisonData, read_comparison
from naslib_ext.experiments.suite.study import results_folder
from naslib_ext.experiments.time_curves import TimeCurve

Array = NDArray[np.float64]


class TaskData(NamedTuple):
    """All methods on one benchmark."""

    name: str
    shared: ComparisonData  # of one of its comparisons: what does not depend on the method
    results: dict[str, dict[str, Any]]  # method -> its part of summary.json
    scores: dict[str, Array]  # method -> (seeds,) score found, higher is better
    architectures: dict[str, list[str]]  # method -> one a seed
    environments: list[dict[str, Any]]  # of each of its comparisons
    time_curves: list[TimeCurve]

    @property
    def best(self) -> tuple[str, float, list[str]]:
        """The best architecture that any run found, its value, and the methods that found it."""
        method = max(self.scores, key=lambda name: float(self.scores[name].max()))
        text = self.architectures[method][int(self.scores[method].argmax())]
        value = float(self.scores[method].max()) * (1 if self.shared.maximize else -1)
        return text, value, [name for name, texts in self.architectures.items() if text in texts]


class SuiteData(NamedTuple):
    """The content of ``suite.json`` and its benchmarks; methods stand in the order of their mean ranks."""

    budget: int
    seeds: dict[str, int]
    mean_rank: dict[str, float]
    ranks: Array  # (tasks, methods), in the order of mean_rank
    tests: list[dict[str, Any]]
    tasks: list[TaskData]
    mean_rank_after: dict[int, dict[str, float]]  # queries before the end of the budget -> method -> mean rank

    @property
    def methods(self) -> list[str]:
        return list(self.mean_rank)


def read_suite(folder: Path) -> SuiteData:
    """Raises ``RunFolderError`` where ``suite.json`` or a comparison that it names is damaged or missing."""
    path = folder / "suite.json"
    try:
        content = json.loads(path.read_text())
        seeds, ranks = dict(content["seeds"]), content["ranks"]
        mean_rank = {name: float(rank) for name, rank in content["mean_rank"].items()}
        table = np.array([ranks[name] for name in mean_rank], dtype=np.float64).T
        if set(mean_rank) != set(seeds) or table.shape != (len(content["tasks"]), len(seeds)) or not table.size:
            raise ValueError("ranks, methods and benchmarks do not fit")
        earlier = {int(query): dict(of) for query, of in content["mean_rank_after"].items()}
        if any(set(of) != set(seeds) for of in earlier.values()):
            raise ValueError("earlier ranks and methods do not fit")
        budget, tests, names = int(content["budget"]), list(content["tests"]), list(content["tasks"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunFolderError(f"{path}: not the results of a suite: {error}") from error
    tasks = [_read_task(folder, name, seeds, budget) for name in names]
    return SuiteData(budget, seeds, mean_rank, table, tests, tasks, earlier)


def _read_task(folder: Path, name: str, seeds: dict[str, int], budget: int) -> TaskData:
    results: dict[str, dict[str, Any]] = {}
    scores: dict[str, Array] = {}
    architectures: dict[str, list[str]] = {}
    environments, curves = [], []
    for number in sorted(set(seeds.values())):
        place = results_folder(folder, name, number)
        data = read_comparison(place)
        if data.summary["budget"] != budget:  # a larger suite was begun in this folder and not finished
            found = f"has {data.summary['budget']} queries a run, suite.json {budget}"
            raise RunFolderError(f"{place}/summary.json: {found}; run the suite again")
        for method in (method for method, own in seeds.items() if own == number):
            if method not in data.values:
                raise RunFolderError(f"{place}/summary.json: has no {method}; run the suite again")
            results[method] = data.summary["optimizers"][method]
            scores[method], architectures[method] = data.scores[method], data.architectures[method]
        curves += [curve for curve in data.time_curves if seeds.get(curve.name) == number]
        environments.append(data.environment)
    return TaskData(name, data, results, scores, architectures, environments, curves)
