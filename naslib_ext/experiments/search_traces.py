"""Figures 4 and 5 of Delta-NAS: how near searches come to the optimum, and how good what they find is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from naslib_ext.atomic import write_atomically, write_json
from naslib_ext.benchmarks import TabularBenchmark
from naslib_ext.experiments.executors import execute
from naslib_ext.experiments.figures import Curve, curves_png
from naslib_ext.experiments.kept import read_kept
from naslib_ext.experiments.statistics import mean, sem
from naslib_ext.experiments.target import Target, Values, cell
from naslib_ext.optimizers import get_optimizer
from naslib_ext.search_spaces import Codes


@dataclass(frozen=True)
class SearchStudy:
    """Figures 4 and 5: searches of several methods, seeds ``0..seeds-1``, ``budget`` distinct queries each."""

    target: Target
    methods: tuple[str, ...]
    budget: int = 150
    seeds: int = 100


class SearchJob(NamedTuple):
    """One search; ``method`` is an optimizer's name, with settings behind it if wanted: ``sep_re:crossover=none``."""

    method: str
    seed: int


class Trace(NamedTuple):
    """After each query (budget,): best value so far, its test value, edits from it to the nearest optimum."""

    best: Values
    test: Values
    distance: Values


def search_figures(
    study: SearchStudy, out: Path, executor: str = "process", workers: int | None = None
) -> dict[str, Any]:
    """Writes ``summary.json``, ``best.png`` and, where they are known, ``test.png`` and ``distance.png`` into ``out``.

    The distance is that of the best architecture so far to the nearest of the table's optima, in single edits.
    Searches that are in ``out`` are not run again. Raises ``RunFolderError`` where they are another study's.
    """
    jobs = [SearchJob(method, seed) for method in study.methods for seed in range(study.seeds)]
    traces = dict(zip(jobs, execute(partial(_kept_trace, study, out), jobs, executor, workers), strict=True))
    benchmark, target = study.target.benchmark, study.target
    summary: dict[str, Any] = {
        "search_space": target.search_space, "dataset": target.dataset, "metric": target.name,
        "epoch": benchmark.resolve(target.name, target.epoch), "budget": study.budget, "seeds": study.seeds,
        "optimum": benchmark.optimum(target.name, target.epoch),
        "methods": {method: _summary_of(study, traces, method) for method in study.methods},
    }  # fmt: skip
    write_json(out / "summary.json", summary)
    labels = {"best": target.name, "test": "test accuracy", "distance": "edits to the optimum"}
    for measured, label in labels.items():
        curves = [
            Curve(name, np.array(of[f"{measured}_mean"], float), np.nan_to_num(np.array(of[f"{measured}_sem"], float)))
            for name, of in summary["methods"].items()
            if of[f"{measured}_mean"][0] is not None
        ]
        if curves:
            write_atomically(out / f"{measured}.png", curves_png(curves, label, from_zero=False))
    return summary


def _kept_trace(study: SearchStudy, out: Path, job: SearchJob) -> Trace:
    """One search, read or run."""
    path = out / "searches" / job.method.replace(":", ",") / f"{job.seed}.json"
    target = study.target
    identity = [target.search_space, target.dataset, target.name, target.epoch, target.kind, study.budget]
    kept = read_kept(path, identity)
    if kept is not None:
        return Trace(*(np.array(kept[measured], dtype=np.float64) for measured in Trace._fields))
    found = trace(study, job)
    lists = {name: [None if v != v else v for v in values.tolist()] for name, values in found._asdict().items()}
    write_atomically(path, json.dumps({"study": identity, **lists}, allow_nan=False))
    return found


def trace(study: SearchStudy, job: SearchJob) -> Trace:
    """One search."""
    target, benchmark = study.target, study.target.benchmark
    name, *words = job.method.split(":")
    config = {"search": dict(word.split("=", 1) for word in words)}
    optimizer = get_optimizer(name)(config).bind(
        benchmark.space, job.seed, study.budget, benchmark.key, dict(benchmark.free)
    )
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, target(codes))
    codes, scores = optimizer.history
    best = np.maximum.accumulate(scores)
    leaders = np.maximum.accumulate(np.where(np.append(True, best[1:] > best[:-1]), np.arange(len(best)), 0))
    leaders = np.append(leaders, np.full(study.budget - len(leaders), leaders[-1]))
    distinct, where = np.unique(leaders, return_inverse=True)
    found = codes[distinct]
    test, distance = _test_values(study, found), _distances(study, found)
    return Trace(benchmark.direction(target.name) * scores[leaders], test[where], distance[where])


def _test_values(study: SearchStudy, codes: Codes) -> Values:
    benchmark = study.target.benchmark
    metric = benchmark.test_metric(study.target.name)
    if metric is None or metric == study.target.name:
        return np.full(len(codes), np.nan)
    return benchmark.query(codes, metric)


def _distances(study: SearchStudy, codes: Codes) -> Values:
    """(n,) single edits to the nearest optimum; NaN where it is not known."""
    target, benchmark = study.target, study.target.benchmark
    optimum = benchmark.optimum(target.name, target.epoch)
    if optimum is None or not isinstance(benchmark, TabularBenchmark):
        return np.full(len(codes), np.nan)
    goals = benchmark.codes[benchmark.query(benchmark.codes, target.name, target.epoch) == optimum]
    space = benchmark.space
    apart = [space.edit_distance(codes, np.broadcast_to(goal, codes.shape)) for goal in goals]
    return np.min(apart, axis=0).astype(np.float64)


def _summary_of(study: SearchStudy, traces: Mapping[SearchJob, Trace], method: str) -> dict[str, Any]:
    runs = [traces[SearchJob(method, seed)] for seed in range(study.seeds)]
    summary: dict[str, Any] = {}
    for measured in Trace._fields:
        values = np.stack([getattr(run, measured) for run in runs])
        summary |= {f"{measured}_mean": mean(values), f"{measured}_sem": sem(values)}
    return summary


def format_searches(summary: Mapping[str, Any], checkpoints: Sequence[int]) -> str:
    """Best value and edits to the optimum after ``checkpoints`` queries, one method a line."""
    shown = [query for query in checkpoints if query <= summary["budget"]]
    epoch = "" if summary["epoch"] is None else f"@{summary['epoch']}"
    lines = [
        f"{summary['search_space']}/{summary['dataset']}: {summary['metric']}{epoch}, {summary['seeds']} seeds; "
        "after queries",
        f"{'best so far':<32}" + "".join(f"{query:>16}" for query in shown),
    ]
    for measured in ("best", "distance"):
        lines += ["edits to the optimum"] if measured == "distance" else []
        for name, of in summary["methods"].items():
            cells = [cell(of[f"{measured}_mean"][query - 1], of[f"{measured}_sem"][query - 1]) for query in shown]
            lines.append(f"{name:<32}" + "".join(f"{text:>16}" for text in cells))
    return "\n".join(lines)
