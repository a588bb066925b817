"""What each ingredient of ``structure_bo`` is worth: variants with one left out or exchanged, on several tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_ext.atomic import write_atomically
from naslib_ext.benchmarks import Benchmark, load_benchmark
from naslib_ext.errors import RunFolderError
from naslib_ext.experiments.executors import execute
from naslib_ext.experiments.statistics import holm, paired_tests, sem
from naslib_ext.experiments.structure_bo.variants import Variant, VariantBO
from naslib_ext.experiments.suite.study import Task
from naslib_ext.optimizers import get_optimizer

Floats = NDArray[np.float64]

RANDOM, FULL = "rs", "structure_bo"

FIRST = 10
"""Queries before regrets count: as many as the method's random start."""

PLACES, PATHS, COUNTS = ("cell", "choices", "edges", "labels"), ("paths", "stages"), ("summary", "operations")
"""Groups of structure features that play the same part in different spaces."""


def _setting(**settings: object) -> Variant:
    return Variant(settings)


def _proposals(without: str = "") -> Variant:
    return Variant({"without": without}, listed=False)


PANELS: Mapping[str, Mapping[str, Variant]] = {
    "features": {
        FULL: Variant(),
        "without cell, choices, edges, labels": Variant(left_out=PLACES),
        "without paths, stages": Variant(left_out=PATHS),
        "without summary, operations": Variant(left_out=COUNTS),
        "one-hot codes alone": Variant(codes=True),
        "features=flops": _setting(features="flops"),
        "features=all": _setting(features="all"),
    },
    "kernel": {
        FULL: Variant(),
        "groups, no joint part": Variant(kernel="groups"),
        "joint part alone": Variant(kernel="joint"),
        "one group, one lengthscale": Variant(merged=True, kernel="joint"),
    },
    "targets": {
        FULL: Variant(),
        "shift=0.001": _setting(shift=0.001),
        "shift=2": _setting(shift=2.0),
        "normal scores of ranks": Variant(targets="rank"),
        "standardised scores": Variant(targets="standardised"),
    },
    "acquisition": {
        FULL: Variant(),
        "acquisition=plain": _setting(acquisition="plain"),
        "acquisition=observed": _setting(acquisition="observed"),
    },
    "schedule": {
        FULL: Variant(),
        "num_init=5": _setting(num_init=5),
        "num_init=20": _setting(num_init=20),
        "refit_every=3": _setting(refit_every=3),
        "refit_every=30": _setting(refit_every=30),
    },
    "batch": {FULL: Variant(), "batches of 4": Variant(batch=4), "batches of 8": Variant(batch=8)},
    "proposals": {
        "proposals, not listed": _proposals(),
        "without random": _proposals("random"),
        "without edits of the best": _proposals("mutants"),
        "without ANASOD's": _proposals("decoded"),
        "without climbing": _proposals("climbs"),
    },
}
"""Panel -> variants, the first of which the others are compared with."""


class Job(NamedTuple):
    """One search; the variant ``None`` is random search."""

    task: Task
    name: str
    variant: Variant | None
    seed: int


class Change(NamedTuple):
    """How much larger a variant's regret is than that of its panel's first, with standard error and Holm's p."""

    difference: float
    sem: float | None
    p_holm: float


