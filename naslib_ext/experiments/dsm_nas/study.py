"""Many DSM-NAS searches on one benchmark, with other methods and paired tests beside them."""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_ext import __version__
from naslib_ext.atomic import write_atomically, write_json
from naslib_ext.benchmarks import Benchmark, TabularBenchmark, find_table, load_benchmark
from naslib_ext.experiments.figures import Curve, curves_png
from naslib_ext.experiments.statistics import mean, paired_tests, sem
from naslib_ext.optimizers import get_optimizer
from naslib_ext.optimizers.dsm_nas import DSMNAS
from naslib_ext.optimizers.dsm_nas.many_seeds import search_many
from naslib_ext.search_spaces import Codes, SearchSpace

Scores = NDArray[np.float64]
Settings = Mapping[str, Any]
UNTRAINED = {"learning_rate": 0.0}


@dataclass(frozen=True)
class Study:
    """A benchmark, a budget in distinct queries, and seeds ``0..seeds-1``; no ``epoch`` is the longest schedule.

    ``keep`` is a folder for finished runs, from which the same runs are taken the next time; without it there is none.
    """

    search_space: str
    dataset: str
    epoch: int | None = None
    budget: int = 200
    seeds: int = 100
    metric: str = "val_accuracy"
    kind: str = "table"
    data_dir: str | None = None
    keep: Path | None = None

    @cached_property
    def benchmark(self) -> Benchmark:
        """What is queried."""
        return load_benchmark(self.search_space, self.dataset, self.kind, self.data_dir)

    def evaluate(self, codes: Codes) -> Scores:
        """(n,) scores of codes (n, L), higher is better."""
        return self.benchmark.score(codes, self.metric, self.epoch)


class Runs(NamedTuple):
    """Searches of one method: the best score so far (seeds, budget) and the architectures found (seeds, L).

    ``centers`` are each search's final centres (K, L), of DSM-NAS alone; ``seconds`` is all processor time together.
    """

    best: Scores
    found: Codes
    centers: list[Codes]
    seconds: float


def run_dsm(study: Study, settings: Settings, starts: Sequence[Codes] | None = None) -> Runs:
    """DSM-NAS with ``settings``, all seeds at once.

    Args:
        study: where to search.
        settings: of the section ``search``.
        starts: for each seed the architectures (m, L) to start from instead of random ones; they cost queries.
    """
    initial: list[Any] = [[]] * study.seeds if starts is None else [codes.tolist() for codes in starts]
    configs = [{"search": {**settings, "initial": codes}} for codes in initial]
    of_settings = DSMNAS(configs[0]).settings | {"preset": "", "initial": initial}  # equal however they were said
    return kept(study, ["dsm_nas", of_settings], lambda: _run_dsm(study, configs))


def _run_dsm(study: Study, configs: Sequence[Any]) -> Runs:
    benchmark, started = study.benchmark, time.process_time()
    searches = search_many(
        benchmark.space, study.evaluate, configs, range(study.seeds), study.budget, benchmark.key, benchmark.free
    )
    histories = []
    for search in searches:
        codes, scores = search.history
        histories.append((codes, np.where(search.may_be_center(codes), scores, -np.inf)))
    centers = [search.graph.codes for search in searches]
    return collect(histories, study.budget)._replace(centers=centers, seconds=time.process_time() - started)


def run_other(study: Study, name: str) -> Runs:
    """The method of that name with its default settings, one seed after the other."""
    return kept(study, [name], lambda: search_each(study, name, study.benchmark.space))


def search_each(study: Study, name: str, space: SearchSpace) -> Runs:
    """Searches of ``space``, the benchmark's or a part of it, by the method of that name."""
    benchmark, started, histories = study.benchmark, time.process_time(), []
    for seed in range(study.seeds):
        optimizer = get_optimizer(name)(None).bind(space, seed, study.budget, benchmark.key, dict(benchmark.free))
        while len(codes := optimizer.ask(1)):
            optimizer.tell(codes, study.evaluate(codes))
        histories.append(optimizer.history)
    return collect(histories, study.budget)._replace(seconds=time.process_time() - started)


def kept(study: Study, identity: list[Any], run: Callable[[], Runs]) -> Runs:
    """What ``run`` returns, or what it returned when the same study ran the same method in this version before."""
    if study.keep is None:
        return run()
    benchmark = [study.search_space, study.dataset, study.metric, study.epoch, study.budget, study.seeds]
    text = json.dumps([__version__, benchmark, identity], sort_keys=True)
    path = study.keep / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.npz"
    if path.is_file():
        with np.load(path) as saved:
            return Runs(saved["best"], saved["found"], list(saved["centers"]), float(saved["seconds"]))
    runs, file = run(), io.BytesIO()
    np.savez_compressed(file, **runs._asdict())
    write_atomically(path, file.getvalue())
    return runs


