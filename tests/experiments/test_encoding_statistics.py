from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from naslib_ext.benchmarks import Benchmark, TabularBenchmark, load_benchmark
from naslib_ext.encodings.operation_distribution import encode
from naslib_ext.errors import MissingMetric, NaslibExtError
from naslib_ext.experiments.encoding_statistics import (
    encoding_statistics,
    format_statistics,
    sample,
    statistics_png,
    summarize,
)
from naslib_ext.search_spaces import CategoricalSearchSpace, SearchSpace, get_search_space
from naslib_ext.testing.made_up import smooth


class MadeUp(Benchmark):
    """A benchmark that is no table."""

    def __init__(self, space: SearchSpace) -> None:
        super().__init__(space, "made-up", space.key, maximize=False)

    def metrics(self) -> dict[str, list[int | None]]:
        return {"val_loss": [None]}

    def query(self, codes: ArrayLike, metric: str = "val_loss", epoch: int | None = None) -> NDArray[np.float64]:
        return smooth(self.space, codes)


@pytest.mark.parametrize(
    ("dataset", "median", "top", "overall"), [("cifar10", 5.09, 3.89, 12.78), ("cifar100", 5.54, None, 11.08)]
)
def test_the_reference_figures(dataset: str, median: float, top: float | None, overall: float, tables: Path) -> None:
    benchmark = load_benchmark("nasbench201", dataset, data_dir=tables)
    statistics = encoding_statistics(benchmark, "val_accuracy", 12)
    assert statistics.total == 15_625
    assert statistics.overall == pytest.approx(overall, abs=0.006)
    assert statistics.median == pytest.approx(median, abs=0.005)
    assert top is None or statistics.median_of_top_half == pytest.approx(top, abs=0.005)


def test_the_best_encoding_of_the_table(tables: Path) -> None:
    """The best single encoding has a mean error of 18.67 (METHODS 2.6)."""
    statistics = encoding_statistics(load_benchmark("nasbench201", "cifar10", data_dir=tables), "val_accuracy", 12)
    assert 100 - statistics.mean[0] == pytest.approx(18.67, abs=0.005)
    assert (np.diff(statistics.mean) <= 0).all()


@pytest.mark.parametrize("direction", [1, -1])
def test_by_hand(direction: int) -> None:
    encodings = np.array([[2, 0], [1, 1], [2, 0], [0, 2], [1, 1], [1, 1]])
    statistics = summarize(encodings, np.array([1.0, 5.0, 3.0, 9.0, 6.0, 7.0]), direction, False)
    order = [[1, 1], [2, 0]]
    assert statistics.encodings.tolist() == (order if direction > 0 else order[::-1])
    best = 0 if direction > 0 else 1
    assert statistics.mean[best] == 6 and statistics.deviation[best] == 1 and statistics.number[best] == 3
    assert statistics.mean[1 - best] == 2 and statistics.deviation[1 - best] == pytest.approx(2**0.5)
    assert statistics.total == 6 and statistics.overall == pytest.approx(np.std([1, 5, 3, 9, 6, 7], ddof=1))
    assert statistics.median == pytest.approx((1 + 2**0.5) / 2)
    assert statistics.median_of_top_half == statistics.deviation[0]


def test_all_that_there_are_have_exact_deviations() -> None:
    statistics = summarize(np.array([[2, 0], [2, 0], [0, 2]]), np.array([1.0, 3.0, 4.0]), 1, True)
    assert statistics.encodings.tolist() == [[0, 2], [2, 0]] and statistics.deviation.tolist() == [0, 1]
    assert statistics.overall == pytest.approx(np.std([1, 3, 4]))


@pytest.mark.parametrize("name", ["nasbench301", "nasbench101", "transbench101_macro"])
def test_a_sample_where_there_is_no_table(name: str) -> None:
    space = get_search_space(name)
    codes = sample(space, np.random.default_rng(0))
    assert space.is_valid(codes).all() and len(set(space.keys(codes))) == len(codes)
    numbers = np.unique(encode(space, codes), axis=0, return_counts=True)[1]
    assert numbers.max() == 5
    if name == "nasbench301":
        assert len(codes) > 970 and len(numbers) == 200


def test_the_same_seed_gives_the_same_sample() -> None:
    benchmark = MadeUp(get_search_space("nasbench301"))
    one, again, other = (encoding_statistics(benchmark, "val_loss", seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.mean, again.mean)
    assert one.overall != other.overall and (np.diff(one.mean) >= 0).all(), "a loss: the lowest mean is the best"


def test_one_encoding_a_cell() -> None:
    statistics = encoding_statistics(MadeUp(get_search_space("nasbench301")), "val_loss", per_cell=True)
    assert statistics.encodings.shape[1] == 14
    assert "+" in format_statistics(statistics, MadeUp(get_search_space("nasbench301")), "val_loss", None)


def incomplete() -> TabularBenchmark:
    space = CategoricalSearchSpace("two", [2] * 4)
    codes = space.enumerate()
    values = np.where(codes[:, 0] == 1, np.nan, codes.sum(axis=1) + 0.1 * codes[:, 1])
    return TabularBenchmark(space, codes, {"val_accuracy": values}, "half")


def test_missing_values_do_not_count() -> None:
    statistics = encoding_statistics(incomplete(), "val_accuracy")
    assert statistics.total == 8 and statistics.encodings.tolist() == [[2, 2], [3, 1]]


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(MissingMetric):
        encoding_statistics(incomplete(), "val_loss")
    space = CategoricalSearchSpace("names", [2, 2], [["a", "b"], ["c", "d"]])
    lonely = TabularBenchmark(space, space.enumerate()[:3], {"val_accuracy": np.arange(3)}, "lonely")
    with pytest.raises(NaslibExtError, match="no two"):
        encoding_statistics(lonely, "val_accuracy")


def test_text_and_picture() -> None:
    benchmark = incomplete()
    statistics = encoding_statistics(benchmark, "val_accuracy")
    text = format_statistics(statistics, benchmark, "val_accuracy", None)
    assert "two/half val_accuracy: 8 architectures, 2 encodings" in text and "2 0 + 2 1" in text
    png = statistics_png(statistics, benchmark, "val_accuracy", None)
    assert png.startswith(b"\x89PNG") and png == statistics_png(statistics, benchmark, "val_accuracy", None)
