"""LISSNAS (Gopal et al., IJCAI 2023): keep what is good and look around it, in an ever smaller space."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.errors import ConfigError, UnsupportedSpace
from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.search_spaces.distinct import distinct, hashes, key_forms
from naslib_ext.shrinkage.locality import find_threshold, step_away
from naslib_ext.shrinkage.shrunk_space import ShrunkSearchSpace

logger = logging.getLogger(__name__)

Values = NDArray[np.float64]
Score = Callable[[Codes], Values]
Free = Callable[[ArrayLike], Values]

LEAST_SAMPLE, SHARE, LARGEST_SAMPLE = 1_000, 0.1, 50_000
"""The initial sample: at least 1,000 architectures (section 4.3), a tenth of the space, at most what Table 10 has."""

LEAST_TIMES, MOST_TIMES = 2, 10
"""The initial sample as a multiple of the size wanted."""

BINS = 10
"""Groups of equal width, by size, that keep their best architectures."""

BATCH = 50_000
"""Architectures that are drawn, and seeds whose neighbours are looked at, at a time: this bounds the memory."""

FINER = 0.1
"""Once a space has the size wanted, this part of the tolerance counts as a rise."""

DRAWS = 20
"""Rounds of sampling before a space counts as too small for a larger sample."""


@dataclass(frozen=True)
class Settings:
    """How LISSNAS shrinks.

    Attributes:
        size: members wanted at the end; 0 shrinks until the mean no longer rises.
        shrink_factor: most that a space may keep of the previous one's size.
        initial: architectures of the first sample, at least twice ``size``; 0 is a tenth of the space, from 1,000 to
            50,000, and at most 10 times ``size``.
        seed_fraction: which part of a space, the best by prediction, are seeds.
        neighbors: new architectures a seed.
        distance: farthest of them in edits; 0 finds it from the predictor's locality.
        tolerance: least gain of the mean, in standard deviations over the first sample, that counts as a rise; a tenth
            of it once the space has the size wanted.
        range_share: part of the places that go to the best of each group of architectures of similar size, where a
            score of the size is given, so that the range is kept.
        additions: where new architectures come from: ``"locality"``, or for the ablations of appendix H ``"random"``
            and ``"none"``.
        patience: most iterations.
    """

    size: int = 0
    shrink_factor: float = 0.8
    initial: int = 0
    seed_fraction: float = 0.5
    neighbors: int = 5
    distance: int = 0
    tolerance: float = 0.02
    range_share: float = 0.05
    additions: Literal["locality", "random", "none"] = "locality"
    patience: int = 100

    def __post_init__(self) -> None:
        if not 0 < self.shrink_factor < 1 or not 0 < self.seed_fraction <= 1 or not 0 <= self.range_share <= 1:
            raise ConfigError("LISSNAS: shrink_factor, seed_fraction and range_share lie between 0 and 1")


DEFAULTS = Settings()


class Iteration(NamedTuple):
    """One space on the way: its size, the mean prediction of its members, and predictor queries so far."""

    size: int
    mean: float
    queries: int


@dataclass
class Shrinkage:
    """What shrinking gave: members (m, L) with their predictions (m,), the best first, and how it came to them."""

    codes: Codes
    predicted: Values
    threshold: int
    queries: int
    iterations: list[Iteration] = field(default_factory=list)

    def space(self, parent: SearchSpace, key: str | None = None) -> ShrunkSearchSpace:
        """The members as a search space."""
        return ShrunkSearchSpace(parent, self.codes, key)


class _Pool(NamedTuple):
    """Distinct architectures, the best prediction first, with their groups of size."""

    codes: Codes
    predicted: Values
    groups: NDArray[np.int64]

    def take(self, rows: NDArray[np.integer]) -> _Pool:  # type: ignore[type-arg]
        return _Pool(self.codes[rows], self.predicted[rows], self.groups[rows])

    def with_(self, other: _Pool) -> _Pool:
        """Both, sorted."""
        predicted = np.concatenate([self.predicted, other.predicted])
        both = _Pool(np.concatenate([self.codes, other.codes]), predicted, np.concatenate([self.groups, other.groups]))
        return both.take(np.argsort(-predicted, kind="stable"))


def shrink(
    space: SearchSpace,
    predict: Score,
    rng: np.random.Generator,
    settings: Settings = DEFAULTS,
    key: str | None = None,
    size_score: Free | None = None,
) -> Shrinkage:
    """Section 4.3 on ``space``.

    Each iteration takes the best of the present space as seeds, adds their neighbours up to the locality threshold, and
    keeps the best of seeds, neighbours and the rest of the space, fewer than before. It ends where the mean prediction
    no longer rises, and returns the space before that. With ``settings.size`` it shrinks to that size, and goes on at
    that size while the mean rises.

    Differences from the paper:
        What a space loses is decided by prediction among all that is known, not by not being a seed's neighbour: with
        few members the paper's rule throws away good architectures for the sake of mediocre neighbours.
        Sizes fall by a factor, as the paper asks for and its algorithm does not ensure. Near neighbours are likelier.
        The threshold is the first distance whose autocorrelation of *predictions* is below 0.3, capped at a third of
        the total edit distance as in the paper, so that it costs no label.
        The paper says that the range of FLOPs is kept and not how; here a share of the places is given to each tenth
        of the range.

    Args:
        space: the whole space.
        predict: predicted scores (n,) of codes (n, L), higher is better.
        rng: draws everything.
        settings: see ``Settings``.
        key: what makes two codes the same (isomorphs); ``None`` takes the space's.
        size_score: FLOPs or parameters (n,) of codes (n, L), which cost nothing; ``None`` keeps no range.

    Raises ``UnsupportedSpace`` for a space of one architecture.
    """
    return _Shrinker(space, predict, rng, settings, key or space.key, size_score).run()


class _Shrinker:
    def __init__(
        self, space: SearchSpace, predict: Score, rng: np.random.Generator, settings: Settings, key: str,
        size_score: Free | None,
    ) -> None:  # fmt: skip
        self.space, self.predict, self.rng, self.settings = space, predict, rng, settings
        self.key, self.size_score = key, size_score
        self.queries = 0
        self._edges: Values | None = None
        self._seen = np.empty(0, dtype=np.uint64)

    def run(self) -> Shrinkage:
        threshold = self.settings.distance or find_threshold(self.space, self._ask, self.rng)
        pool = self._sorted(self._initial_codes())
        iterations, least = [self._note(pool)], self.settings.tolerance * float(pool.predicted.std())
        while len(iterations) <= self.settings.patience and len(pool.codes) > 1:
            before = len(pool.codes)
            smaller = self._smaller(self._with_additions(pool, threshold), before)
            gain = float(smaller.predicted.mean()) - iterations[-1].mean
            if self.settings.size == 0 and gain <= least:
                break
            if before <= self.settings.size and gain <= FINER * least:
                break
            pool = smaller
            iterations.append(self._note(pool))
        logger.info("shrunk %s to %d in %d iterations", self.space.name, len(pool.codes), len(iterations) - 1)
        return Shrinkage(pool.codes, pool.predicted, threshold, self.queries, iterations)

    def _note(self, pool: _Pool) -> Iteration:
        return Iteration(len(pool.codes), float(pool.predicted.mean()), self.queries)

    def _ask(self, codes: Codes) -> Values:
        self.queries += len(codes)
        return np.asarray(self.predict(codes), dtype=np.float64)

    # the first space

    def _initial_codes(self) -> Codes:
        size = self.settings.size
        most = min(LARGEST_SAMPLE, MOST_TIMES * size) if size else LARGEST_SAMPLE
        usual = max(LEAST_SAMPLE, int(min(SHARE * self.space.size, most)))
        wanted = max(self.settings.initial or usual, LEAST_TIMES * size)
        found = self._draw(wanted)
        for _ in range(DRAWS):
            found = found[distinct(self.space, found, self.key)]
            if len(found) >= wanted:
                break
            found = np.concatenate([found, self._draw(wanted)])
        found = found[distinct(self.space, found, self.key)][:wanted]
        if len(found) < 2:
            raise UnsupportedSpace(f"{self.space.name} is too small to shrink")
        return found

    def _draw(self, number: int) -> Codes:
        parts = [self.space.sample(min(BATCH, number - start), self.rng) for start in range(0, number, BATCH)]
        return np.concatenate(parts)

    def _sorted(self, codes: Codes) -> _Pool:
        """The pool of distinct codes (n, L), predicted, grouped by size and sorted."""
        predicted = self._ask(codes)
        hashed = hashes(key_forms(self.space, codes, self.key))
        self._seen = np.sort(np.concatenate([self._seen, hashed]))
        groups = np.zeros(len(codes), dtype=np.int64)
        if self.size_score is not None:
            sizes = np.asarray(self.size_score(codes), dtype=np.float64)
            if self._edges is None:  # of the first sample: later spaces are compared with it
                self._edges = np.linspace(sizes.min(), sizes.max(), BINS + 1)[1:-1]
            groups = np.searchsorted(self._edges, sizes)
        pool = _Pool(codes, predicted, groups)
        return pool.take(np.argsort(-predicted, kind="stable"))

    # one iteration

    def _with_additions(self, pool: _Pool, threshold: int) -> _Pool:
        """``pool`` with what is new among the neighbours of its seeds, sorted."""
        if self.settings.additions == "none":
            return pool
        before = len(pool.codes)
        seeds = pool.codes[self._best(pool, max(1, int(self.settings.seed_fraction * before)))]
        for batch in self.space.batches(seeds, BATCH):
            new = self._new(batch, threshold)
            if len(new):
                pool = pool.with_(self._sorted(new))
                pool = pool.take(self._best(pool, before))  # no more than ``before`` can stay
        return pool

    def _new(self, seeds: Codes, threshold: int) -> Codes:
        """(m, L) distinct additions for ``seeds``, none of them predicted before."""
        if self.settings.additions == "random":
            codes = self.space.sample(len(seeds) * self.settings.neighbors, self.rng)
        else:
            codes = self._neighbors(seeds, threshold)
        codes = codes[distinct(self.space, codes, self.key)]
        # what was left out before was worse than all that stayed, and is not predicted again
        hashed = hashes(key_forms(self.space, codes, self.key))
        places, ends = (np.searchsorted(self._seen, hashed, side) for side in ("left", "right"))
        return codes[places == ends]

    def _neighbors(self, seeds: Codes, threshold: int) -> Codes:
        """(m, L) for each seed ``neighbors`` architectures, each a uniform number of edits up to ``threshold`` away."""
        starts = np.repeat(seeds, self.settings.neighbors, axis=0)
        wanted = self._distances(threshold, len(starts))
        codes = starts.copy()
        for step in range(1, threshold + 1):
            rows = np.flatnonzero(wanted >= step)
            codes[rows] = step_away(self.space, starts[rows], codes[rows], step, self.rng, redraws=10)[1]
        return codes

    def _distances(self, threshold: int, number: int) -> NDArray[np.int64]:
        """(number,) random distances d up to ``threshold``, with chances in proportion to 1 / d."""
        distances = np.arange(1, threshold + 1)
        return self.rng.choice(distances, size=number, p=1 / distances / (1 / distances).sum())

    def _smaller(self, pool: _Pool, before: int) -> _Pool:
        """The best of ``pool``, fewer than ``before`` unless these are few enough."""
        wanted = min(max(self.settings.size, int(self.settings.shrink_factor * before), 1), before)
        return pool.take(self._best(pool, wanted))

    def _best(self, pool: _Pool, number: int) -> NDArray[np.int64]:
        """(number,) rows of the best of ``pool``; the best of each group of size have their share of the places."""
        reserved = int(self.settings.range_share * number) // BINS if self.size_score is not None else 0
        chosen = np.zeros(len(pool.codes), dtype=bool)
        if reserved:
            order = np.argsort(pool.groups, kind="stable")
            starts = np.searchsorted(pool.groups[order], pool.groups[order])
            chosen[order] = np.arange(len(order)) - starts < reserved
        free = np.flatnonzero(~chosen)[: max(number - int(chosen.sum()), 0)]
        chosen[free] = True
        return np.flatnonzero(chosen)[:number]
