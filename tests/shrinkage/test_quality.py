from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import pdist

from naslib_ext.benchmarks import TabularBenchmark, load_benchmark
from naslib_ext.encodings import one_hot
from naslib_ext.errors import NaslibExtError
from naslib_ext.search_spaces import get_search_space
from naslib_ext.shrinkage.quality import (
    Reference,
    cosine_diversity,
    edf_area,
    error_edf,
    histogram_overlap,
    measure,
    probability_of_good,
    range_kept,
    shrink_index,
)


def test_theorem_1_is_the_binomial_tail() -> None:
    for p in (0.0, 0.1, 0.37, 1.0):
        assert probability_of_good(p) == pytest.approx(stats.binom.sf(1, 10, p))
    assert probability_of_good(0.1) == pytest.approx(0.264, abs=5e-4), "METHODS: good is the top tenth"
    assert probability_of_good(0.3, 5, 1) == pytest.approx(1 - 0.7**5)


def test_the_shrink_index_is_a_gain() -> None:
    whole = np.arange(1000.0)
    assert shrink_index(whole[900:], whole) == pytest.approx(1 - 0.2639, abs=1e-3)
    assert shrink_index(whole[:900], whole) == pytest.approx(-0.2639, abs=1e-3)
    assert shrink_index(whole, whole) == 0


def test_the_edf_and_its_area() -> None:
    scores = np.array([10.0, 8.0, 6.0, 4.0])
    np.testing.assert_allclose(error_edf(scores, 10.0, [0, 1, 2, 5.9, 6, 100]), [0.25, 0.25, 0.5, 0.75, 1, 1])
    grid = np.linspace(0, 8, 80_001)
    assert edf_area(scores, 10.0, 8.0) == pytest.approx(error_edf(scores, 10.0, grid).mean(), abs=1e-4)
    assert edf_area(np.full(3, 10.0), 10.0, 8.0) == 1 and edf_area(np.full(3, 2.0), 10.0, 8.0) == 0


def test_cosine_distances_are_scipys() -> None:
    space, rng = get_search_space("nasbench201"), np.random.default_rng(0)
    codes, reference = space.sample(60, rng), space.enumerate()
    centred = one_hot(space, codes) - one_hot(space, reference).mean(axis=0)
    expected = pdist(centred, "cosine")
    np.testing.assert_allclose(
        cosine_diversity(space, codes, reference, rng), (expected.max(), expected.mean()), rtol=1e-5
    )
    assert cosine_diversity(space, codes[:1], reference, rng) == (0, 0)


def test_histograms_and_ranges() -> None:
    whole = np.arange(100.0)
    assert histogram_overlap(whole, whole) == pytest.approx(1) and range_kept(whole, whole) == 1
    assert histogram_overlap(whole[:50], whole) == pytest.approx(0.5) and range_kept(whole[:50], whole) < 0.5
    assert histogram_overlap(np.full(9, 99.0), whole) == pytest.approx(0.05) and range_kept([3.0, 3.0], whole) == 0


def test_the_whole_space_changes_nothing(tables: Path) -> None:
    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    assert isinstance(benchmark, TabularBenchmark)
    scores, sizes = benchmark.score(benchmark.codes), {"flops": benchmark.free["flops"](benchmark.codes)}
    best = benchmark.codes[scores.argmax()]
    reference = Reference(benchmark.codes, scores, sizes, best)
    rng = np.random.default_rng(0)
    found = measure(benchmark.space, benchmark.codes, scores, sizes, 15_625, reference, rng)
    assert found["best_kept"] is True and found["max_accuracy"] == pytest.approx(91.57, abs=5e-3)
    assert found["shrink_index"] == 0 and found["flops_overlap"] == pytest.approx(1) and found["flops_range"] == 1
    assert found["ks_p_value"] == pytest.approx(1)
    good = scores > np.quantile(scores, 0.95)
    better = measure(
        benchmark.space, benchmark.codes[good], scores[good], {"flops": sizes["flops"][good]}, 700, reference, rng
    )
    assert better["good_share"] == 1 and better["ks_p_value"] < 1e-100
    bad = measure(benchmark.space, benchmark.codes[~good], scores[~good], {}, 1, reference, rng)
    assert bad["best_kept"] is False and bad["ks_p_value"] > 0.9
    unknown = measure(benchmark.space, benchmark.codes[good], scores[good], {}, 1, reference._replace(best=None), rng)
    assert unknown["best_kept"] is None


def test_an_empty_space_is_refused() -> None:
    space = get_search_space("nasbench201")
    codes = space.enumerate()
    reference = Reference(codes, np.arange(len(codes), dtype=float), {}, None)
    with pytest.raises(NaslibExtError, match="empty"):
        measure(space, codes[:0], np.empty(0), {}, 0, reference, np.random.default_rng(0))
