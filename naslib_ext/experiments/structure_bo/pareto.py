"""Searches for a Pareto front of a metric and a known cost, compared by the hypervolume of what they have queried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from naslib_ext.benchmarks import Benchmark, TabularBenchmark
from naslib_ext.errors import NaslibExtError
from naslib_ext.experiments.statistics import mean, sem
from naslib_ext.optimizers import get_optimizer
from naslib_ext.optimizers.choices import Choices
from naslib_ext.optimizers.structure_bo.pareto import hypervolume
from naslib_ext.search_spaces import Codes

Floats = NDArray[np.float64]
Objective = Callable[[Codes], Floats]
Asked = Callable[[Benchmark, Objective, str, int, int], Codes]

POPULATION = 20
"""Of NSGA-II; Optuna's 50 would be a third of a usual budget."""

TRIALS = 20
"""NSGA-II's trials for each query: it repeats itself, which costs nothing here."""


def by_name(name: str, benchmark: Benchmark, score: Objective, cost: str, budget: int, seed: int) -> Codes:
    """(budget, L) what the optimizer ``name`` asks for; ``structure_bo`` minimises the cost too."""
    minimize = {"minimize": cost} if name == "structure_bo" else {}
    optimizer = get_optimizer("structure_bo" if name == "structure_bo, accuracy alone" else name)({"search": minimize})
    optimizer.bind(benchmark.space, seed, budget, benchmark.key, benchmark.free)
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, score(codes))
    return optimizer.history[0]


def nsga2(benchmark: Benchmark, score: Objective, cost: str, budget: int, seed: int) -> Codes:
    """(budget, L) what Optuna's NSGA-II asks for, in the order of first asking."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    choices = Choices(benchmark.space)
    sampler = optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=seed)
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    asked: dict[bytes, Codes] = {}
    for _ in range(TRIALS * budget):
        trial = study.ask()
        row = [
            trial.suggest_categorical(f"{i:03}", list(range(n))) for i, n in enumerate(choices.cardinalities.tolist())
        ]
        code = choices.to_codes(np.array([row]))
        if not len(code):
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            continue
        study.tell(trial, [float(score(code)[0]), float(benchmark.free[cost](code)[0])])
        asked.setdefault(benchmark.space.keys(code, benchmark.key)[0], code[0])
        if len(asked) == budget:
            break
    return np.stack(list(asked.values()))


METHODS: Mapping[str, Asked] = {
    "rs": partial(by_name, "rs"),
    "nsga2": nsga2,
    "structure_bo, accuracy alone": partial(by_name, "structure_bo, accuracy alone"),
    "structure_bo": partial(by_name, "structure_bo"),
}


def pareto_study(
    benchmark: Benchmark, metric: str, epoch: int | None, cost: str, queries: tuple[int, ...], seeds: int
) -> dict[str, tuple[list[float | None], list[float | None]]]:
    """Mean and standard error (queries,) of the share of the table's hypervolume that each method has found.

    The reference point is the median score and the greatest cost of the table.

    Raises ``NaslibExtError`` where the benchmark is no full table or has no such cost.
    """
    if not isinstance(benchmark, TabularBenchmark) or cost not in benchmark.free:
        raise NaslibExtError(f"the study needs a table with the score {cost!r}; there are {', '.join(benchmark.free)}")
    score = partial(benchmark.score, metric=metric, epoch=epoch)
    scores, costs = score(benchmark.codes), np.asarray(benchmark.free[cost](benchmark.codes))
    worst = float(np.median(scores)), float(costs.max())
    whole = hypervolume(scores, costs, *worst)
    results = {}
    for name, method in METHODS.items():
        shares = [_shares(method, benchmark, score, cost, queries, worst, seed) for seed in range(seeds)]
        found = np.array(shares) / whole
        results[name] = mean(found), sem(found)
    return results


def _shares(
    method: Asked, benchmark: Benchmark, score: Objective, cost: str, queries: tuple[int, ...],
    worst: tuple[float, float], seed: int,
) -> list[float]:  # fmt: skip
    codes = method(benchmark, score, cost, queries[-1], seed)
    scores, costs = score(codes), np.asarray(benchmark.free[cost](codes))
    return [hypervolume(scores[:n], costs[:n], *worst) for n in queries]
