"""How good a shrunk space is: the measures of LISSNAS (Gopal et al., IJCAI 2023), sections 4.4 and 5."""

from __future__ import annotations

from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from naslib_ext.encodings import one_hot
from naslib_ext.errors import NaslibExtError
from naslib_ext.search_spaces import Codes, SearchSpace

Values = NDArray[np.float64]

PATHS, GOOD_PATHS, GOOD = 10, 2, 0.1
"""The shrink index here: at least 2 of 10 draws among the best tenth of the whole space."""

PAIRWISE = 1_000
"""Architectures whose pairwise distances measure diversity."""

BINS = 20


def probability_of_good(p: float, n: int = PATHS, k: int = GOOD_PATHS) -> float:
    """Theorem 1: the chance that at least ``k`` of ``n`` draws are good, where a fraction ``p`` is."""
    return sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


def shrink_index(scores: ArrayLike, whole: ArrayLike) -> float:
    """P(good | shrunk) - P(good | whole) for the scores of the members (m,) and of the whole space (w,).

    Good is what is not worse than the best tenth of the whole space. The paper's eq. (2) has the opposite sign of its
    text and of Table 1; it states k >= 0.2 n and neither n nor what is good.
    """
    kept, before = good_shares(scores, whole)
    return probability_of_good(kept) - probability_of_good(before)


def good_shares(scores: ArrayLike, whole: ArrayLike) -> tuple[float, float]:
    """The fractions of good architectures among the members (m,) and in the whole space (w,)."""
    members, everything = np.asarray(scores), np.asarray(whole)
    least = np.quantile(everything, 1 - GOOD)
    return float((members >= least).mean()), float((everything >= least).mean())


def error_edf(scores: ArrayLike, best: float, grid: ArrayLike) -> Values:
    """(g,) F(e), the fraction of architectures whose error, best - score, is below each of ``grid`` (g,)."""
    errors = np.sort(best - np.asarray(scores, dtype=np.float64))
    return np.searchsorted(errors, np.asarray(grid), side="right") / len(errors)


def edf_area(scores: ArrayLike, best: float, widest: float) -> float:
    """Area under the error EDF of ``scores`` (m,) between the errors 0 and ``widest``, as a fraction of the whole.

    1 where all have the ``best`` score.
    """
    errors = np.clip(best - np.asarray(scores, dtype=np.float64), 0, widest)
    return float(1 - errors.mean() / widest) if widest > 0 else 1.0


def cosine_diversity(
    space: SearchSpace, codes: Codes, reference: Codes, rng: np.random.Generator
) -> tuple[float, float]:
    """Largest and mean pairwise cosine distance, 0 to 2, between one-hot encodings centred on ``reference``'s mean.

    Of 1,000 of the architectures (n, L) where there are more; 0 of a single one.
    """
    if len(codes) > PAIRWISE:
        codes = codes[rng.choice(len(codes), PAIRWISE, replace=False)]
    if len(codes) < 2:
        return 0.0, 0.0
    centred = one_hot(space, codes) - one_hot(space, reference).mean(axis=0)
    unit = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)
    distances = 1 - (unit @ unit.T)[np.triu_indices(len(unit), 1)]
    return float(distances.max()), float(distances.mean())


def histogram_overlap(sizes: ArrayLike, reference: ArrayLike) -> float:
    """Common area, 0 to 1, of histograms of ``sizes`` (m,) and ``reference`` (w,); 20 bins over the latter's range."""
    of_all = np.asarray(reference, dtype=np.float64)
    edges = np.linspace(of_all.min(), of_all.max(), BINS + 1)
    counts = [np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] for values in (np.asarray(sizes), of_all)]
    shares = [count / max(count.sum(), 1) for count in counts]
    return float(np.minimum(*shares).sum())


def range_kept(sizes: ArrayLike, reference: ArrayLike) -> float:
    """The width of the range of ``sizes`` (m,) as a fraction of that of ``reference`` (w,)."""
    whole = float(np.ptp(np.asarray(reference)))
    return float(np.ptp(np.asarray(sizes))) / whole if whole > 0 else 1.0


class Reference(NamedTuple):
    """What shrunk spaces are compared with: all architectures of the whole space, or at least 1,000 random ones.

    ``scores`` (w,) of ``codes`` (w, L), higher is better; ``sizes`` name -> FLOPs or parameters (w,); ``best`` is the
    best architecture (L,) of the whole space, ``None`` where it is not known.
    """

    codes: Codes
    scores: Values
    sizes: dict[str, Values]
    best: Codes | None


def measure(
    space: SearchSpace,
    codes: Codes,
    scores: Values,
    sizes: dict[str, Values],
    size: float,
    reference: Reference,
    rng: np.random.Generator,
) -> dict[str, float | bool | None]:
    """Every measure of one shrunk space.

    Args:
        space: the whole space.
        codes: (n, L) all members, or a uniform sample of them.
        scores: (n,) true scores of ``codes``, higher is better.
        sizes: FLOPs or parameters (n,) by name.
        size: number of members.
        reference: the whole space.
        rng: draws the architectures whose distances are measured.

    Returns:
        ``size``, ``mean_accuracy``, ``max_accuracy``, ``best_kept`` (``None`` where it cannot be known),
        ``shrink_index``, ``good_share`` and ``good_share_gain``, ``edf_area``, ``ks_statistic`` and ``ks_p_value``
        (one-sided: the errors are smaller than the whole space's), ``cosine_max``, ``cosine_mean``, both with
        ``_retention``, and for each size its histogram's ``_overlap`` and ``_range``.

    Raises ``NaslibExtError`` where there is no member.
    """
    if not len(codes):
        raise NaslibExtError(f"{space.name}: an empty space has no quality")
    share, before = good_shares(scores, reference.scores)
    best, worst = float(reference.scores.max()), float(reference.scores.min())
    largest, mean = cosine_diversity(space, codes, reference.codes, rng)
    whole_largest, whole_mean = cosine_diversity(space, reference.codes, reference.codes, rng)
    test = stats.ks_2samp(scores, reference.scores, alternative="less", method="asymp")
    overlaps = {
        f"{name}_{measure.__name__.split('_')[-1 if measure is histogram_overlap else 0]}": measure(values, of_all)
        for name, values in sizes.items()
        for measure, of_all in ((histogram_overlap, reference.sizes[name]), (range_kept, reference.sizes[name]))
    }
    return {
        "size": float(size),
        "mean_accuracy": float(scores.mean()),
        "max_accuracy": float(scores.max()),
        "best_kept": None if reference.best is None else bool((codes == reference.best).all(axis=1).any()),
        "shrink_index": shrink_index(scores, reference.scores),
        "good_share": share,
        "good_share_gain": share - before,
        "edf_area": edf_area(scores, best, best - worst),
        "ks_statistic": float(test.statistic),
        "ks_p_value": float(test.pvalue),
        "cosine_max": largest,
        "cosine_mean": mean,
        "cosine_max_retention": largest / whole_largest if whole_largest else 1.0,
        "cosine_mean_retention": mean / whole_mean if whole_mean else 1.0,
        **overlaps,
    }
