"""Which architectures LISSNAS labels: a few random ones, then some of what it would keep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.search_spaces.distinct import hashes, key_forms
from naslib_ext.shrinkage.lissnas import Free, Score, Settings, shrink

ROUNDS = 4
LEAST_RANDOM = 50
REACH = 5
"""Labels come from the best of a shrunk space, at most five times as many as there are labels in all."""


def schedule(labels: int, rounds: int = ROUNDS) -> list[int]:
    """(r,) how many labels there are at the end of each round, r <= ``rounds``.

    All rounds are alike, but for the first one, whose random labels are at least 50: with fewer the predictor would be
    led to one good region and never out of it.
    """
    first = min(labels, max(LEAST_RANDOM, labels // rounds))
    return sorted(set(np.linspace(first, labels, rounds).astype(int).tolist())) if rounds > 1 else [labels]


def next_labels(
    space: SearchSpace,
    predict: Score,
    number: int,
    labels: int,
    known: Codes,
    rng: np.random.Generator,
    settings: Settings,
    key: str,
    size_score: Free | None = None,
) -> Codes:
    """(m, L) random members of the space that LISSNAS would keep by now, none of them known; m <= ``number``.

    Differences from the paper, whose labels are all random: what the predictor has to tell apart are good
    architectures, of which there are few among random ones.

    Args:
        space: the whole space.
        predict: the predictor fitted to ``known``.
        number: labels wanted.
        labels: in all rounds together.
        known: (k, L) architectures that have labels.
        rng: draws everything.
        settings: how LISSNAS shrinks.
        key: what makes two codes the same.
        size_score: as for ``shrink``.
    """
    reach = REACH * labels
    found = shrink(space, predict, rng, replace(settings, size=min(settings.size, reach)), key, size_score)
    codes = found.codes[:reach]
    new = ~np.isin(hashes(key_forms(space, codes, key)), hashes(key_forms(space, known, key)))
    return rng.permutation(codes[new])[:number]
