"""What the moves of a space are, and those of the spaces that NASLib does not have."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from naslib_ext.search_spaces import SearchSpace

Spec = Any
"""NASLib's own hashable tuple of an architecture, what its graphs return from ``get_hash``."""


def canonical_spec(space: SearchSpace, spec: Any) -> Spec:
    """``spec`` as ``to_spec`` writes it. Raises ``InvalidArchitecture``."""
    return space.to_spec(space.from_spec(spec))


class Moves(NamedTuple):
    """How NASLib's graph of a space finds architectures, with the random calls that it makes.

    Attributes:
        sample: (space) -> a random architecture.
        mutate: (space, parent) -> a child.
        neighbors: (space, center) -> every neighbour, in the order in which NASLib lists them.
        own_form: (space, spec) -> the tuple that NASLib's graph keeps of any spec. Raises ``InvalidArchitecture``.
        encoder: ``"module:function"`` of NASLib's encoding of that space.
        draws_to_build: how many numbers NASLib takes from Python's ``random`` to build the graph anew, as it does for
            each neighbour (every graph and subgraph has a random number as its identity).
        runs: how many runs of a training NASLib's table has; each query draws one with Python's ``random``.
    """

    sample: Callable[[SearchSpace], Spec]
    mutate: Callable[[SearchSpace, Spec], Spec]
    neighbors: Callable[[SearchSpace, Spec], Sequence[Spec]]
    own_form: Callable[[SearchSpace, Any], Spec] = canonical_spec
    encoder: str | None = None
    draws_to_build: int = 0
    runs: int = 1


def draw_identities(count: int) -> None:
    """Takes ``count`` numbers from Python's ``random``, as NASLib does to build graphs."""
    for _ in range(count):
        random.random()


def generator() -> np.random.Generator:
    """A generator seeded from numpy's global one, which NASLib seeds."""
    return np.random.default_rng(np.random.randint(2**31 - 1))


OWN_MOVES = Moves(
    sample=lambda space: space.to_spec(space.sample(1, generator())[0]),
    mutate=lambda space, spec: space.to_spec(space.mutate(space.from_spec(spec)[None], generator())[0]),
    neighbors=lambda space, spec: [space.to_spec(code) for code in space.neighbors(space.from_spec(spec))],
)
"""For spaces that ``MOVES`` does not name: the space's own moves, seeded from numpy's global generator."""