def collect(histories: Sequence[tuple[Codes, Scores]], budget: int) -> Runs:
    """Curves and answers of searches, codes (q, L) and scores (q,) each; one that ended early keeps its last value."""
    best, found = [], []
    for codes, scores in histories:
        curve = np.maximum.accumulate(scores)
        best.append(np.append(curve, np.full(budget - len(curve), curve[-1])))
        found.append(codes[scores.argmax()])
    return Runs(np.stack(best), np.stack(found), [], 0.0)


# what is written


def summarize(study: Study, runs: Mapping[str, Runs]) -> dict[str, Any]:
    """The content of ``summary.json``: means and standard errors in the metric's unit, test metrics, paired tests."""
    sign = study.benchmark.direction(study.metric)
    tests = paired_tests({name: of.best[:, -1] for name, of in runs.items()})
    return {
        "search_space": study.search_space,
        "dataset": study.dataset,
        "metric": study.metric,
        "epoch": study.benchmark.resolve(study.metric, study.epoch),
        "budget": study.budget,
        "seeds": study.seeds,
        "optimum": study.benchmark.optimum(study.metric, study.epoch),
        "methods": {
            name: {"best_mean": mean(sign * of.best), "best_sem": sem(of.best), "test": _test_values(study, of.found)}
            for name, of in runs.items()
        },
        "paired_tests": [test._asdict() for test in tests],
    }


def _test_values(study: Study, found: Codes) -> dict[str, list[float]]:
    """Mean and standard deviation over seeds of the test metric on every data set of the table that has one."""
    if not isinstance(study.benchmark, TabularBenchmark):
        return {}
    table, values = find_table(study.search_space, study.dataset, study.data_dir), {}
    for dataset in table.datasets:
        benchmark = table.benchmark(dataset)
        metric = benchmark.test_metric(study.metric)
        if metric is not None and metric != study.metric and benchmark.holds(found, metric).all():
            of_found = benchmark.query(found, metric)
            values[dataset] = [float(of_found.mean()), float(of_found.std())]
    return values


def format_summary(summary: Mapping[str, Any], checkpoints: Sequence[int]) -> str:
    """The summary as a table for the terminal, with the values after ``checkpoints`` queries."""
    optimum = "unknown" if summary["optimum"] is None else f"{summary['optimum']:.3f}"
    epoch = "" if summary["epoch"] is None else f"@{summary['epoch']}"
    shown = [query for query in checkpoints if query <= summary["budget"]]
    lines = [
        f"{summary['search_space']}/{summary['dataset']}: {summary['metric']}{epoch}, {summary['seeds']} seeds, "
        f"optimum {optimum}; mean and standard error after queries, test mean and deviation over seeds",
        f"{'method':<24}" + "".join(f"{query:>16}" for query in shown) + "   test",
    ]
    for name, method in summary["methods"].items():
        cells = [f"{method['best_mean'][q - 1]:9.3f} ±{method['best_sem'][q - 1] or 0:.3f}" for q in shown]
        test = "  ".join(f"{dataset} {value:.2f} ±{spread:.2f}" for dataset, (value, spread) in method["test"].items())
        lines.append(f"{name:<24}" + "".join(f"{cell:>16}" for cell in cells) + f"   {test}")
    return "\n".join(lines)


def format_tests(summary: Mapping[str, Any], reference: str) -> str:
    """The paired tests of ``reference`` after the whole budget, one a line: its mean advantage and Wilcoxon's p."""
    lines = []
    for test in summary["paired_tests"]:
        if reference in (test["first"], test["second"]):
            other = test["second"] if test["first"] == reference else test["first"]
            gain = test["difference"] if test["first"] == reference else -test["difference"]
            lines.append(f"{reference} - {other}: {gain:+.4f} (Wilcoxon p {test['p_value']:.3g})")
    return "\n".join(lines)


def write_study(out: Path, study: Study, runs: Mapping[str, Runs]) -> dict[str, Any]:
    """Writes ``summary.json`` and ``curves.png`` into ``out``; returns the summary."""
    summary = summarize(study, runs)
    sign = study.benchmark.direction(study.metric)
    curves = [Curve(name, sign * of.best.mean(axis=0), _spread(of.best)) for name, of in runs.items()]
    write_json(out / "summary.json", summary)
    write_atomically(out / "curves.png", curves_png(curves, study.metric, from_zero=False))
    return summary


def _spread(best: Scores) -> Scores:
    deviation: Scores = best.std(axis=0, ddof=min(1, len(best) - 1)) / np.sqrt(len(best))
    return deviation