@dataclass(frozen=True)
class AblationStudy:
    """Every variant of some panels on some tasks.

    Args:
        tasks: the benchmarks.
        panels: names in ``PANELS``.
        budget: queries a run.
        seeds: of every variant on every task.
        out: folder of the runs, ``<task>/<variant>/<seed>.json``; what is there is not run again.
    """

    tasks: Sequence[Task]
    panels: Sequence[str]
    budget: int
    seeds: Sequence[int]
    out: str

    def run(self, executor: str = "process", workers: int | None = None) -> AblationStudy:
        """Runs what is missing; returns self."""
        list(execute(partial(_scores, self.out, self.budget), self._jobs(), executor, workers, chunk=1))
        return self

    def _jobs(self) -> list[Job]:
        variants = {name: variant for panel in self.panels for name, variant in PANELS[panel].items()}
        kinds: dict[str, Variant | None] = {RANDOM: None, **variants}
        return [
            Job(task, name, variant, seed)
            for task in self.tasks
            for name, variant in kinds.items()
            if variant is None or variant.applies(_benchmark(task))
            for seed in self.seeds
        ]

    @cached_property
    def curves(self) -> list[dict[str, Floats]]:
        """For each task: variant -> best score after each query (seeds, budget)."""
        best: list[dict[str, list[Floats]]] = [{} for _ in self.tasks]
        for job in self._jobs():
            scores = _scores(self.out, self.budget, job)
            best[self.tasks.index(job.task)].setdefault(job.name, []).append(np.maximum.accumulate(scores))
        return [{name: np.stack(rows) for name, rows in of.items()} for of in best]

    @cached_property
    def regrets(self) -> list[dict[str, Floats]]:
        """For each task: variant -> mean distance from the optimum over queries (seeds,), that of random search is 1.

        Only queries after the first ten count. Where the optimum is unknown it is the best score of the study.
        """
        relative = []
        for task, curves in zip(self.tasks, self.curves, strict=True):
            known = _optimum(task)
            top = max(float(curve.max()) for curve in curves.values()) if known is None else known
            regrets = {name: (top - curve[:, FIRST:]).mean(axis=1) for name, curve in curves.items()}
            relative.append({name: regret / regrets[RANDOM].mean() for name, regret in regrets.items()})
        return relative

    def changes(self) -> dict[str, Change]:
        """Variant -> its test. Tests are Wilcoxon's, paired over tasks and seeds, Holm's correction is over all."""
        differences: dict[str, Floats] = {}
        p_values = []
        for panel in self.panels:
            first, *others = PANELS[panel]
            for name in others:
                pairs = [(of[name], of[first]) for of in self.regrets if name in of]
                if pairs:
                    own, base = (np.concatenate(side) for side in zip(*pairs, strict=True))
                    differences[name] = own - base
                    p_values.append(paired_tests({name: own, first: base})[0].p_value)
        return {
            name: Change(float(values.mean()), sem(values[:, None])[0], p)
            for (name, values), p in zip(differences.items(), holm(p_values), strict=True)
        }

    def queries_to_optimum(self, place: int) -> dict[str, Floats]:
        """Variant -> queries (seeds,) until the optimum of a task, the whole budget where it was not found."""
        top = _optimum(self.tasks[place])
        if top is None:
            return {}
        hits = {name: curve == top for name, curve in self.curves[place].items()}
        return {
            name: np.where(hit.any(axis=1), hit.argmax(axis=1) + 1, self.budget).astype(np.float64)
            for name, hit in hits.items()
        }

    def values(self, place: int) -> dict[str, Floats]:
        """Variant -> best value (seeds,) on a task, in the metric's unit."""
        task = self.tasks[place]
        sign = _benchmark(task).direction(task.metric)
        return {name: sign * curve[:, -1] for name, curve in self.curves[place].items()}

    def gains(self, place: int) -> dict[str, Floats]:
        """Variant -> its mean gain over random search (1,) after the whole budget, as a share of ``structure_bo``'s."""
        ends = {name: float(curve[:, -1].mean()) for name, curve in self.curves[place].items()}
        gain = ends.get(FULL, 0.0) - ends[RANDOM]
        return {name: np.array([(end - ends[RANDOM]) / gain]) for name, end in ends.items()} if gain > 0 else {}


# one search


def _scores(out: str, budget: int, job: Job) -> Floats:
    """(budget,) scores in the order of asking, read or computed; a run of more queries begins with them."""
    path = Path(out, job.task.name, job.name.replace(" ", "_"), f"{job.seed}.json")
    identity = json.loads(json.dumps(None if job.variant is None else asdict(job.variant)))
    if path.is_file():
        kept = json.loads(path.read_text())
        if kept["variant"] != identity:
            raise RunFolderError(f"{path} is a run of another variant; name another folder")
        if len(kept["scores"]) >= budget:
            return np.array(kept["scores"][:budget], dtype=np.float64)
    scores = _search(job, budget)
    write_atomically(path, json.dumps({"variant": identity, "scores": scores.tolist()}))
    return scores


def _search(job: Job, budget: int) -> Floats:
    benchmark = _benchmark(job.task)
    optimizer = get_optimizer(RANDOM)() if job.variant is None else VariantBO(job.variant)
    optimizer.bind(benchmark.space, job.seed, budget, benchmark.key, benchmark.free)
    while len(codes := optimizer.ask(job.variant.batch if job.variant else 1)):
        optimizer.tell(codes, benchmark.score(codes, job.task.metric, job.task.epoch))
    return optimizer.history[1]


@lru_cache(maxsize=2)
def _benchmark(task: Task) -> Benchmark:
    return load_benchmark(task.search_space, task.dataset, task.kind)


def _optimum(task: Task) -> float | None:
    """The best score, higher is better."""
    benchmark = _benchmark(task)
    value = benchmark.optimum(task.metric, task.epoch)
    return None if value is None else benchmark.direction(task.metric) * value
