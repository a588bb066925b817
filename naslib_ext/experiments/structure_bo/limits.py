"""How far the optimum of a table can be found from structure at all: values that no model of functions can foresee."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_ext.benchmarks import Benchmark, TabularBenchmark
from naslib_ext.encodings.structure.embedding import structure_embedding
from naslib_ext.errors import NaslibExtError
from naslib_ext.predictors.structure_kernel import structure_process
from naslib_ext.predictors.targets import LogGap
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes, SearchSpace

Floats = NDArray[np.float64]

FITTED = 400
"""Random architectures that choose the parameters of the model."""

MOST = 8_000
"""Architectures of a table; the model is conditioned on all of them."""


class Limits(NamedTuple):
    """What is known of the optimum of a table from everything else.

    Attributes:
        optimum: the best score, higher is better.
        twins: other architectures of the same structure features.
        twin_mean, twin_best: of their scores; NaN without any.
        noise: standard deviation of scores within functions, of those among the best tenth; NaN without twins.
        expected: the score of the optimum that the model expects from all others.
        place: how many architectures the model holds for at least as good as the optimum, itself among them.
    """

    optimum: float
    twins: int
    twin_mean: float
    twin_best: float
    noise: float
    expected: float
    place: int


def limits(benchmark: Benchmark, metric: str, epoch: int | None = None) -> Limits:
    """``Limits`` of a table.

    The model is the search's Gaussian process, which has seen the whole table but the architecture in question
    (leave-one-out; Rasmussen and Williams, eq. 5.12): a search would have to query ``place`` architectures even if it
    were told all that.

    Raises ``NaslibExtError`` where the benchmark is no table or too large a one.
    """
    if not isinstance(benchmark, TabularBenchmark) or len(benchmark.codes) > MOST:
        raise NaslibExtError(f"the study needs a table of at most {MOST:,} architectures")
    codes = benchmark.codes
    scores = benchmark.score(codes, metric, epoch)
    gaps = LogGap(scores)
    targets = gaps.targets(scores)
    expected = gaps.scores(leave_one_out(_covariance(benchmark.space, codes, targets), targets))
    points = structure_embedding(benchmark.space)(codes)
    functions, sizes = np.unique(points, axis=0, return_inverse=True, return_counts=True)[1:]
    means = np.bincount(functions, scores) / sizes
    best = int(scores.argmax())
    twins = np.delete(scores, best)[np.delete(functions, best) == functions[best]]
    good = (sizes[functions] > 1) & (means[functions] >= np.quantile(scores, 0.9))
    freedom = sum((sizes - 1)[np.unique(functions[good])])
    squares = float(((scores - means[functions])[good] ** 2).sum())
    return Limits(
        float(scores[best]), len(twins), float(twins.mean()) if len(twins) else np.nan, max(twins, default=np.nan),
        (squares / freedom) ** 0.5 if freedom else np.nan, float(expected[best]),
        int((expected >= expected[best]).sum()),
    )  # fmt: skip


def _covariance(space: SearchSpace, codes: Codes, targets: Floats) -> Floats:
    """(n, n) of the noisy targets, with parameters fitted to some of them."""
    embedding = structure_embedding(space)
    points = embedding(codes)
    chosen = stream(0, "limits").permutation(len(codes))[:FITTED]
    process = structure_process(embedding.widths).fit(points[chosen], targets[chosen])
    covariance = process.kernel.covariance(process.kernel.distance(points, points), process.parameters)
    noisy = covariance.astype(np.float64)
    noisy[np.diag_indices(len(noisy))] += process.noise
    return noisy


def leave_one_out(covariance: Floats, targets: Floats) -> Floats:
    """(n,) means of normal ``targets`` (n,) of that ``covariance`` (n, n), each given all the others."""
    inverse = np.linalg.inv(covariance)
    return targets - inverse @ targets / np.diagonal(inverse)
