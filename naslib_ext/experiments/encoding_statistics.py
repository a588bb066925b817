"""How far the operation distribution determines the quality: Table 1 and Fig. 2 of ANASOD (Wan et al., WACV 2022)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_ext.benchmarks import Benchmark, TabularBenchmark
from naslib_ext.benchmarks.metrics import Column, metric_info
from naslib_ext.encodings.operation_distribution import (
    Counts,
    decode_counts,
    draw_num_blocks,
    encode,
    round_to_counts,
)
from naslib_ext.errors import InvalidArchitecture, NaslibExtError
from naslib_ext.experiments.figures import bands_png
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes, SearchSpace

ENCODINGS, ARCHITECTURES = 200, 5
"""What the paper draws: random encodings, and distinct architectures of each."""

DRAWS = 4
"""Draws for each architecture that is wanted of an encoding."""

Values = NDArray[np.float64]


class EncodingStatistics(NamedTuple):
    """Standard deviations within and over encodings, in the metric's unit; the best encoding by its mean comes first.

    ``mean``, ``deviation`` and ``number`` (m,) describe the architectures of each of the ``encodings`` (m, d);
    ``overall_mean`` and ``overall`` those of all ``total`` architectures together.
    """

    encodings: Counts
    mean: Values
    deviation: Values
    number: NDArray[np.int64]
    overall_mean: float
    overall: float
    total: int

    @property
    def median(self) -> float:
        """Median deviation within an encoding."""
        return float(np.median(self.deviation))

    @property
    def median_of_top_half(self) -> float:
        """The same over the half of the encodings with the better means."""
        return float(np.median(self.deviation[: self.half]))

    @property
    def half(self) -> int:
        """How many encodings the better half has."""
        return -(-len(self.mean) // 2)


def encoding_statistics(
    benchmark: Benchmark, metric: str, epoch: int | None = None, seed: int = 0, per_cell: bool = False
) -> EncodingStatistics:
    """Statistics of every architecture of a table; of a random sample, as in the paper, where there is no table.

    Where every architecture of the space is there, deviations are exact, 0 for an encoding of one architecture. Else
    they are estimates with n - 1 in the denominator, of the encodings with two architectures or more.

    Args:
        benchmark: of a space with an operation view.
        metric: what is measured.
        epoch: training schedule; ``None`` is the longest.
        seed: of the sample.
        per_cell: one encoding for each cell instead of one for all.

    Raises ``NaslibExtError`` where no encoding has two architectures, ``MissingMetric``, ``UnsupportedSpace``.
    """
    exact = False
    if isinstance(benchmark, TabularBenchmark):
        held = benchmark.holds(benchmark.codes, metric, epoch)
        codes, exact = benchmark.codes[held], benchmark.is_complete and bool(held.all())
    else:
        codes = sample(benchmark.space, stream(seed, "encoding statistics"))
    values = benchmark.query(codes, metric, epoch)
    statistics = summarize(encode(benchmark.space, codes, per_cell), values, benchmark.direction(metric), exact)
    if not len(statistics.mean):
        raise NaslibExtError(f"{benchmark.name}: no two architectures with {metric} have the same encoding")
    return statistics


def sample(space: SearchSpace, rng: np.random.Generator) -> Codes:
    """(at most 1,000, L) ``ARCHITECTURES`` different ones of each of ``ENCODINGS`` encodings from Dir(1, ..., 1)."""
    number = 4 * ENCODINGS  # some are equal
    drawn = round_to_counts(rng.dirichlet(np.ones(space.num_operations), number), draw_num_blocks(space, number, rng))
    first = np.unique(drawn, axis=0, return_index=True)[1]
    found = []
    for counts in drawn[np.sort(first)[:ENCODINGS]]:
        try:
            codes = [decode_counts(space, counts, rng) for _ in range(ARCHITECTURES * DRAWS)]
        except InvalidArchitecture:
            continue
        keys = space.keys(np.stack(codes))
        found += [codes[keys.index(key)] for key in list(dict.fromkeys(keys))[:ARCHITECTURES]]
    return np.stack(found)


def summarize(encodings: Counts, values: Values, direction: int, exact: bool) -> EncodingStatistics:
    """Statistics of architectures with ``encodings`` (n, d) and ``values`` (n,).

    Args:
        encodings: of the architectures.
        values: of the metric.
        direction: +1 where higher values are better, else -1.
        exact: these are all architectures that there are, not a sample.
    """
    kinds, owners, number = np.unique(encodings, axis=0, return_inverse=True, return_counts=True)
    owners = owners.reshape(-1)
    mean = np.bincount(owners, values, len(kinds)) / number
    squares = np.bincount(owners, (values - mean[owners]) ** 2, len(kinds))
    lost = 0 if exact else 1
    kept = np.flatnonzero(number > lost)
    kept = kept[np.argsort(-direction * mean[kept], kind="stable")]
    return EncodingStatistics(
        kinds[kept], mean[kept], np.sqrt(squares[kept] / (number[kept] - lost)), number[kept],
        float(values.mean()), float(values.std(ddof=lost)), len(values),
    )  # fmt: skip


def statistics_png(statistics: EncodingStatistics, benchmark: Benchmark, metric: str, epoch: int | None) -> bytes:
    """Fig. 2: mean and standard deviation of the better half of the encodings, beside those of all architectures."""
    unit = metric_info(metric).unit
    column = Column(metric, benchmark.resolve(metric, epoch))
    label = f"{benchmark.name}: {column}" + (f" ({unit})" if unit else "")
    half, overall = statistics.half, (statistics.overall_mean, statistics.overall)
    x_label = f"Better half of the {len(statistics.mean):,} encodings, the best mean first"
    names = ("one encoding", "all architectures")
    return bands_png(statistics.mean[:half], statistics.deviation[:half], overall, names, (x_label, label))


def format_statistics(statistics: EncodingStatistics, benchmark: Benchmark, metric: str, epoch: int | None) -> str:
    """Lines of the paper's Table 1 for the terminal, and the best encoding."""
    names = benchmark.space.operation_names
    best = statistics.encodings[0]
    used = [f"{count} {names[i % len(names)]}" for i, count in enumerate(best.tolist()) if count]
    return "\n".join(
        [
            f"{benchmark.name} {Column(metric, benchmark.resolve(metric, epoch))}: {statistics.total:,} architectures, "
            f"{len(statistics.mean):,} encodings",
            f"  standard deviation, all architectures     {statistics.overall:8.3f}",
            f"  median within an encoding                 {statistics.median:8.3f}",
            f"  the same, better half of the encodings    {statistics.median_of_top_half:8.3f}",
            f"  best encoding: {' + '.join(used)}: {statistics.mean[0]:.3f} +- {statistics.deviation[0]:.3f}",
        ]
    )
