"""Shrinkage: locality, LISSNAS and its rivals, spaces that were shrunk."""

from __future__ import annotations

from functools import partial

import numpy as np

from naslib_ext.search_spaces import get_search_space
from naslib_ext.shrinkage import ShrunkSearchSpace
from naslib_ext.shrinkage.lissnas import Settings, shrink
from naslib_ext.shrinkage.locality import measure_locality
from naslib_ext.shrinkage.quality import Reference
from naslib_ext.shrinkage.quality import measure as quality
from naslib_ext.shrinkage.rivals import METHODS, Task, available, shrink_by
from runners.bench.made_up import additive
from runners.bench.meter import Meter, Work

SPACES = ("nasbench101", "nasbench201", "nasbench301")
SIZE = 500
"""Members of the spaces that the rivals shrink to."""


def measure(meter: Meter) -> None:
    rng = np.random.default_rng(0)
    for name in SPACES:
        _shrinking(meter, name)
    _rivals(meter)
    _members(meter, rng)


def _shrinking(meter: Meter, name: str) -> None:
    """With predictions that cost nothing: what is measured is the shrinking."""
    space = get_search_space(name)
    scores = additive(space)

    def work(initial: int) -> Work:
        settings = Settings(initial=initial)
        return lambda: shrink(space, scores, np.random.default_rng(0), settings)

    item = meter.time(f"{name}, LISSNAS from {meter.size(1_000, 20):,}", work(meter.size(1_000, 20)), memory=True)
    meter.grow(item, "first sample", (10, 20, 40) if meter.quick else (250, 1_000, 4_000), work)
    walks = meter.size(300, 4)
    locality = partial(measure_locality, space, scores, walks=walks, farthest=meter.size(6, 2))
    meter.time(f"{name}, locality up to distance 6, a walk", lambda: locality(np.random.default_rng(0)), walks)


def _rivals(meter: Meter) -> None:
    space = get_search_space("nasbench201")
    scores = additive(space)
    task = Task(space, scores, meter.size(SIZE, 50), meter.size(2_000, 100), "code")
    for name in METHODS:
        if available(name, space) and not (meter.quick and name.startswith("lissnas")):
            work = partial(_rival, name, task)
            meter.time(f"nasbench201, {name} to {task.size} members", work, memory=True)


def _rival(name: str, task: Task) -> None:
    shrink_by(name, task, np.random.default_rng(0))


def _members(meter: Meter, rng: np.random.Generator) -> None:
    parent = get_search_space("nasbench301")
    codes = np.unique(parent.sample(meter.size(20_000, 64), rng), axis=0)
    number = meter.size(2_000, 8)
    space = ShrunkSearchSpace(parent, codes[:number])
    item = meter.time(
        "shrunk nasbench301, made of a member", partial(ShrunkSearchSpace, parent, codes[:number]), number
    )
    meter.grow(
        item, "members", meter.sizes(200, 2_000, 20_000), lambda size: partial(ShrunkSearchSpace, parent, codes[:size])
    )
    members = space.sample(number, rng)
    meter.time("shrunk nasbench301, draw one", partial(space.sample, number, rng), number)
    meter.time("shrunk nasbench301, mutate one", partial(space.mutate, members, rng), number)
    meter.time("shrunk nasbench301, neighbours of one", partial(space.neighbors_of, members[:8]), 8)
    whole = get_search_space("nasbench201")
    everything, scores = whole.enumerate(), additive(whole)
    best = everything[np.argsort(-scores(everything))[: meter.size(SIZE, 50)]]
    reference = Reference(everything, scores(everything), {}, best[0])
    judge = partial(quality, whole, best, scores(best), {}, len(best), reference)
    meter.time("nasbench201, quality of a shrunk space", lambda: judge(np.random.default_rng(0)), memory=True)
