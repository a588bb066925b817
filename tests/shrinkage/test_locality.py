from pathlib import Path

import numpy as np
import pytest

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.errors import NaslibExtError
from naslib_ext.search_spaces import CategoricalSearchSpace, get_search_space
from naslib_ext.shrinkage.locality import (
    BOTH,
    edit_kinds,
    find_threshold,
    measure_locality,
    step_away,
    threshold_of,
    total_edit_distance,
)
from naslib_ext.testing.made_up import smooth

COMPLETE = [
    ("nasbench201", "cifar10", "val_accuracy"),
    ("nasbench201", "cifar100", "val_accuracy"),
    ("transbench101_micro", "class_scene", "val_accuracy"),
    ("transbench101_micro", "class_object", "val_accuracy"),
    ("transbench101_micro", "jigsaw", "val_accuracy"),
    ("transbench101_macro", "class_scene", "val_accuracy"),
    ("nasbench_macro", "cifar10", "test_accuracy"),
]


@pytest.mark.parametrize(("space", "dataset", "metric"), COMPLETE)
def test_every_complete_table_is_local(space: str, dataset: str, metric: str, tables: Path) -> None:
    """The autocorrelation falls up to the threshold and the difference rises (section 4.2)."""
    benchmark = load_benchmark(space, dataset, data_dir=tables)
    found = measure_locality(
        benchmark.space,
        lambda codes: benchmark.score(codes, metric),
        np.random.default_rng(0),
        walks=300 if space == "transbench101_macro" else 1000,  # its edit distance is dear
    )
    total = total_edit_distance(benchmark.space)
    threshold = threshold_of(found.autocorrelation[BOTH], total)
    correlation, difference = found.autocorrelation[BOTH], found.difference[BOTH]
    assert 1 <= threshold <= total // 3
    assert (np.diff(correlation[: threshold + 1]) < -0.05).all() and correlation[threshold] < 0.7
    assert (np.diff(difference[: threshold + 1]) > 0).all()
    assert abs(correlation[total]) < 0.35, "architectures that share nothing are not alike"


def test_the_distances_are_exact() -> None:
    """With a score that tells codes apart the difference at distance d is that of codes d positions apart."""
    space = CategoricalSearchSpace("line", [2] * 8)
    found = measure_locality(space, lambda codes: codes.sum(axis=1).astype(float), np.random.default_rng(0), 4000)
    np.testing.assert_allclose(found.difference[BOTH][1], 1.0)
    # two positions: both the same way (difference 2) or one each way (0), equally likely
    np.testing.assert_allclose(found.difference[BOTH][2], 1.0, atol=0.06)
    np.testing.assert_allclose(found.autocorrelation[BOTH], 1 - found.distances / 4, atol=0.06)
    assert found.wandering[8] > found.autocorrelation[BOTH][8] + 0.5, "a random walk comes back"


def test_differences_by_kind_of_change_are_those_of_all_such_neighbors(tables: Path) -> None:
    """Against every pair of neighbours of NAS-Bench-201, weighted as the walks' starts are."""
    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    space, rng = benchmark.space, np.random.default_rng(0)
    found = measure_locality(space, benchmark.score, rng, 4000, farthest=1)
    starts = space.sample(2000, rng)
    neighbors, owners = space.neighbors_of(starts)
    gaps = np.abs(benchmark.score(neighbors) - benchmark.score(starts)[owners])
    for name, kind in edit_kinds(space).items():
        those = kind(starts[owners], neighbors)
        # of a start's own edits of this kind all are equally likely
        per_start = np.bincount(owners[those], gaps[those], len(starts)) / np.maximum(
            np.bincount(owners[those], minlength=len(starts)), 1
        )
        expected = per_start[np.bincount(owners[those], minlength=len(starts)) > 0].mean()
        assert abs(found.difference[name][1] - expected) < 0.25 * expected


@pytest.mark.parametrize("name", ["nasbench101", "nasbench201", "nasbench301", "mobilenet"])
def test_kinds_of_edits_are_apart_and_complete(name: str) -> None:
    space, rng = get_search_space(name), np.random.default_rng(0)
    before = space.sample(500, rng)
    after = space.mutate(before, rng)
    operation, other = (kind(before, after) for kind in edit_kinds(space).values())
    assert (operation != other).all() and 20 < operation.sum() < 480


@pytest.mark.parametrize("name", ["nasbench101", "nasbench301", "transbench101_macro"])
def test_a_step_away_is_an_edit_away(name: str) -> None:
    space, rng = get_search_space(name), np.random.default_rng(0)
    starts = space.sample(50, rng)
    codes = starts
    for distance in (1, 2, 3):
        rows, farther = step_away(space, starts, codes, distance, rng)
        assert len(rows) > 40
        assert (space.edit_distance(starts[rows], farther[rows]) == distance).all()
        assert (space.edit_distance(codes[rows], farther[rows]) == 1).all()
        codes = farther


@pytest.mark.parametrize(
    ("correlation", "total", "threshold"),
    [
        ([1, 0.8, 0.2, 0.1], 26, 2),
        ([1, 0.8, 0.7, 0.6, 0.5], 12, 4),
        ([1, 0.9, 0.8, 0.7, 0.6, 0.5], 9, 3),
        ([1, 0.1], 6, 1),
        ([1, np.nan, 0.2], 6, 2),
        ([1, 0.9], 2, 1),
    ],
)
def test_the_threshold_is_the_first_weak_distance_up_to_a_third(
    correlation: list[float], total: int, threshold: int
) -> None:
    assert threshold_of(np.array(correlation), total) == threshold


@pytest.mark.parametrize(
    ("name", "total"), [("nasbench201", 6), ("nasbench101", 26), ("nasbench301", 32), ("shufflenetv2", 20)]
)
def test_total_edit_distances(name: str, total: int) -> None:
    assert total_edit_distance(get_search_space(name)) == total


def test_equal_scores_have_no_locality() -> None:
    space = get_search_space("nasbench201")
    with pytest.raises(NaslibExtError, match="same score"):
        measure_locality(space, lambda codes: np.zeros(len(codes)), np.random.default_rng(0), 10)
    assert find_threshold(space, lambda codes: np.zeros(len(codes)), np.random.default_rng(0), 10) == 2


def test_the_seed_decides() -> None:
    space = get_search_space("nasbench301")
    first, again = (
        measure_locality(space, lambda codes: smooth(space, codes), np.random.default_rng(3), 20, 3) for _ in range(2)
    )
    np.testing.assert_array_equal(first.autocorrelation[BOTH], again.autocorrelation[BOTH])
