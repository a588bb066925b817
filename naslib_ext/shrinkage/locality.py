"""Locality: how fast quality changes with the number of edits (LISSNAS, Gopal et al., IJCAI 2023, section 4.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_ext.errors import NaslibExtError
from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.search_spaces.four_node_cell import FourNodeCellSpace
from naslib_ext.search_spaces.mobilenet import MobileNetSearchSpace
from naslib_ext.search_spaces.nasbench101 import SOURCES, NASBench101SearchSpace
from naslib_ext.search_spaces.nasbench301 import NASBench301SearchSpace

Values = NDArray[np.float64]
Evaluate = Callable[[Codes], Values]
Kind = Callable[[Codes, Codes], NDArray[np.bool_]]
"""(n,) bool: whether the edit from the first codes (n, L) to the second ones is of that kind."""

WEAK = 0.3
"""The autocorrelation below which the paper calls architectures no longer alike."""

REDRAWS = 200
"""Draws of a walk's next step before the walk ends."""

BOTH = "both"


class Locality(NamedTuple):
    """Random walks of 0 to D edits, each edit one step farther from the start.

    ``distances`` (D + 1,); for each ``kind`` of edits, ``"both"`` among them, ``autocorrelation`` (RWA), the Pearson
    correlation of the scores at the start and at that distance, ``difference`` (AAD), the mean absolute difference of
    these scores in the metric's unit, and ``walks``, how many walks came that far; each (D + 1,), NaN where none did.
    ``wandering`` is the RWA after that many edits in any direction, as NAS-Bench-101 defines it.
    """

    distances: NDArray[np.int64]
    autocorrelation: dict[str, Values]
    difference: dict[str, Values]
    walks: dict[str, NDArray[np.int64]]
    wandering: Values


def total_edit_distance(space: SearchSpace) -> int:
    """D, the edits that can change everything: the positions with a choice."""
    return int((space.cardinalities > 1).sum())


