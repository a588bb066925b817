"""What the contract suites share: small spaces, a smooth score, and how many examples a property test draws."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, settings
from numpy.typing import ArrayLike, NDArray

from naslib_ext.search_spaces import CategoricalSearchSpace, Codes, SearchSpace

FEW = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    # a test runs on the instances of many subclasses, and one space serves all examples: spaces hold no state
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.function_scoped_fixture],
)

TINY = CategoricalSearchSpace("tiny", [3, 2, 5])
"""30 architectures: small enough to be used up."""

WIDE = CategoricalSearchSpace("wide", [4, 3, 5, 2, 4, 3])
"""1,440 architectures, of uneven positions."""


class _RarelyDrawn(CategoricalSearchSpace):
    """Two thirds of its architectures are never drawn, as cells that are cut off in NASLib's NAS-Bench-201."""

    def _draw(self, n: int, rng: np.random.Generator) -> Codes:
        codes = super()._draw(n, rng)
        codes[:, 0] = 0
        return codes


RARE = _RarelyDrawn("rare", [3, 2, 5])


def smooth(space: SearchSpace, codes: ArrayLike) -> NDArray[np.float64]:
    """(n,) scores that fall with the distance to one place in the space; equal for equal canonical forms."""
    canonical = space.canonical(codes).astype(np.float64)
    scaled = canonical / np.maximum(space.cardinalities - 1, 1)
    target = 0.5 + 0.5 * np.sin(np.arange(1, space.num_positions + 1))
    score: NDArray[np.float64] = 100 - ((scaled - target) ** 2).sum(axis=1)
    return score
