"""Other ways to shrink a space, on the same predictor: LISSNAS's competitors and ablations, without supernets.

Their papers score operations or architectures by shared weights or their angles. Here, as LISSNAS asks for a fair
comparison, everything is scored by one predictor, and what is left of each method is how it decides what stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_ext.errors import NaslibExtError
from naslib_ext.registry import unknown_name
from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.search_spaces.distinct import distinct, hashes
from naslib_ext.shrinkage.lissnas import DEFAULTS, Free, Score, Settings, Values, shrink
from naslib_ext.shrinkage.operators import Operators

PAD_NAS_SAMPLE, PAD_NAS_TOP = 1_000, 0.1
NSE_SAMPLE, NSE_ROUNDS, NSE_POOL = 2_000, 3, 5
NSE_LEAST_FITNESS = -2.0
ABS_STAGES = 12
"""ABS drops 7 of SPOS's 80 operators a stage, 14 of DARTS's 112: about a twelfth."""

GREEDY_DRAWN, GREEDY_KEPT, GREEDY_RATIO, GREEDY_EXPLOIT = 10, 5, 0.08, 0.8
LISTED = 10_000
"""Members of a larger space of operators that are drawn, to know it by."""


class Shrunk(NamedTuple):
    """What a method keeps: ``size`` members, with all of them or a uniform sample in ``codes``, and queries it made."""

    codes: Codes
    size: float
    queries: int


class Task(NamedTuple):
    """What every method is given.

    ``predict`` gives scores (n,) of codes (n, L); ``size`` is the most members to keep; ``queries`` is how many
    predictions LISSNAS made, for the methods whose number of draws is free; ``size_score`` counts FLOPs or parameters.
    """

    space: SearchSpace
    predict: Score
    size: int
    queries: int
    key: str
    size_score: Free | None = None


def shrink_by(name: str, task: Task, rng: np.random.Generator) -> Shrunk:
    """The space that the method of that name keeps. Raises ``UnknownName``, ``UnsupportedSpace``."""
    if name not in METHODS:
        raise unknown_name("shrinkage method", name, METHODS)
    return METHODS[name](task, rng)


# methods that remove operators everywhere


def abs_shrink(task: Task, rng: np.random.Generator) -> Shrunk:
    """ABS (Hu et al., ECCV 2020): drops the operators with the worst means, a twelfth of all a stage.

    The mean is over architectures of the present space that hold the operator: predicted accuracy instead of the angle
    between weights, which no table has.
    """
    operators, queries = Operators(task.space, task.key), 0
    stage = max(1, int(operators.allowed.sum()) // ABS_STAGES)
    while operators.size(rng) > task.size:
        codes = operators.members(LISTED, rng)
        means, queries = operators.means(codes, task.predict(codes)), queries + len(codes)
        if not operators.drop(means, stage, task.size, rng):
            break
    return _product(operators, queries, rng)


def pad_nas(task: Task, rng: np.random.Generator) -> Shrunk:
    """PAD-NAS (Xia and Ding, 2020): each stage drops the operator of each position that the best use least.

    The best are the first tenth of 1,000 architectures of the present space.
    """
    operators, queries = Operators(task.space, task.key), 0
    while operators.size(rng) > task.size:
        codes = operators.members(PAD_NAS_SAMPLE, rng)
        predicted, queries = task.predict(codes), queries + len(codes)
        best = codes[np.argsort(-predicted, kind="stable")[: max(1, int(PAD_NAS_TOP * len(codes)))]]
        frequencies = operators.frequencies(best)
        if not operators.drop_one_each(frequencies, task.size, rng):
            break
    return _product(operators, queries, rng)


def nse(task: Task, rng: np.random.Generator) -> Shrunk:
    """NSE (Ci et al., ICCV 2021): positions take in operators by portions and keep those on the Pareto front.

    In each of three rounds every position holds what was retained and the next operators from a random queue, at most
    five; the front of cost and predicted accuracy over 2,000 architectures, and over earlier fronts, says what is
    retained. An operator two standard deviations worse than the mean is not. Without a cost the front is the best
    tenth. Where the product of what is left is larger than wanted, the worst operators are dropped as by ABS.
    """
    operators = Operators(task.space, task.key)
    order, front, queries = operators.queue(rng), np.empty((0, task.space.num_positions), dtype=np.int8), 0
    retained, portion = np.zeros_like(operators.allowed), min(NSE_POOL, max(2, -(-int(order.shape[1]) // 2)))
    for round_ in range(NSE_ROUNDS):
        operators.allowed = operators.portion(retained, order, round_, portion)
        codes = operators.members(NSE_SAMPLE, rng)
        if len(codes):
            codes = np.concatenate([codes, front])
            predicted, queries = task.predict(codes), queries + len(codes)
            front = codes[_front(predicted, task.size_score(codes) if task.size_score else None)]
            means = operators.means(codes, predicted)
            fit = (means - predicted.mean()) / (predicted.std() or 1.0) >= NSE_LEAST_FITNESS
            retained = (operators.frequencies(front) > 0) & (fit | np.isnan(means))
    operators.allowed = operators.frequencies(front) > 0
    while operators.size(rng) > task.size:
        codes = operators.members(LISTED, rng)
        means, queries = operators.means(codes, task.predict(codes)), queries + len(codes)
        if not operators.drop(means, 1, task.size, rng):
            break
    return _product(operators, queries, rng)


def _front(predicted: Values, cost: Values | None) -> NDArray[np.int64]:
    """Rows that nothing beats in both predicted accuracy and cost."""
    if cost is None:
        return np.argsort(-predicted, kind="stable")[: max(1, len(predicted) // 10)]
    order = np.lexsort((-predicted, cost))
    best_before = np.maximum.accumulate(np.append(-np.inf, predicted[order][:-1]))
    return order[predicted[order] > best_before]


def _product(operators: Operators, queries: int, rng: np.random.Generator) -> Shrunk:
    return Shrunk(operators.members(LISTED, rng), operators.size(rng), queries)


# methods that keep architectures


def greedy_nas(task: Task, rng: np.random.Generator) -> Shrunk:
    """GreedyNAS (You et al., CVPR 2020): the pool of the best half of ten draws at a time, ``size`` of them.

    A draw repeats a member of the pool with a chance that rises to 0.8 as its queries are used up; it ends once less
    than 8 % of the pool change within as many draws as the pool has members.
    """
    pool, scores = np.empty((0, task.space.num_positions), dtype=np.int8), np.empty(0)
    queries, batch = 0, max(1, task.size // GREEDY_KEPT) * GREEDY_DRAWN
    while True:
        exploit = GREEDY_EXPLOIT * min(1.0, queries / max(task.queries, 1)) if len(pool) == task.size else 0.0
        codes = task.space.sample(max(GREEDY_DRAWN, int(batch * (1 - exploit))), rng)
        codes = codes[: len(codes) // GREEDY_DRAWN * GREEDY_DRAWN]
        predicted, queries = task.predict(codes), queries + len(codes)
        ranks = np.argsort(-predicted.reshape(-1, GREEDY_DRAWN), axis=1)[:, :GREEDY_KEPT]
        kept = (ranks + np.arange(len(ranks))[:, None] * GREEDY_DRAWN).ravel()
        before = pool
        pool, scores = _best(task, np.concatenate([pool, codes[kept]]), np.concatenate([scores, predicted[kept]]))
        changed = 1 - np.isin(hashes(pool), hashes(before)).mean()
        full = len(pool) == task.size
        if (full and changed <= GREEDY_RATIO) or queries >= max(task.queries, 2 * batch):
            return Shrunk(pool, len(pool), queries)


def random_top(task: Task, rng: np.random.Generator) -> Shrunk:
    """Naive random shrinkage (Table 9): the best ``size`` of as many random architectures as LISSNAS predicts."""
    codes = task.space.sample(max(task.queries, task.size), rng)
    pool, _ = _best(task, codes, task.predict(codes))
    return Shrunk(pool, len(pool), len(codes))


def top_share(task: Task, share: float, rng: np.random.Generator) -> Shrunk:
    """Table 9's rows: the best ``share`` of as many random architectures as make ``size`` of them."""
    codes = task.space.sample(max(2, round(task.size / share)), rng)
    pool, _ = _best(task, codes, task.predict(codes))
    return Shrunk(pool, len(pool), len(codes))