def threshold_of(autocorrelation: Values, total: int) -> int:
    """The distance up to which neighbours are alike: the first with an RWA below 0.3, at most a third of ``total``.

    Args:
        autocorrelation: (D + 1,) at the distances 0, 1, ...
        total: the space's total edit distance.
    """
    weak = np.flatnonzero(np.asarray(autocorrelation)[1:] < WEAK) + 1
    cap = max(1, total // 3)
    return min(int(weak[0]), cap) if len(weak) else cap


def find_threshold(space: SearchSpace, evaluate: Evaluate, rng: np.random.Generator, walks: int = 300) -> int:
    """``threshold_of`` walks through ``space`` with the scores of ``evaluate``, the cap where these are all equal."""
    total = total_edit_distance(space)
    starts = space.sample(walks, rng)
    scores = _walk(space, evaluate, starts, max(1, total // 3), None, rng)
    return threshold_of(_correlations(scores[:, 0], scores), total)


def edit_kinds(space: SearchSpace) -> Mapping[str, Kind]:
    """The kinds of edits that a space has, by name (Table 8): operations, and edges or layers added or removed.

    An edge is moved in nasbench301, where each node has two. Spaces of independent choices have one kind alone.
    """
    other = _edge_edit(space)
    if other is None:
        return {"operation": lambda before, after: np.ones(len(before), dtype=bool)}
    name, is_edge = other
    return {"operation": lambda before, after: ~is_edge(before, after), name: is_edge}


def _edge_edit(space: SearchSpace) -> tuple[str, Kind] | None:
    if isinstance(space, NASBench101SearchSpace):
        edges = len(SOURCES)
        return "edge", lambda before, after: (before[:, :edges] != after[:, :edges]).any(axis=1)
    if isinstance(space, NASBench301SearchSpace):
        return "edge", lambda before, after: (before[:, 0::2] != after[:, 0::2]).any(axis=1)
    if isinstance(space, FourNodeCellSpace):
        return "edge", lambda before, after: ((before == space.none) != (after == space.none)).any(axis=1)
    if isinstance(space, MobileNetSearchSpace):
        return "layer", lambda before, after: ((before == 0) != (after == 0)).any(axis=1)
    return None


def measure_locality(
    space: SearchSpace,
    evaluate: Evaluate,
    rng: np.random.Generator,
    walks: int = 1000,
    farthest: int | None = None,
) -> Locality:
    """RWA and AAD from random walks (section 4.2, Fig. 2; by kind of edit, Table 8).

    Args:
        space: where to walk; starts are from ``space.sample``.
        evaluate: scores (n,) of codes (n, L), the truth or a predictor's.
        rng: draws starts and steps.
        walks: number of walks of each kind.
        farthest: D; ``None`` is the total edit distance.

    Raises ``NaslibExtError`` where all starts have the same score, so that nothing can be correlated.
    """
    distances = np.arange((farthest or total_edit_distance(space)) + 1)
    starts = space.sample(walks, rng)
    first = evaluate(starts)
    if len(first) < 2 or not np.std(first) > 0:
        raise NaslibExtError(f"{space.name}: all walks start with the same score")
    correlation, difference, reached = {}, {}, {}
    for name, kind in {BOTH: None, **edit_kinds(space)}.items():
        scores = _walk(space, evaluate, starts, len(distances) - 1, kind, rng)
        correlation[name] = _correlations(first, scores)
        gaps = np.abs(scores - first[:, None])
        reached[name] = np.isfinite(scores).sum(axis=0)
        difference[name] = np.nansum(gaps, axis=0) / np.where(reached[name], reached[name], np.nan)
    wandering = _correlations(first, _wander(space, evaluate, starts, len(distances) - 1, rng))
    return Locality(distances, correlation, difference, reached, wandering)


def _walk(
    space: SearchSpace, evaluate: Evaluate, starts: Codes, steps: int, kind: Kind | None, rng: np.random.Generator
) -> Values:
    """(n, steps + 1) the scores along walks whose d-th code is d edits of that kind away; NaN once a walk has ended."""
    scores = np.full((len(starts), steps + 1), np.nan)
    scores[:, 0] = evaluate(starts)
    rows, codes = np.arange(len(starts)), starts.copy()
    for step in range(1, steps + 1):
        farther, codes[rows] = step_away(space, starts[rows], codes[rows], step, rng, kind)
        rows = rows[farther]
        if not len(rows):
            break
        scores[rows, step] = evaluate(codes[rows])
    return scores


def step_away(
    space: SearchSpace,
    starts: Codes,
    codes: Codes,
    distance: int | NDArray[np.int64],
    rng: np.random.Generator,
    kind: Kind | None = None,
    redraws: int = REDRAWS,
) -> tuple[NDArray[np.int64], Codes]:
    """One random edit of each code that brings it to ``distance`` edits from its start.

    Returns:
        The rows that found one (m,), and all codes (n, L), those without one unchanged.
    """
    moved, todo = codes.copy(), np.arange(len(codes))
    wanted = np.broadcast_to(distance, len(codes))
    for _ in range(redraws):
        if not len(todo):
            break
        edited = space.mutate(codes[todo], rng)
        fits = space.edit_distance(starts[todo], edited) == wanted[todo]
        if kind is not None:
            fits &= kind(codes[todo], edited)
        moved[todo[fits]] = edited[fits]
        todo = todo[~fits]
    return np.setdiff1d(np.arange(len(codes)), todo, assume_unique=True), moved


def _wander(space: SearchSpace, evaluate: Evaluate, starts: Codes, steps: int, rng: np.random.Generator) -> Values:
    """(n, steps + 1) the scores along walks of any edits."""
    codes, scores = starts, [evaluate(starts)]
    for _ in range(steps):
        codes = space.mutate(codes, rng)
        scores.append(evaluate(codes))
    return np.stack(scores, axis=1)


def _correlations(first: Values, scores: Values) -> Values:
    """(D + 1,) Pearson correlation of ``first`` (n,) with each column (n, D + 1), over the walks that came there."""
    found = np.full(scores.shape[1], np.nan)
    for distance, column in enumerate(scores.T):
        there = np.isfinite(column)
        if there.sum() > 2 and first[there].std() > 0 and column[there].std() > 0:
            found[distance] = np.corrcoef(first[there], column[there])[0, 1]
    return found
