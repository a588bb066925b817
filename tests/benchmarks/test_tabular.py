from pathlib import Path

import numpy as np
import pytest

from naslib_ext.benchmarks import Benchmark, TabularBenchmark, load_benchmark
from naslib_ext.benchmarks.metrics import Column, metric_info, parse_column
from naslib_ext.errors import DataFileError, InvalidArchitecture, MissingMetric, UnknownArchitecture
from naslib_ext.search_spaces import CategoricalSearchSpace, Codes, get_search_space
from naslib_ext.testing.benchmark import BenchmarkContract, Columns

SPACE = CategoricalSearchSpace("mine", [3, 2, 4])


def made_up(maximize: bool | dict[str, bool] = True, rows: slice = slice(None)) -> TabularBenchmark:
    codes = SPACE.enumerate()[rows]
    rng = np.random.default_rng(0)
    columns = {
        "val_accuracy@4": rng.random(len(codes)),
        "val_accuracy@12": rng.random(len(codes)),
        "test_accuracy": rng.random(len(codes)),
        "val_loss": rng.random(len(codes)),
        "train_time_s": rng.random(len(codes)) + 1,
        "zen": rng.random(len(codes)),
        "latency_ms/pixel3": rng.random(len(codes)),
        "something": rng.random(len(codes)),
    }
    return TabularBenchmark(SPACE, codes, columns, "made_up", maximize)


class TestMadeUp(BenchmarkContract):
    @pytest.fixture
    def benchmark(self) -> Benchmark:
        return made_up()


class TestNASBench201(BenchmarkContract):
    @pytest.fixture
    def benchmark(self, tables: Path) -> Benchmark:
        return load_benchmark("nasbench201", "cifar10", data_dir=tables)

    @pytest.fixture
    def columns(self, benchmark: Benchmark) -> Columns:
        return [("val_accuracy", 12), ("val_accuracy", 200), ("test_accuracy", 200), ("zen", None), ("flops", None)]


class TestNASBench101(BenchmarkContract):
    """A part of the space, told apart by canonical form."""

    @pytest.fixture
    def benchmark(self, tables: Path) -> Benchmark:
        return load_benchmark("nasbench101", "cifar10", data_dir=tables)

    @pytest.fixture
    def columns(self, benchmark: Benchmark) -> Columns:
        return [("val_accuracy", epoch) for epoch in (4, 12, 36, 108)] + [("params", None), ("train_time_s", None)]

    @pytest.fixture
    def codes(self, benchmark: Benchmark) -> Codes:
        assert isinstance(benchmark, TabularBenchmark)
        return relabelled(benchmark.codes[::500])


def relabelled(codes: Codes) -> Codes:
    """The same functions with dead operations changed, where there are dead vertices."""
    space = get_search_space("nasbench101")
    changed = codes.copy()
    changed[:, 21:][space.operations(codes) < 0] = 2
    assert (changed != codes).any()
    return changed


def test_directions() -> None:
    usual = made_up()
    assert {name: usual.direction(name) for name in usual.metrics()} == {
        "val_accuracy": 1, "test_accuracy": 1, "val_loss": -1, "train_time_s": -1, "zen": 1, "latency_ms/pixel3": -1,
        "something": 1,
    }  # fmt: skip
    mixed = made_up({"something": False, "val_loss": True})
    assert (mixed.direction("something"), mixed.direction("val_loss"), mixed.direction("val_accuracy")) == (-1, 1, 1)
    least = made_up(False)
    assert least.direction("val_accuracy") == -1 and least.direction("something") == -1


def test_the_optimum_follows_the_direction() -> None:
    benchmark = made_up({"something": False})
    for metric, best in (("val_accuracy", np.max), ("something", np.min), ("val_loss", np.min)):
        assert benchmark.optimum(metric) == best(benchmark.query(SPACE.enumerate(), metric))
    assert benchmark.optimum("val_accuracy", 4) == benchmark.query(SPACE.enumerate(), "val_accuracy", 4).max()


def test_no_optimum_of_what_is_not_there() -> None:
    for metric, epoch in (("no_such_metric", None), ("val_accuracy", 5)):
        with pytest.raises(MissingMetric):
            made_up().optimum(metric, epoch)


def test_no_optimum_of_a_part() -> None:
    assert made_up(rows=slice(1, None)).optimum("val_accuracy") is None
    assert not made_up(rows=slice(1, None)).is_complete and made_up().is_complete


def test_rows_in_any_order() -> None:
    codes = np.random.default_rng(1).permutation(SPACE.enumerate())
    values = codes @ np.array([100, 10, 1])
    benchmark = TabularBenchmark(SPACE, codes, {"val_accuracy": values}, "mine")
    everything = SPACE.enumerate()
    np.testing.assert_array_equal(benchmark.query(everything), everything @ np.array([100, 10, 1]))


