"""Search spaces: drawing, mutation, neighbours, canonical keys."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from naslib_ext.search_spaces import Codes, SearchSpace, get_search_space, list_search_spaces
from naslib_ext.search_spaces.nasbench101 import SOURCES, TARGETS
from runners.bench import peers
from runners.bench.meter import Item, Meter, Work

LISTS = 10
"""One in so many architectures has its neighbours listed: they are many times as many."""

Operation = Callable[[SearchSpace, Codes, np.random.Generator], Any]
OPERATIONS: dict[str, Operation] = {
    "draw one": lambda space, codes, rng: space.sample(len(codes), rng),
    "mutate one": lambda space, codes, rng: space.mutate(codes, rng),
    "neighbours of one": lambda space, codes, rng: space.neighbors_of(codes[: max(1, len(codes) // LISTS)]),
    "canonical key of one": lambda space, codes, rng: space.keys(codes, "canonical"),
}


def measure(meter: Meter) -> None:
    rng = np.random.default_rng(0)
    items: dict[tuple[str, str], Item] = {}
    for name in list_search_spaces():
        space, number = get_search_space(name), meter.size(10_000, 20)
        codes = space.sample(number, rng)
        for what, operation in OPERATIONS.items():
            count = max(1, number // LISTS) if what.startswith("neighbours") else number
            item = meter.time(f"{name}, {what}", partial(operation, space, codes, rng), count, memory=True)
            meter.grow(item, "n", meter.sizes(300, 3_000, 30_000), partial(_of_size, operation, space, rng))
            items[name, what] = item
    _loops(meter, items, rng)
    _config_space(meter, items)
    _single_calls(meter, rng)


def _of_size(operation: Operation, space: SearchSpace, rng: np.random.Generator, number: int) -> Work:
    return partial(operation, space, space.sample(number, rng), rng)


def _single_calls(meter: Meter, rng: np.random.Generator) -> None:
    """What one architecture takes in a call of its own, as searches ask for it, against NASLib's graphs."""
    space = get_search_space("nasbench201")
    code = space.sample(1, rng)
    ours: dict[str, tuple[Work, Callable[[Any, Any], Any]]] = {
        "draw": (lambda: space.sample(1, rng), lambda blank, graph: blank.clone().sample_random_architecture()),
        "mutate": (lambda: space.mutate(code, rng), lambda blank, graph: blank.clone().mutate(graph)),
        "neighbours": (lambda: space.neighbors(code[0]), lambda blank, graph: graph.get_nbhd()),
        "key": (lambda: space.keys(code), lambda blank, graph: graph.get_hash()),
    }
    for what, (work, theirs) in ours.items():
        item = meter.time(f"nasbench201, {what}, one call", work)
        meter.compare(item, "NASLib", partial(_graph, theirs))


def _graph(operation: Callable[[Any, Any], Any]) -> tuple[Work, int]:
    blank = peers.naslib("naslib.search_spaces", "NasBench201SearchSpace")()
    graph = blank.clone()
    graph.sample_random_architecture()
    return partial(operation, blank, graph), 1


def _config_space(meter: Meter, items: dict[tuple[str, str], Item]) -> None:
    def space() -> Any:
        package = peers.package("ConfigSpace")
        edges = {f"edge {edge}": [str(operation) for operation in range(5)] for edge in range(6)}
        return package.ConfigurationSpace(edges, seed=0)

    def drawing() -> tuple[Work, int]:
        drawn, number = space(), meter.size(1_000, 5)
        return lambda: drawn.sample_configuration(number), number

    def neighbours() -> tuple[Work, int]:
        util, one = peers.package("ConfigSpace.util"), space().sample_configuration()
        return lambda: list(util.get_one_exchange_neighbourhood(one, seed=0)), 1

    meter.compare(items["nasbench201", "draw one"], "ConfigSpace", drawing)
    meter.compare(items["nasbench201", "neighbours of one"], "ConfigSpace", neighbours)


def _loops(meter: Meter, items: dict[tuple[str, str], Item], rng: np.random.Generator) -> None:
    cells = get_search_space("nasbench201").sample(meter.size(1_000, 5), rng).tolist()
    graphs = get_search_space("nasbench101").sample(meter.size(20, 1), rng)

    def neighbours() -> None:
        for code in cells:
            for position, value in itertools.product(range(6), range(5)):
                if value != code[position]:
                    [*code[:position], value, *code[position + 1 :]]

    def mutants() -> None:
        for code in cells:
            position = rng.integers(6)
            code[position] = rng.choice([value for value in range(5) if value != code[position]])

    def keys() -> None:
        for code in graphs:
            _least_permutation(code)

    meter.compare(items["nasbench201", "neighbours of one"], peers.LOOP, peers.plain(neighbours, len(cells)))
    meter.compare(items["nasbench201", "mutate one"], peers.LOOP, peers.plain(mutants, len(cells)))
    meter.compare(items["nasbench101", "canonical key of one"], peers.LOOP, peers.plain(keys, len(graphs)))


def _least_permutation(code: Codes) -> Any:
    """The least code of a NAS-Bench-101 cell under all orders of its vertices."""
    matrix = np.zeros((7, 7), dtype=int)
    matrix[SOURCES, TARGETS] = code[:21]
    least = None
    for order in itertools.permutations(range(1, 6)):
        places = [0, *order, 6]
        moved = matrix[np.ix_(places, places)]
        if not np.tril(moved).any():
            key = (*moved[SOURCES, TARGETS], *(code[20 + place] for place in order))
            least = key if least is None else min(least, key)
    return least
