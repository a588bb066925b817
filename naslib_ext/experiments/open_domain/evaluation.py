"""Are networks of the found encoding better than others? Longer trainings with other seeds, and paired tests.

For each search seed several networks are sampled anew from each of three kinds of encodings and trained alike:

    anasod_bo        the encoding that ANASOD-BO found
    random search    the best encoding of as many random trainings
    random           random encodings

No training of the search is used again. What is compared is the test accuracy, which no search has seen.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from tqdm import tqdm

from naslib_ext.encodings.operation_distribution import Counts, decode_counts, num_blocks, round_to_counts
from naslib_ext.errors import NaslibExtError
from naslib_ext.experiments.open_domain.study import METHODS, Searches, Study, Workers, found_encoding
from naslib_ext.experiments.statistics import holm
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import SearchSpace

logger = logging.getLogger(__name__)

Floats = NDArray[np.float64]
RANDOM = "random"


class Retrained(NamedTuple):
    """An encoding (k,), whose it is, and the accuracies (samples,) in percent of its networks, NaN if one failed."""

    group: str
    seed: int
    encoding: Counts
    val_accuracy: Floats
    test_accuracy: Floats


def retrain(study: Study, searches: Searches, seeds: Sequence[int], workers: Workers) -> list[Retrained]:
    """Networks of the found and of random encodings for each seed, by group and seed."""
    space = study.problem.space
    chosen: list[tuple[str, int, Counts]] = [
        (method, seed, found_encoding(searches[method, seed])) for method in METHODS for seed in seeds
    ]
    for seed in seeds:
        chosen += [(RANDOM, seed, encoding) for encoding in random_encodings(space, study.random_encodings, seed)]
    values: list[tuple[Floats, Floats]] = []
    for sample in tqdm(range(study.samples), "retraining", disable=not sys.stderr.isatty(), leave=False):
        # by group, seed and encoding, so that adding seeds or groups changes no network
        codes = np.stack(
            [
                decode_counts(space, encoding, stream(seed, f"{group} {'-'.join(map(str, encoding))}", sample))
                for group, seed, encoding in chosen
            ]
        )
        values.append(workers.train(study.retrained(sample), codes))
        logger.info("retraining: sample %d of %d done", sample + 1, study.samples)
    val, test = (np.stack(columns, axis=1) for columns in zip(*values, strict=True))
    return [Retrained(*who, val[row], test[row]) for row, who in enumerate(chosen)]


def random_encodings(space: SearchSpace, n: int, seed: int) -> Counts:
    """(n, k) encodings next to uniform draws from the simplex."""
    blocks = num_blocks(space)
    assert blocks is not None
    points = stream(seed, "random encodings").dirichlet(np.ones(space.num_operations), n)
    return round_to_counts(points, blocks)


def by_seed(networks: Sequence[Retrained], group: str, metric: str = "test_accuracy") -> Floats:
    """(seeds,) mean accuracy of a group's networks for each seed, failed trainings left out.

    Raises ``NaslibExtError`` where all of a seed failed.
    """
    means = []
    for seed in sorted({network.seed for network in networks}):
        values = np.concatenate([getattr(n, metric) for n in networks if n.group == group and n.seed == seed])
        if np.isnan(values).all():
            raise NaslibExtError(f"every network of {group}, seed {seed}, failed")
        means.append(float(np.nanmean(values)))
    return np.array(means)


def means_by_seed(networks: Sequence[Retrained]) -> dict[str, Floats]:
    """Mean test accuracies (seeds,) of every group."""
    return {group: by_seed(networks, group) for group in (*METHODS, RANDOM)}


def comparisons(means: Mapping[str, Floats]) -> list[dict[str, Any]]:
    """ANASOD-BO against the other groups, and random search against random, paired by seed.

    Two-sided p-values of the paired t-test and of Wilcoxon's signed-rank test; the least that the second can give for
    five seeds is 0.0625. ``p_holm`` is the t-test's after Holm's correction over the rows. ``None`` for a single seed.

    Args:
        means: of each group its mean accuracies, one for each seed.
    """
    rows = []
    for first, second in (("anasod_bo", RANDOM), ("anasod_bo", "random search"), ("random search", RANDOM)):
        difference = means[first] - means[second]
        enough = len(difference) > 1 and bool(difference.any())
        rows.append(
            {
                "first": first, "second": second, "difference": float(difference.mean()),
                "sem": float(stats.sem(difference)) if enough else None,
                "wins": int((difference > 0).sum()), "seeds": len(difference),
                "p_t": float(stats.ttest_rel(means[first], means[second]).pvalue) if enough else None,
                "p_wilcoxon": float(stats.wilcoxon(difference).pvalue) if enough else None,
            }
        )  # fmt: skip
    known: list[Any] = [row for row in rows if row["p_t"] is not None]
    for row, p in zip(known, holm([row["p_t"] for row in known]), strict=True):
        row["p_holm"] = p
    return rows


def variances(networks: Sequence[Retrained]) -> dict[str, float | None]:
    """Standard deviations of test accuracy: among networks of one encoding, and among all, for random encodings.

    ANASOD's claim (section 3.1, Table 1) is that the first is much smaller. It holds the noise of training too.
    ``median`` is over the encodings, ``better_half`` over those with the better means; ``pooled`` is the root of the
    mean variance, and ``share`` the part of the whole variance that is not within encodings.
    """
    accuracy = np.array([network.test_accuracy for network in networks if network.group == RANDOM])
    accuracy = accuracy[np.isfinite(accuracy).all(axis=1)]
    if len(accuracy) < 2 or accuracy.shape[1] < 2:
        return dict.fromkeys(("median", "better_half", "pooled", "overall", "share"))
    within = accuracy.std(axis=1, ddof=1)
    better = accuracy.mean(axis=1) >= np.median(accuracy.mean(axis=1))
    pooled, overall = float((within**2).mean()), float(accuracy.var(ddof=1))
    return {
        "median": float(np.median(within)),
        "better_half": float(np.median(within[better])),
        "pooled": float(np.sqrt(pooled)),
        "overall": float(np.sqrt(overall)),
        "share": 1 - pooled / overall if overall else None,
    }
