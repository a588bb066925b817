"""Searches that the contracts of search methods run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from naslib_ext.optimizers import Optimizer
from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.testing.made_up import smooth

Floats = NDArray[np.float64]
Score = Callable[[SearchSpace, Codes], Floats]
Bound = Callable[..., Optimizer]
"""Makes an optimizer bound to a space, as the fixture ``bound`` of ``OptimizerContract`` does."""


def search(optimizer: Optimizer, batch: int = 1, queries: int | None = None, score: Score = smooth) -> Codes:
    """(m, L) what is asked until the end, or ``queries`` of them; everything is told at once."""
    asked = [np.empty((0, optimizer.space.num_positions), dtype=np.int8)]
    number = 0
    while queries is None or number < queries:
        codes = optimizer.ask(batch)
        if not len(codes):
            break
        optimizer.tell(codes, score(optimizer.space, codes))
        asked.append(codes.copy())
        number += len(codes)
    return np.concatenate(asked)


def all_fail(space: SearchSpace, codes: Codes) -> Floats:
    """(n,) scores of evaluations of which none succeeds."""
    return np.full(len(codes), np.nan)


def count_distinct(space: SearchSpace, codes: Codes) -> int:
    """How many different architectures ``codes`` (m, L) are."""
    return len(set(space.keys(codes)))
