"""Two objectives: a score to be found out, and a cost that is known without a query (latency, FLOPs, parameters)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from naslib_ext.optimizers.acquisition import expected_improvement

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def front(scores: Floats, costs: Floats) -> Integers:
    """(f,) rows that no other row is better than in one objective and as good in the other, by ascending cost.

    Args:
        scores: (n,) higher is better.
        costs: (n,) lower is better.
    """
    order = np.lexsort((-scores, costs))
    before = np.concatenate([[-np.inf], np.maximum.accumulate(scores[order])[:-1]])
    return order[scores[order] > before]


def hypervolume(scores: Floats, costs: Floats, worst_score: float, worst_cost: float) -> float:
    """The area that the front dominates, up to the reference point (``worst_score``, ``worst_cost``)."""
    inside = (scores > worst_score) & (costs < worst_cost)
    scores, costs = scores[inside], costs[inside]
    rows = front(scores, costs)
    widths = np.diff(costs[rows], append=worst_cost)
    return float(widths @ (scores[rows] - worst_score))


def expected_hypervolume_improvement(
    mean: Floats, std: Floats, costs: Floats, scores: Floats, known_costs: Floats, worst_score: float, worst_cost: float
) -> Floats:
    """(m,) by how much an evaluation raises the hypervolume in the mean, exactly.

    Since the cost is known, the gain is an integral over costs c from the candidate's to the worst, of the expected
    improvement on the best score at a cost up to c: a sum over the steps of the front.

    Args:
        mean: (m,) of the candidates' scores, with standard deviations ``std`` (m,).
        costs: (m,) of the candidates.
        scores: (n,) known scores, at ``known_costs`` (n,).
        worst_score: of the reference point.
        worst_cost: of the reference point.
    """
    rows = front(scores, known_costs)
    starts = np.concatenate([[-np.inf], known_costs[rows]])
    ends = np.minimum(np.append(known_costs[rows], worst_cost), worst_cost)
    best = np.concatenate([[worst_score], np.maximum(scores[rows], worst_score)])
    gain = np.zeros(len(mean))
    for start, end, level in zip(starts, ends, best, strict=True):
        width = np.maximum(end - np.maximum(costs, start), 0)
        use = np.flatnonzero(width)
        gain[use] += width[use] * expected_improvement(mean[use], std[use], float(level))
    return gain
