"""One comparison after the other over many benchmarks, and the ranks over all of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from naslib_ext.atomic import write_json
from naslib_ext.errors import ConfigError, RunsFailed
from naslib_ext.experiments.compare import EARLIER, Comparison, compare
from naslib_ext.experiments.comparison_data import read_comparison
from naslib_ext.experiments.statistics import PairedTest, paired_tests
from naslib_ext.registry import unknown_name

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """A benchmark to compare on; ``name`` is its folder."""

    name: str
    search_space: str
    dataset: str
    epoch: int | None = None
    metric: str = "val_accuracy"
    kind: str = "table"

    def values(self, budget: int) -> dict[str, Any]:
        """Configuration of a search."""
        epoch = {} if self.epoch is None else {"epoch": self.epoch}
        named = {"search_space": self.search_space, "dataset": self.dataset, "metric": self.metric}
        return {**named, **epoch, "benchmark": self.kind, "search": {"epochs": budget}}


TASKS = (
    Task("nasbench201-cifar10-12", "nasbench201", "cifar10", 12),
    Task("nasbench201-cifar10-200", "nasbench201", "cifar10", 200),
    Task("nasbench201-cifar100-12", "nasbench201", "cifar100", 12),
    Task("nasbench201-cifar100-200", "nasbench201", "cifar100", 200),
    *(Task(f"transbench101_micro-{d}", "transbench101_micro", d) for d in ("class_scene", "class_object", "jigsaw")),
    *(Task(f"transbench101_macro-{d}", "transbench101_macro", d) for d in ("class_scene", "class_object", "jigsaw")),
    Task("nasbench_macro", "nasbench_macro", "cifar10", metric="test_accuracy"),
    Task("nasbench101-surrogate", "nasbench101", "cifar10", kind="surrogate"),
    Task("nasbench301-surrogate", "nasbench301", "cifar10", kind="surrogate"),
    Task("digits", "nasbench201", "digits"),
    Task("shapes", "nasbench201", "shapes"),
)
"""All complete tables, both surrogates and the carried tables."""


def find_tasks(names: Sequence[str]) -> list[Task]:
    """The benchmarks of these names among ``TASKS``, in their order there. Raises ``UnknownName``."""
    known = [task.name for task in TASKS]
    for name in names:
        if name not in known:
            raise unknown_name("benchmark", name, known)
    return [task for task in TASKS if task.name in names]


def results_folder(suite: str | Path, task: str, seeds: int) -> Path:
    """Where the results of the methods that have so many seeds on a task are."""
    return Path(suite, task, f"{seeds}-seeds")


@dataclass(frozen=True)
class Suite:
    """Methods on tasks.

    Args:
        methods: the number of seeds of each method; the seeds are ``0 .. n - 1`` everywhere.
        budget: queries a run.
        out: folder of results; what is there is not run again.
        tasks: the benchmarks.

    Raises ``ConfigError`` where there are no methods, no tasks or no seeds.
    """

    methods: Mapping[str, int]
    budget: int
    out: str
    tasks: Sequence[Task] = TASKS

    def __post_init__(self) -> None:
        if not self.methods or not self.tasks or min(self.methods.values()) < 1:
            raise ConfigError("a suite needs methods, benchmarks, and at least one seed of each method")

    def run(
        self, executor: str = "process", workers: int | None = None, address: str | None = None
    ) -> Iterator[tuple[Task, dict[str, Any]]]:
        """Runs what is missing; each task with the summaries of its comparisons, one for each number of seeds.

        Raises ``RunsFailed`` in the end where runs of some tasks failed, or at once what ``compare`` raises else.
        """
        failed: list[str] = []
        for task in self.tasks:
            merged: dict[str, Any] = {}
            complete = True
            for comparison in self._comparisons(task):
                try:
                    merged |= compare(comparison, executor, workers, address)["optimizers"]
                except RunsFailed as error:  # the other tasks are done first
                    logger.warning("%s: %s", task.name, error)
                    complete = False
            if complete:
                yield task, merged
            else:
                failed.append(task.name)
        if failed:
            raise RunsFailed(
                f"runs failed on {', '.join(failed)}, see failures.csv there; all others are kept and the same command "
                "tries these again"
            )

    def _comparisons(self, task: Task) -> Iterator[Comparison]:
        """One for each number of seeds; they share a folder of runs, so that more seeds go on from fewer."""
        for seeds in sorted(set(self.methods.values())):
            names = tuple(name for name, number in self.methods.items() if number == seeds)
            results = str(results_folder(self.out, task.name, seeds))
            yield Comparison(names, seeds, str(Path(self.out, task.name)), task.values(self.budget), results)

    def scores(self, queries: int | None = None) -> NDArray[np.float64]:
        """(tasks, seeds, methods) best scores of the seeds that all methods have; higher is better.

        Args:
            queries: after how many, one of ``compare.EARLIER``; the whole budget by default.
        """
        common = min(self.methods.values())
        scores = np.empty((len(self.tasks), common, len(self.methods)))
        for place, task in enumerate(self.tasks):
            found: dict[str, NDArray[np.float64]] = {}
            for seeds in set(self.methods.values()):
                data = read_comparison(results_folder(self.out, task.name, seeds))
                found |= data.scores_after(queries or self.budget)
            scores[place] = np.stack([found[name][:common] for name in self.methods], axis=1)
        return scores

    def mean_ranks(self, queries: int | None = None) -> NDArray[np.float64]:
        """(tasks, methods) mean rank over seeds of each method on each task; 1 is best, ties share."""
        ranks: NDArray[np.float64] = rankdata(-self.scores(queries), axis=2).mean(axis=1)
        return ranks

    def tests(self) -> list[PairedTest]:
        """Wilcoxon's tests of all pairs of methods on their mean ranks, one pair of values a task, after Holm."""
        ranks = self.mean_ranks()
        return paired_tests({name: -ranks[:, place] for place, name in enumerate(self.methods)})

    def _mean_rank(self, queries: int) -> dict[str, float]:
        return dict(zip(self.methods, self.mean_ranks(queries).mean(axis=0).tolist(), strict=True))

    def write(self) -> str:
        """Writes ``suite.json`` with ranks and tests, and returns the ranks as Markdown, the best method first."""
        ranks, tests = self.mean_ranks(), self.tests()
        names, order = list(self.methods), np.argsort(ranks.mean(axis=0), kind="stable")
        content = {
            "budget": self.budget,
            "seeds": dict(self.methods),
            "tasks": [task.name for task in self.tasks],
            "mean_rank": {names[m]: float(ranks[:, m].mean()) for m in order},
            "ranks": {names[m]: ranks[:, m].tolist() for m in order},
            "tests": [test._asdict() for test in tests],
            "mean_rank_after": {str(query): self._mean_rank(query) for query in EARLIER if query < self.budget},
        }
        write_json(Path(self.out, "suite.json"), content)
        head = ["method", "mean rank", *(task.name for task in self.tasks)]
        rows = [[f"`{names[m]}`", f"{ranks[:, m].mean():.2f}", *(f"{rank:.1f}" for rank in ranks[:, m])] for m in order]
        return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows))
