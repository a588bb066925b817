from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from naslib_ext.benchmarks import TabularBenchmark, load_benchmark
from naslib_ext.errors import ConfigError
from naslib_ext.search_spaces import CategoricalSearchSpace, Codes, SearchSpace, get_search_space
from naslib_ext.search_spaces.distinct import distinct
from naslib_ext.shrinkage.lissnas import Settings, shrink
from naslib_ext.testing.made_up import TINY, WIDE, smooth

Score = Callable[[Codes], NDArray[np.float64]]


def score_of(space: SearchSpace) -> Score:
    return lambda codes: smooth(space, codes)


@pytest.mark.parametrize("name", ["nasbench101", "nasbench201", "nasbench301", "mobilenet", "transbench101_macro"])
def test_sizes_fall_and_means_rise(name: str) -> None:
    space = get_search_space(name)
    found = shrink(space, score_of(space), np.random.default_rng(0), Settings(initial=1000, neighbors=3))
    sizes, means = ([getattr(iteration, field) for iteration in found.iterations] for field in ("size", "mean"))
    assert (np.diff(sizes) < 0).all() and (np.diff(means) > 0).all() and len(sizes) > 2
    assert len(found.codes) == sizes[-1] == len(distinct(space, found.codes, space.key))
    assert found.queries >= found.iterations[-1].queries
    np.testing.assert_allclose(found.predicted, smooth(space, found.codes))
    assert (np.diff(found.predicted) <= 0).all()


@pytest.mark.parametrize("size", [1, 7, 100])
def test_the_size_is_reached(size: int) -> None:
    found = shrink(WIDE, score_of(WIDE), np.random.default_rng(0), Settings(size=size))
    assert len(found.codes) == size == found.space(WIDE).size


def test_a_space_larger_than_the_usual_sample() -> None:
    space = get_search_space("nasbench301")
    found = shrink(space, score_of(space), np.random.default_rng(0), Settings(size=4000, initial=1000, neighbors=1))
    assert len(found.codes) == 4000 and found.iterations[0].size == 8000


def test_with_the_truth_it_finds_what_a_sample_misses() -> None:
    """On 10^11 architectures: members are much better than the best of as many random ones."""
    space = CategoricalSearchSpace("chain", [4] * 18)
    score = score_of(space)
    found = shrink(space, score, np.random.default_rng(0), Settings(size=200, initial=2000))
    random = space.sample(found.queries, np.random.default_rng(1))
    assert score(found.codes).min() > score(random).max()


def test_it_has_all_of_the_best_where_the_predictor_is_right(tables: Path) -> None:
    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    assert isinstance(benchmark, TabularBenchmark)
    best = np.sort(benchmark.score(benchmark.codes))[-200:]
    found = shrink(benchmark.space, benchmark.score, np.random.default_rng(0), Settings(size=200))
    assert np.isin(best, benchmark.score(found.codes)).mean() > 0.9


def test_isomorphs_are_removed() -> None:
    space = get_search_space("nasbench201")
    found = shrink(space, score_of(space), np.random.default_rng(0), Settings(size=100), key="canonical")
    assert len(np.unique(space.canonical(found.codes), axis=0)) == len(found.codes) == 100
    assert found.space(space, "canonical").size == 100


def test_the_previous_space_is_returned() -> None:
    """A mean that does not rise by the tolerance ends it, and the space before is the result."""
    found = shrink(WIDE, score_of(WIDE), np.random.default_rng(0), Settings(tolerance=1e9))
    assert len(found.iterations) == 1 and len(found.codes) == found.iterations[0].size


def test_every_part_of_the_range_is_kept() -> None:
    space = CategoricalSearchSpace("chain", [4] * 8)

    def size(codes: Codes) -> NDArray[np.float64]:
        return codes.sum(axis=1).astype(np.float64)

    def large_is_good(codes: Codes) -> NDArray[np.float64]:
        return size(codes)

    rng = np.random.default_rng(0)
    kept = shrink(space, large_is_good, rng, Settings(size=200, range_share=0.5), size_score=size)
    lost = shrink(space, large_is_good, rng, Settings(size=200, range_share=0.0), size_score=size)
    assert np.ptp(size(kept.codes)) > 0.8 * 24 > np.ptp(size(lost.codes)) + 10


def test_ablations_add_what_they_say() -> None:
    seen: list[Codes] = []

    def note(codes: Codes) -> NDArray[np.float64]:
        seen.append(codes)
        return smooth(WIDE, codes)

    shrink(WIDE, note, np.random.default_rng(0), Settings(size=50, initial=300, distance=1, additions="none"))
    assert len(seen) == 1, "no neighbours: only the first sample is predicted"
    seen.clear()
    shrink(WIDE, note, np.random.default_rng(0), Settings(size=50, initial=300, distance=1, neighbors=1))
    first, second = seen[0], seen[1]
    assert (np.abs(second[:, None] != first[None]).sum(axis=2).min(axis=1) == 1).all()


def test_a_predictor_that_knows_nothing_is_no_error() -> None:
    found = shrink(TINY, lambda codes: np.zeros(len(codes)), np.random.default_rng(0))
    assert 1 <= len(found.codes) <= TINY.size


def test_the_seed_decides() -> None:
    space, settings = get_search_space("nasbench301"), Settings(size=50, initial=300)
    first, again, other = (
        shrink(space, score_of(space), np.random.default_rng(seed), settings).codes for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("bad", [{"shrink_factor": 1.0}, {"seed_fraction": 0.0}, {"range_share": 1.5}])
def test_impossible_settings_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        Settings(**bad)  # type: ignore[arg-type]
