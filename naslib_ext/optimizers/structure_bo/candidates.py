"""Which architectures the acquisition is computed for, where a space is too large for all of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from naslib_ext.encodings.operation_distribution import (
    decode_counts,
    draw_num_blocks,
    encode,
    normalise,
    round_to_counts,
)
from naslib_ext.errors import InvalidArchitecture, UnsupportedSpace
from naslib_ext.search_spaces import Codes, SearchSpace

Floats = NDArray[np.float64]
Worth = Callable[[Codes], Floats]

WHOLE = 20_000
"""Architectures of a space all of which are candidates."""

RANDOM, MUTANTS, DECODED = 200, 200, 30
"""Candidates drawn from the space, by up to ``MOST_EDITS`` edits of good ones, and from operation distributions."""

PARENTS, MOST_EDITS, BETA = 10, 4, 8.0
"""How many of the best are edited, how often, and how near to theirs distributions are drawn."""

CLIMBERS, CLIMBS = 5, 3
"""Candidates whose neighbours are candidates too, and how many times."""


def whole_space(space: SearchSpace, key: str) -> Codes | None:
    """(m, L) all architectures of the space that ``key`` tells apart; ``None`` where there are too many."""
    try:
        codes = space.enumerate()
    except UnsupportedSpace:
        return None
    if key == "canonical":
        codes = np.unique(space.canonical(codes), axis=0)
    return codes if len(codes) <= WHOLE else None


KINDS = ("random", "mutants", "decoded", "climbs")
"""Where candidates come from, but for the neighbours of the best."""


def proposals(
    space: SearchSpace, best: Codes, worth: Worth, rng: np.random.Generator, without: str = ""
) -> tuple[Codes, Floats]:
    """Candidates (m, L) and what they are worth (m,): random ones, near ones, and the neighbours of the most worthy.

    Args:
        space: where to search.
        best: (p, L) the best architectures so far, the best first.
        worth: the acquisition function.
        rng: draws them.
        without: one of ``KINDS`` that is left out.
    """
    parents = best[:PARENTS]
    draws = {
        "random": lambda: space.sample(RANDOM, rng),
        "mutants": lambda: _mutants(space, parents, rng),
        "decoded": lambda: _decoded(space, parents, rng) if space.operation_names else parents[:0],
    }
    drawn = [draw() for kind, draw in draws.items() if kind != without]
    codes = np.unique(np.concatenate([*drawn, space.neighbors_of(best[:1])[0]]), axis=0)
    values = worth(codes)
    for _ in range(0 if without == "climbs" else CLIMBS):
        top = codes[np.argsort(-values, kind="stable")[:CLIMBERS]]
        near = _without(np.unique(space.neighbors_of(top)[0], axis=0), codes)
        if not len(near):
            break
        codes, values = np.concatenate([codes, near]), np.concatenate([values, worth(near)])
    return codes, values


def _without(codes: Codes, known: Codes) -> Codes:
    keys = {row.tobytes() for row in known}
    return codes[[row.tobytes() not in keys for row in codes]]


def _mutants(space: SearchSpace, parents: Codes, rng: np.random.Generator) -> Codes:
    """(``MUTANTS``, L) parents after 1 to ``MOST_EDITS`` random edits; better parents have more of them."""
    shares = 1 / np.arange(1, len(parents) + 1)
    codes = parents[rng.choice(len(parents), MUTANTS, p=shares / shares.sum())]
    edits = rng.integers(1, MOST_EDITS + 1, MUTANTS)
    for done in range(MOST_EDITS):
        rows = edits > done
        codes[rows] = space.mutate(codes[rows], rng)
    return codes


def _decoded(space: SearchSpace, parents: Codes, rng: np.random.Generator) -> Codes:
    """(m, L) architectures of operation distributions near those of the parents (ANASOD, eq. 3)."""
    near = normalise(space, encode(space, parents[rng.integers(0, len(parents), DECODED)]))
    points = np.stack([rng.dirichlet(space.num_operations * BETA * point + 1) for point in near])
    counts = round_to_counts(points, draw_num_blocks(space, DECODED, rng))
    codes = [np.empty((0, space.num_positions), dtype=np.int8)]
    for row in counts:
        try:
            codes.append(decode_counts(space, row, rng)[None])
        except InvalidArchitecture:
            continue
    return np.concatenate(codes)
