"""Speed of the hot paths, as ratios to plain Python loops over the same work, all measured in this run.

    python runners/bench/runner.py

Where NASLib can be imported (``NASLIB_HOME``), its own code on the same work is measured too.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from naslib_ext.benchmarks import TabularBenchmark
from naslib_ext.optimizers import get_optimizer
from naslib_ext.search_spaces import CategoricalSearchSpace, get_search_space
from naslib_ext.search_spaces.nasbench101 import SOURCES, TARGETS

REPEATS = 5
RNG = np.random.default_rng(0)


def seconds(function: Callable[[], Any], items: int) -> float:
    """Best time of ``function`` over a few repeats, for one of its ``items``."""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return best / items


def show(what: str, ours: float, other: float, name: str = "plain loop") -> None:
    print(f"{what:<44}{_unit(ours):>12}{_unit(other):>14} {name:<12}{other / ours:>9.1f}x", flush=True)


def _unit(value: float) -> str:
    for scale, name in ((1, "s"), (1e-3, "ms"), (1e-6, "us")):
        if value >= scale:
            return f"{value / scale:.2f} {name}"
    return f"{value / 1e-9:.1f} ns"


def table_query() -> None:
    space = get_search_space("nasbench201")
    codes = space.enumerate()
    values = RNG.random(len(codes))
    benchmark = TabularBenchmark(space, codes, {"val_accuracy": values}, "made-up")
    table = {tuple(code): value for code, value in zip(codes.tolist(), values.tolist(), strict=True)}
    asked = codes[RNG.integers(len(codes), size=100_000)]
    rows = asked.tolist()
    ours = seconds(lambda: benchmark.query(asked), len(asked))
    show("table query, an architecture", ours, seconds(lambda: [table[tuple(row)] for row in rows], len(rows)))


def neighbors() -> None:
    space = get_search_space("nasbench201")
    codes = space.sample(20_000, RNG)

    def loop() -> list[list[int]]:
        found = []
        for code in codes[:1_000].tolist():
            for position, value in itertools.product(range(6), range(5)):
                if value != code[position]:
                    found.append([*code[:position], value, *code[position + 1 :]])
        return found

    show(
        "nasbench201 neighbours, one",
        seconds(lambda: space.neighbors_of(codes), 24 * len(codes)),
        seconds(loop, 24_000),
    )


def mutation() -> None:
    space = get_search_space("nasbench201")
    codes = space.sample(20_000, RNG)

    def loop() -> None:
        for code in codes[:1_000].tolist():
            position = RNG.integers(6)
            code[position] = RNG.choice([value for value in range(5) if value != code[position]])

    show("nasbench201 mutation, one", seconds(lambda: space.mutate(codes, RNG), len(codes)), seconds(loop, 1_000))


def canonical_keys() -> None:
    space = get_search_space("nasbench101")
    codes = space.sample(20_000, RNG)
    few = space.canonical(codes[:20])

    def loop() -> None:
        for code in few:
            matrix = np.zeros((7, 7), dtype=int)
            matrix[SOURCES, TARGETS] = code[:21]
            least = None
            for order in itertools.permutations(range(1, 6)):
                places = [0, *order, 6]
                moved = matrix[np.ix_(places, places)]
                if not np.tril(moved).any():
                    key = (*moved[SOURCES, TARGETS], *(code[20 + place] for place in order))
                    least = key if least is None else min(least, key)

    show(
        "nasbench101 canonical key, a cell",
        seconds(lambda: space.canonical(codes), len(codes)),
        seconds(loop, len(few)),
    )


def evolution() -> None:
    """A whole search, one architecture asked at a time: the loop keeps no journal, stream or state to resume from."""
    space = CategoricalSearchSpace("smooth", [5] * 6)
    weights = RNG.random((6, 5))

    def search() -> None:
        optimizer = get_optimizer("re")().bind(space, seed=0, budget=300)
        while len(codes := optimizer.ask(1)):
            optimizer.tell(codes, weights[np.arange(6), codes].sum(axis=1))

    show("re, ask and tell, a query", seconds(search, 300), seconds(lambda: _loop_search(weights), 300))


def _loop_search(weights: np.ndarray) -> None:
    """Regularized evolution as one writes it down: lists, tuples and one random number at a time."""
    population: list[tuple[list[int], float]] = []
    known: set[tuple[int, ...]] = set()
    while len(known) < 300:
        if len(population) < 30:
            code = [int(RNG.integers(5)) for _ in range(6)]
        else:
            drawn = [population[RNG.integers(len(population))] for _ in range(10)]
            code = list(max(drawn, key=lambda member: member[1])[0])
            code[RNG.integers(6)] = int(RNG.integers(5))
        if tuple(code) not in known:
            known.add(tuple(code))
            population.append((code, float(sum(weights[i][c] for i, c in enumerate(code)))))
            population = population[-30:]


def naslib() -> None:
    """NASLib's graphs against codes, one operation each."""
    if importlib.util.find_spec("naslib") is None and not os.environ.get("NASLIB_HOME"):
        print("NASLib is not installed and NASLIB_HOME is not set: nothing to compare with it")
        return
    from naslib.search_spaces import NasBench201SearchSpace

    space = get_search_space("nasbench201")
    code = space.sample(1, RNG)
    blank = NasBench201SearchSpace()
    graph = blank.clone()
    graph.sample_random_architecture()
    pairs: list[tuple[str, Callable[[], Any], Callable[[], Any]]] = [
        ("sample", lambda: space.sample(1, RNG), lambda: blank.clone().sample_random_architecture()),
        ("mutate", lambda: space.mutate(code, RNG), lambda: blank.clone().mutate(graph)),
        ("neighbours", lambda: space.neighbors(code[0]), graph.get_nbhd),
    ]
    for what, ours, theirs in pairs:
        start = time.perf_counter()
        theirs()
        show(f"nasbench201 {what}, one call", seconds(ours, 1), time.perf_counter() - start, "NASLib")


if __name__ == "__main__":
    print(f"{'':<44}{'naslib_ext':>12}{'other':>14}{'ratio':>23}")
    for part in (table_query, neighbors, mutation, canonical_keys, evolution, naslib):
        part()
