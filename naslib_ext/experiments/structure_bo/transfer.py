"""What a finished search is worth for the next one, on another data set or with another training schedule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.configuration import complete
from naslib_ext.defaults.trainer import Trainer
from naslib_ext.experiments.executors import execute
from naslib_ext.optimizers import get_optimizer

METHOD = "structure_bo"


@dataclass(frozen=True)
class Problem:
    """A data set of a search space, and for how many epochs architectures are trained (``None``: the longest)."""

    search_space: str
    dataset: str
    epoch: int | None = None
    metric: str = "val_accuracy"


def transfer_study(
    source: Problem, target: Problem, source_budget: int, budget: int, seeds: int, out: str, executor: str = "process"
) -> dict[str, NDArray[np.float64]]:
    """Best score after each query (seeds, budget) on ``target``: from scratch, and after a search on ``source``.

    The runs on the source are kept in ``out`` and not run again.
    """
    jobs = [(seed, begin) for seed in range(seeds) for begin in (False, True)]
    curves = list(execute(partial(_curve, source, target, source_budget, budget, out), jobs, executor))
    return {"from scratch": np.stack(curves[::2]), "warm start": np.stack(curves[1::2])}


def _curve(
    source: Problem, target: Problem, source_budget: int, budget: int, out: str, job: tuple[int, bool]
) -> NDArray[np.float64]:
    seed, warm = job
    settings = {"warm_start": _source_run(source, source_budget, out, seed)} if warm else {}
    benchmark = load_benchmark(target.search_space, target.dataset)
    optimizer = get_optimizer(METHOD)({"search": settings})
    optimizer.bind(benchmark.space, seed, budget, benchmark.key, benchmark.free)
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, benchmark.score(codes, target.metric, target.epoch))
    return np.maximum.accumulate(optimizer.history[1])


def _source_run(source: Problem, budget: int, out: str, seed: int) -> str:
    """The folder of the finished search on ``source``."""
    folder = str(Path(out, source.search_space, source.dataset, str(source.epoch or "longest"), str(seed)))
    values = {"optimizer": METHOD, "search_space": source.search_space, "dataset": source.dataset, "seed": seed}
    values |= {"metric": source.metric, "epoch": source.epoch or 0, "save": folder}
    config = complete({**values, "search": {"epochs": budget}})
    Trainer(get_optimizer(METHOD)(config), config, True).search(resume_from=True)
    return folder
