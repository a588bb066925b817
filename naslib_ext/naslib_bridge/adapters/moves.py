"""How NASLib draws, mutates and lists the neighbours of architectures, space by space, with its own random calls."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from naslib_ext.search_spaces import Codes, SearchSpace


class Moves(NamedTuple):
    """How NASLib's graph of a space finds architectures, with the random calls that it makes.

    The functions take the space and, but for ``sample``, the code (L,) to start from.

    Attributes:
        encoder: ``"module:function"`` of NASLib's encoding of that space.
        draws_to_build: how many numbers NASLib takes from Python's ``random`` to build the graph anew, as it does for
            each neighbour (every graph and subgraph has a random number as its identity).
    """

    sample: Callable[[SearchSpace], Codes]
    mutate: Callable[[SearchSpace, Codes], Codes]
    neighbors: Callable[[SearchSpace, Codes], Codes]
    encoder: str | None = None
    draws_to_build: int = 0


def _sample_201(_: SearchSpace) -> Codes:
    """Six operations at once, again while the input or the output of the cell is cut off (all its edges 'none')."""
    while True:
        code = np.random.randint(5, size=6)
        if (code[:3] != 1).any() and (code[[2, 4, 5]] != 1).any():
            return code.astype(np.int8)


def _mutate_201(_: SearchSpace, code: Codes) -> Codes:
    """An edge and then one of the four other operations."""
    child = code.copy()
    edge = np.random.choice(6)
    rank = np.random.choice(4)
    child[edge] = rank + (rank >= code[edge])
    return child


def draw_identities(count: int) -> None:
    """Takes ``count`` numbers from Python's ``random``, as NASLib does to build graphs."""
    for _ in range(count):
        random.random()


def _generator() -> np.random.Generator:
    return np.random.default_rng(np.random.randint(2**31 - 1))


OWN_MOVES = Moves(
    sample=lambda space: space.sample(1, _generator())[0],
    mutate=lambda space, code: space.mutate(code[None], _generator())[0],
    neighbors=lambda space, code: space.neighbors(code),
)
"""For spaces that ``MOVES`` does not name: the space's own moves, seeded from numpy's global generator."""

MOVES = {
    "nasbench201": Moves(
        sample=_sample_201,
        mutate=_mutate_201,
        neighbors=lambda space, code: space.neighbors(code),
        encoder="naslib.search_spaces.nasbench201.encodings:encode_201",
        draws_to_build=17,
    ),
}
"""Spaces on which a light object draws the very architectures that NASLib's graph draws from the same seeds."""