def plain_random(task: Task, rng: np.random.Generator) -> Shrunk:
    """``size`` random architectures, without any prediction."""
    codes = task.space.sample(2 * task.size, rng)
    codes = codes[distinct(task.space, codes, task.key)][: task.size]
    return Shrunk(codes, len(codes), 0)


def top_k(task: Task, rng: np.random.Generator) -> Shrunk:
    """The best ``size`` of all predictions (appendix H.3, "query all"), where the space can be listed.

    Raises ``UnsupportedSpace`` where it cannot.
    """
    codes = task.space.enumerate()
    pool, _ = _best(task, codes, task.predict(codes))
    return Shrunk(pool, len(pool), len(codes))


def _best(task: Task, codes: Codes, scores: Values) -> tuple[Codes, Values]:
    """The ``size`` best distinct architectures and their scores, the best first."""
    order = np.argsort(-scores, kind="stable")
    rows = order[distinct(task.space, codes[order], task.key)][: task.size]
    return codes[rows], scores[rows]


# LISSNAS and its ablations (appendix H)


def lissnas(task: Task, rng: np.random.Generator, settings: Settings = DEFAULTS) -> Shrunk:
    """LISSNAS itself; see ``shrink``."""
    found = shrink(task.space, task.predict, rng, replace(settings, size=task.size), task.key, task.size_score)
    return Shrunk(found.codes, len(found.codes), found.queries)


METHODS: dict[str, Callable[[Task, np.random.Generator], Shrunk]] = {
    "lissnas": lissnas,
    "abs": abs_shrink,
    "pad_nas": pad_nas,
    "nse": nse,
    "greedy_nas": greedy_nas,
    "random_top": random_top,
    "top_k": top_k,
    "random": plain_random,
    "lissnas_no_neighbors": lambda task, rng: lissnas(task, rng, Settings(additions="none")),
    "lissnas_no_locality": lambda task, rng: lissnas(task, rng, Settings(additions="random")),
    "random_top_30": lambda task, rng: top_share(task, 0.3, rng),
    "random_top_20": lambda task, rng: top_share(task, 0.2, rng),
    "random_top_10": lambda task, rng: top_share(task, 0.1, rng),
    "random_top_5": lambda task, rng: top_share(task, 0.05, rng),
}
"""Every method by name; ``top_k`` is the ablation "query all"."""


def available(name: str, space: SearchSpace) -> bool:
    """Whether a method can work on a space."""
    if name != "top_k":
        return True
    try:
        return bool(len(space.enumerate()))
    except NaslibExtError:
        return False