def test_an_absent_architecture_is_named() -> None:
    benchmark = made_up(rows=slice(0, 10))
    codes = SPACE.enumerate()[[3, 20]]
    with pytest.raises(UnknownArchitecture, match=r"\[2, 1, 0\]"):
        benchmark.query(codes)
    with pytest.raises(UnknownArchitecture):
        made_up(rows=slice(0, 0)).query(codes)


def test_an_invalid_architecture_is_not_an_absent_one(tables: Path) -> None:
    benchmark = load_benchmark("nasbench101", "cifar10", data_dir=tables)
    with pytest.raises(InvalidArchitecture):
        benchmark.query(np.zeros((1, 26), dtype=np.int8))
    with pytest.raises(InvalidArchitecture):
        made_up(rows=slice(0, 10)).query(np.array([[0, 0, 4]], dtype=np.int8))


def test_missing_values() -> None:
    values = np.arange(24.0)
    values[5] = np.nan
    codes = SPACE.enumerate()
    benchmark = TabularBenchmark(SPACE, codes, {"val_accuracy": values, "zen": values, "flops": np.ones(24)}, "mine")
    assert benchmark.query(codes[:5]).tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(MissingMetric, match=r"val_accuracy.*\[0, 1, 1\]"):
        benchmark.query(codes[:6])
    assert benchmark.optimum() is None
    assert set(benchmark.free) == {"flops"}, "a score that some lack cannot be read freely"
    assert benchmark.holds(codes, "val_accuracy").tolist() == [row != 5 for row in range(24)]
    part = TabularBenchmark(SPACE, codes[:8], {"val_accuracy": values[:8]}, "mine")
    assert np.flatnonzero(part.holds(codes, "val_accuracy")).tolist() == [0, 1, 2, 3, 4, 6, 7]
    assert not made_up(rows=slice(0, 0)).holds(codes, "val_accuracy").any()


def test_a_missing_value_is_named_as_it_was_asked_for(tables: Path) -> None:
    benchmark = load_benchmark("nasbench301", "cifar10", data_dir=tables)
    assert isinstance(benchmark, TabularBenchmark)
    lacking = benchmark.codes[~benchmark.holds(benchmark.codes, "val_accuracy")]
    assert len(lacking) == 12_439 - 1_218
    with pytest.raises(MissingMetric, match="val_accuracy"):
        benchmark.query(lacking[:1])


def test_free_scores_are_those_that_need_no_training() -> None:
    assert set(made_up().free) == {"zen", "latency_ms/pixel3"}


def test_test_metric() -> None:
    assert made_up().test_metric("val_accuracy") == "test_accuracy"
    assert made_up().test_metric("val_loss") is None and made_up().test_metric("zen") == "zen"


@pytest.mark.parametrize("row", [0, 7])
def test_rows_that_are_the_same_are_refused(row: int) -> None:
    codes = np.concatenate([SPACE.enumerate(), SPACE.enumerate()[[row]]])
    with pytest.raises(DataFileError, match="same architecture"):
        TabularBenchmark(SPACE, codes, {"val_accuracy": np.zeros(25)}, "mine")


def test_rows_that_are_the_same_by_their_key_are_refused(tables: Path) -> None:
    space = get_search_space("nasbench101")
    benchmark = load_benchmark("nasbench101", "cifar10", data_dir=tables)
    assert isinstance(benchmark, TabularBenchmark)
    one = benchmark.codes[space.operations(benchmark.codes).min(axis=1) < 0][:1]
    codes, values = np.concatenate([one, relabelled(one)]), {"val_accuracy": [1.0, 2.0]}
    with pytest.raises(DataFileError, match="same architecture"):
        TabularBenchmark(space, codes, values, "mine", key="canonical")
    apart = TabularBenchmark(space, codes, values, "mine", key="code")
    assert apart.query(codes).tolist() == [1, 2]


def test_arrays_that_do_not_fit_are_refused() -> None:
    codes = SPACE.enumerate()
    for values in (np.zeros(23), np.zeros((24, 1)), np.zeros(())):
        with pytest.raises(DataFileError, match="val_accuracy"):
            TabularBenchmark(SPACE, codes, {"val_accuracy": values}, "mine")
    with pytest.raises(InvalidArchitecture):
        TabularBenchmark(SPACE, codes + 1, {"val_accuracy": np.zeros(24)}, "mine")


def test_column_names() -> None:
    assert parse_column("val_accuracy@12") == Column("val_accuracy", 12)
    assert parse_column("zen") == Column("zen", None)
    assert [str(parse_column(name)) for name in ("a@3", "b/c")] == ["a@3", "b/c"]
    for wrong in ("a@", "a@x", "a@-1", "a@1.5"):
        with pytest.raises(ValueError):
            parse_column(wrong)
    assert metric_info("latency_ms/pixel3").unit == "ms" and metric_info("unheard_of").maximize
