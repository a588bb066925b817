"""How long DSM-NAS itself takes: one iteration of one search, and many searches at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from naslib_ext.experiments.dsm_nas.study import Settings, Study, run_dsm
from naslib_ext.optimizers.dsm_nas import DSMNAS

REPEATS = 3


class Timing(NamedTuple):
    """Seconds on the clock and of the processor, which other programs do not lengthen."""

    wall: float
    processor: float


def iteration(study: Study, settings: Settings) -> Timing:
    """One iteration (sample, look up, update) of a single search: the mean of a search, the best of a few."""
    return min(_one_search(study, settings) for _ in range(REPEATS))


def _one_search(study: Study, settings: Settings) -> Timing:
    benchmark = study.benchmark
    search = DSMNAS({"search": settings})
    search.bind(benchmark.space, 0, study.budget, benchmark.key, benchmark.free)
    search.tell(codes := search.ask(search.settings["num_subspaces"]), study.evaluate(codes))

    def go() -> None:
        while len(codes := search.ask(1)):
            search.tell(codes, study.evaluate(codes))

    taken = _time(go)
    iterations = search.controller.state()["steps"]  # more than queries: repeats teach as well
    return Timing(taken.wall / iterations, taken.processor / iterations)


def searches(study: Study, settings: Settings) -> Timing:
    """All seeds of the study, as one batched computation."""
    return _time(lambda: run_dsm(study, settings))


def _time(function: Callable[[], object]) -> Timing:
    wall, processor = time.perf_counter(), time.process_time()
    function()
    return Timing(time.perf_counter() - wall, time.process_time() - processor)
