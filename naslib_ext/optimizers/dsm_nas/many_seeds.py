"""Many searches as one: the controllers of all seeds compute as one batch, a block of seeds at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from naslib_ext.errors import NaslibExtError
from naslib_ext.optimizers.base import FreeScores
from naslib_ext.optimizers.dsm_nas.optimizer import DSMNAS, REPEATS
from naslib_ext.optimizers.dsm_nas.policy import Decisions, Observation, joined, row_of
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes, SearchSpace

Scores = NDArray[np.float64]

BLOCK = 25
"""Searches a batch: their weights and moments, 1.3 MB each, should stay in a processor's cache."""


def search_many(
    space: SearchSpace,
    evaluate: Callable[[Codes], Scores],
    configs: Sequence[Any],
    seeds: Sequence[int],
    budget: int,
    key: str | None = None,
    free: FreeScores | None = None,
    block: int = BLOCK,
) -> list[DSMNAS]:
    """Runs one search a seed, as ``DSMNAS`` alone would but in float32, and returns them when they have ended.

    Args:
        space, budget, key, free: as for ``DSMNAS.bind``.
        evaluate: scores (n,) of codes (n, L), higher is better.
        configs: the configuration of each search, as ``DSMNAS`` takes it; they may differ in where searches start.
        seeds: of each search.
        block: searches a batch.

    Raises ``NaslibExtError`` where an evaluation fails: searches in step cannot skip a lesson.
    """
    done: list[DSMNAS] = []
    for start in range(0, len(seeds), block):
        searches = [DSMNAS(config) for config in configs[start : start + block]]
        for search, seed in zip(searches, seeds[start : start + block], strict=True):
            search.bind(space, seed, budget, key, free)
        _run(searches, evaluate)
        done += searches
    return done


class _Member:
    """One search of a block, and the random numbers of its present ask."""

    def __init__(self, search: DSMNAS) -> None:
        self.search = search
        self.renew()

    def renew(self) -> None:
        """The next ask begins."""
        self.rng = stream(self.search.seed, "ask", self.search.num_asked)
        self.repeats = 0


def _run(searches: Sequence[DSMNAS], evaluate: Callable[[Codes], Scores]) -> None:
    """Searches in step: each round is one iteration of every policy and one step of learning."""
    controller = searches[0].controller_of([search.seed for search in searches], torch.float32)
    members = [_Member(search) for search in searches]
    while True:
        kept = [row for row, member in enumerate(members) if _reach_policy(member, evaluate)]
        if not kept:
            return
        if len(kept) < len(members):
            members = [members[row] for row in kept]
            controller = controller.keep(kept)
        observed = _observe(members)  # before the uniforms, as a search alone draws them
        uniforms = np.stack([member.search.uniforms(member.rng) for member in members])
        decisions, codes = controller.sample(observed, uniforms)
        new = []
        for row, member in enumerate(members):
            if member.search.accept(row_of(decisions, row), codes[row]):
                member.search.ready = codes[row]
                new.append(member)
            else:
                member.repeats += 1
        _ask_and_tell(new, evaluate)
        lessons = [member.search.take_lessons() for member in members]
        if any(len(own) != 1 for own in lessons):
            raise NaslibExtError("an evaluation failed in a batch of searches; run them one by one")
        controller.learn(
            Decisions(*joined([own[0][0] for own in lessons])),
            np.array([own[0][1] for own in lessons]),
        )


def _reach_policy(member: _Member, evaluate: Callable[[Codes], Scores]) -> bool:
    """Asks for all that needs no policy; false when the search has ended."""
    search = member.search
    while search.has_budget:
        if member.repeats < REPEATS and search.needs_policy():
            return True
        if member.repeats == REPEATS:
            search.ready = search.random_new(member.rng)
            if search.ready is None:
                return False
        if not _ask_and_tell([member], evaluate):
            return False
    return False


def _ask_and_tell(members: Sequence[_Member], evaluate: Callable[[Codes], Scores]) -> bool:
    """Asks each search, and tells it; false where they have nothing left to ask."""
    codes = np.concatenate([member.search.ask(1) for member in members]) if members else np.empty((0, 1), np.int8)
    if not len(codes):
        return False
    for member, code, score in zip(members, codes, evaluate(codes), strict=True):
        member.search.tell(code[None], [score])
        member.renew()
    return True


def _observe(members: Sequence[_Member]) -> Observation:
    nodes, *others = joined([member.search.observation(member.rng) for member in members])
    return Observation(nodes.astype(np.float32), *others)
