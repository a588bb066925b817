"""Does shrinking first pay? Searches in the whole space and in shrunk ones, with the same number of queries."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.atomic import write_atomically, write_json
from naslib_ext.benchmarks import Benchmark
from naslib_ext.experiments.kept import read_kept
from naslib_ext.experiments.shrinkage.study import ShrinkStudy
from naslib_ext.experiments.statistics import paired_tests
from naslib_ext.optimizers import Optimizer, get_optimizer

Values = NDArray[np.float64]


@dataclass(frozen=True)
class SearchStudy:
    """Base methods, each alone and within LISSNAS, ``budget`` queries with the labels among them."""

    shrinking: ShrinkStudy
    methods: tuple[str, ...]
    budget: int

    def optimizer(self, method: str, inside: bool) -> Optimizer:
        """The method alone, or LISSNAS around it."""
        if not inside:
            return get_optimizer(method)(None)
        study = self.shrinking
        section = {
            "base_optimizer": method,
            "labels": study.num_labels,
            "rounds": study.rounds,
            "size": study.members,
            "predictor": study.predictor,
        }
        return get_optimizer("lissnas")({"search": {"lissnas": section}})

    def run(self, method: str, inside: bool, seed: int) -> list[float]:
        """The best score after each query."""
        benchmark, study = self.shrinking.benchmark, self.shrinking
        optimizer = self.optimizer(method, inside).bind(
            benchmark.space, seed, self.budget, benchmark.key, dict(benchmark.free)
        )
        while len(codes := optimizer.ask(1)):
            optimizer.tell(codes, study.score(codes))
        return np.maximum.accumulate(optimizer.history[1]).tolist()


def run_searches(study: SearchStudy, out: Path, tell: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Runs what ``out`` does not hold yet; writes and returns ``search.json``. Raises ``RunFolderError``."""
    curves: dict[str, Values] = {}
    for method in study.methods:
        for inside in (False, True):
            name = f"lissnas ({method})" if inside else method
            rows = [_run(study, out, method, inside, seed) for seed in range(study.shrinking.seeds)]
            curves[name] = np.array([row + row[-1:] * (study.budget - len(row)) for row in rows])
            if tell is not None:
                tell(f"{name}: {curves[name][:, -1].mean():.3f}")
    summary = summarize(study, curves)
    write_json(out / "search.json", summary)
    return summary


def _run(study: SearchStudy, out: Path, method: str, inside: bool, seed: int) -> list[float]:
    path = out / "searches" / f"{'lissnas-' if inside else ''}{method}-{seed}.json"
    fingerprint = {**study.shrinking.fingerprint(), "budget": study.budget}
    kept = read_kept(path, fingerprint)
    if kept is not None:
        return list(kept["best"])
    best = study.run(method, inside, seed)
    write_atomically(path, json.dumps({"study": fingerprint, "best": best}) + "\n")
    return best


def summarize(study: SearchStudy, curves: dict[str, Values]) -> dict[str, Any]:
    """The content of ``search.json`` from best scores so far (seeds, budget) by method.

    Final means in the metric's unit, their standard errors, how often the optimum was found, and paired tests.
    """
    shrinking = study.shrinking
    benchmark: Benchmark = shrinking.benchmark
    sign, optimum = benchmark.direction(shrinking.measured), benchmark.optimum(shrinking.measured, shrinking.epoch)
    final = {name: rows[:, -1] for name, rows in curves.items()}
    tests = [test for m in study.methods for test in paired_tests({n: final[n] for n in (f"lissnas ({m})", m)})]
    return {
        **{name: value for name, value in asdict(shrinking).items() if name not in ("methods", "data_dir")},
        "metric": shrinking.measured,
        "labels": shrinking.num_labels,
        "size": shrinking.members,
        "budget": study.budget,
        "optimum": optimum,
        "methods": {
            name: {
                "best_mean": float(sign * values.mean()),
                "best_sem": float(values.std(ddof=min(1, len(values) - 1)) / np.sqrt(len(values))),
                "found_optimum": None if optimum is None else float((sign * values == optimum).mean()),
            }
            for name, values in final.items()
        },
        "paired_tests": [test._asdict() for test in tests],
    }


def format_searches(summary: dict[str, Any]) -> str:
    """The summary for the terminal."""
    optimum = "unknown" if summary["optimum"] is None else f"{summary['optimum']:.3f}"
    lines = [
        f"{summary['search_space']}/{summary['dataset']} {summary['metric']}: {summary['budget']} queries, "
        f"{summary['labels']} of them labels, {summary['size']} members, {summary['seeds']} seeds, optimum {optimum}"
    ]
    for name, method in summary["methods"].items():
        found = "" if method["found_optimum"] is None else f"  optimum found {method['found_optimum']:.2f}"
        lines.append(f"{name:<26}{method['best_mean']:10.3f} ±{method['best_sem']:.3f}{found}")
    for test in summary["paired_tests"]:
        lines.append(
            f"{test['first']} - {test['second']}: {test['difference']:+.4f} (Wilcoxon p {test['p_value']:.3g})"
        )
    return "\n".join(lines)


def parse_methods(text: str) -> Sequence[str]:
    """Names separated by commas, each once."""
    return tuple(dict.fromkeys(text.split(",")))
