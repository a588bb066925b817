"""Growth of single asks with the methods' own sizes: population, candidates.

On NAS-Bench-301's space with made-up scores; a population is told at the start, which costs no query.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from naslib_ext.optimizers import get_optimizer
from naslib_ext.search_spaces import get_search_space
from runners.bench.made_up import additive
from runners.bench.meter import Meter, peak_megabytes, power_law

TOLD, SELECTED, REPEATS = 200, 12, 5
"""Observations that the methods with a model have, the fewest that a tournament has, and repeats of each size."""

POPULATIONS = (("re", "population_size"), ("sep_re", "population_size"))

SIZES: dict[tuple[str, str], tuple[Sequence[int], int]] = {
    ("re", "population_size"): ((100, 1_000, 10_000), 100),
    ("sep_re", "population_size"): ((100, 1_000, 10_000), 100),
    ("delta_nas", "population_size"): ((10, 40, 160), 10),
    ("bananas", "num_candidates"): ((100, 400, 1_600), 10),
    ("adj_bo", "num_candidates"): ((500, 2_000, 8_000), 10),
    ("path_bo", "num_candidates"): ((500, 2_000, 8_000), 10),
    ("anasod_bo", "num_candidates"): ((100, 400, 1_600), 10),
    ("anasod_nep", "num_candidates"): ((100, 400, 1_600), 10),
    ("tpe", "n_ei_candidates"): ((24, 96, 384), 10),
}
"""Method and parameter -> its sizes, and how many asks are measured after the start."""


def measure(meter: Meter) -> None:
    for (name, parameter), (sizes, asks) in SIZES.items():
        chosen, number = ((4, 8, 16), 2) if meter.quick else (tuple(sizes), asks)
        searches = [_Search(name, parameter, size) for size in chosen]
        seconds, kernels = [], []
        for search in searches:
            kernels.append(meter.kernel())
            seconds.append(min(search.seconds(number) for _ in range(meter.size(REPEATS, 1))))
        kernels.append(meter.kernel())
        item = meter.add(f"`{name}` with {parameter} {chosen[1]:,}, an ask", seconds[1] / number, min(kernels))
        item.growth.append(power_law(parameter, chosen, seconds))
        if not meter.quick:
            item.megabytes = peak_megabytes(partial(searches[1].seconds, number))


class _Search:
    """A method that has been told of a population, or of enough to fit its model."""

    def __init__(self, name: str, parameter: str, size: int) -> None:
        self._state: dict[str, Any] | None = None
        space = get_search_space("nasbench301")
        self._scores = additive(space)
        told = max(size, SELECTED) if (name, parameter) in POPULATIONS else TOLD
        codes = space.sample(told, np.random.default_rng(0))
        self._optimizer = get_optimizer(name)({"search": {parameter: size}}).bind(space)
        self._optimizer.tell(codes, self._scores(codes))
        self._optimizer.load_state_dict(self._optimizer.state_dict() | {"asked": told})  # the start is over
        self.seconds(1)  # fits the model
        self._state = self._optimizer.state_dict()

    def seconds(self, asks: int) -> float:
        """Processor seconds of so many asks and tells, the same ones in every call."""
        if self._state is not None:
            self._optimizer.load_state_dict(self._state)
        started = time.process_time()
        for _ in range(asks):
            codes = self._optimizer.ask(1)
            self._optimizer.tell(codes, self._scores(codes))
        return time.process_time() - started
