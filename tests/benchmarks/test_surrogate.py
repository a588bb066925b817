"""Surrogates, fitted small: few members and rounds on NAS-Bench-301's partial table."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau

from naslib_ext.benchmarks import Benchmark, Table, TabularBenchmark, load_benchmark
from naslib_ext.benchmarks.metrics import parse_column
from naslib_ext.benchmarks.surrogate import SurrogateBenchmark
from naslib_ext.benchmarks.table import save_table
from naslib_ext.errors import DataFileError, InvalidArchitecture, MissingMetric
from naslib_ext.search_spaces import CategoricalSearchSpace, get_search_space
from naslib_ext.testing.benchmark import BenchmarkContract
from naslib_ext.testing.optimizer import smooth

MEMBERS, ROUNDS = 2, 120
SPACE = CategoricalSearchSpace("mine", [4] * 6)


@pytest.fixture(scope="module")
def table(tables: Path) -> TabularBenchmark:
    benchmark = load_benchmark("nasbench301", "cifar10", data_dir=tables)
    assert isinstance(benchmark, TabularBenchmark)
    return benchmark


@pytest.fixture(scope="module")
def surrogate(table: TabularBenchmark) -> SurrogateBenchmark:
    return SurrogateBenchmark.fit(table, ["val_accuracy", "params"], MEMBERS, rounds=ROUNDS)


@pytest.fixture(scope="module")
def surrogate_of_functions(tables: Path) -> SurrogateBenchmark:
    """NAS-Bench-201 with one row a function, which is not how its space tells architectures apart."""
    whole = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    assert isinstance(whole, TabularBenchmark)
    codes = np.unique(whole.space.canonical(whole.codes), axis=0)
    part = TabularBenchmark(whole.space, codes, {"val_accuracy": whole.query(codes)}, "cifar10", key="canonical")
    return SurrogateBenchmark.fit(part, ["val_accuracy"], MEMBERS, rounds=20)


@pytest.fixture(scope="module")
def surrogate_101(tables: Path) -> SurrogateBenchmark:
    whole = load_benchmark("nasbench101", "cifar10", data_dir=tables)
    assert isinstance(whole, TabularBenchmark)
    names = ("val_accuracy@4", "val_accuracy@108", "train_time_s")
    codes = whole.codes[::10]
    values = {name: whole.query(codes, *parse_column(name)) for name in names}
    part = TabularBenchmark(whole.space, codes, values, "cifar10", key="canonical")
    return SurrogateBenchmark.fit(part, list(names), MEMBERS, rounds=60)


def made_up(rows: int = 600, **columns: np.ndarray) -> Table:
    codes = np.random.default_rng(0).permutation(SPACE.enumerate())[:rows]
    values = {"here/val_accuracy": smooth(SPACE, codes) - 5}
    return Table(SPACE, codes, values | {f"here/{name}": column for name, column in columns.items()}, ["here"])


class TestNASBench301(BenchmarkContract):
    @pytest.fixture
    def benchmark(self, surrogate: SurrogateBenchmark) -> Benchmark:
        return surrogate


class TestFunctions(BenchmarkContract):
    @pytest.fixture
    def benchmark(self, surrogate_of_functions: Benchmark) -> Benchmark:
        return surrogate_of_functions


class TestNASBench101(BenchmarkContract):
    """The key is the canonical form, and training seconds are known."""

    @pytest.fixture
    def benchmark(self, surrogate_101: Benchmark) -> Benchmark:
        return surrogate_101


def test_quality_is_that_of_rows_it_has_not_seen(table: TabularBenchmark, surrogate: SurrogateBenchmark) -> None:
    quality = surrogate.quality["val_accuracy"]
    assert quality.kendalltau > 0.6 and quality.r2 > 0.5
    assert quality.held_out == 121
    known = table.codes[table.holds(table.codes, "val_accuracy")]
    # the split that seed 0 draws, so that the reported number can be had again
    held_out = known[np.random.default_rng(0).permutation(len(known))[:121]]
    truth, predicted = table.query(held_out), surrogate.query(held_out)
    assert kendalltau(truth, predicted)[0] == pytest.approx(quality.kendalltau)
    assert 1 - np.mean((truth - predicted) ** 2) / np.var(truth) == pytest.approx(quality.r2)


def test_every_architecture_has_a_believable_answer(table: TabularBenchmark, surrogate: SurrogateBenchmark) -> None:
    codes = get_search_space("nasbench301").sample(2_000, np.random.default_rng(1))
    values = surrogate.query(codes)
    known = table.query(table.codes[table.holds(table.codes, "val_accuracy")])
    assert np.isfinite(values).all() and len(np.unique(values)) > 1_000
    assert known.min() - 1 < values.min() and values.max() < min(100, known.max() + 1)
    assert surrogate.metrics() == {"params": [None], "val_accuracy": [None]}
    assert surrogate.optimum() is None and not surrogate.has_cost


def test_an_invalid_architecture_is_refused(surrogate: SurrogateBenchmark) -> None:
    with pytest.raises(InvalidArchitecture):
        surrogate.query(np.zeros((1, 32), dtype=np.int8))


def test_round_trip(surrogate: SurrogateBenchmark, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "surrogate.npz"
    surrogate.save(path)
    loaded = SurrogateBenchmark.load(path)
    codes = surrogate.space.sample(300, np.random.default_rng(2))
    for metric in ("val_accuracy", "params"):
        np.testing.assert_array_equal(loaded.query(codes, metric), surrogate.query(codes, metric))
        assert loaded.direction(metric) == surrogate.direction(metric)
    assert loaded.quality == surrogate.quality and loaded.metrics() == surrogate.metrics()
    assert loaded.space is surrogate.space and loaded.name == surrogate.name and loaded.key == surrogate.key


def test_the_same_fit_gives_the_same_file(tmp_path: Path) -> None:
    part = made_up().benchmark("here")
    for name in ("one", "other"):
        SurrogateBenchmark.fit(part, ["val_accuracy"], MEMBERS, rounds=20).save(tmp_path / name)
    SurrogateBenchmark.fit(part, ["val_accuracy"], MEMBERS, seed=1, rounds=20).save(tmp_path / "third")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes() != (tmp_path / "third").read_bytes()


@pytest.mark.parametrize("kept", [0, 1_000, -1])
def test_a_damaged_file_is_named(surrogate: SurrogateBenchmark, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "surrogate.npz"
    surrogate.save(path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataFileError, match=r"surrogate\.npz"):
        SurrogateBenchmark.load(path)


def test_other_files_are_named(tables: Path, tmp_path: Path) -> None:
    for path in (tables / "nasbench201.npz", tmp_path / "nothing.npz"):
        with pytest.raises(DataFileError, match=path.name):
            SurrogateBenchmark.load(path)


def test_too_few_rows() -> None:
    with pytest.raises(DataFileError, match=r"mine/here: 29 values of val_accuracy are too few"):
        SurrogateBenchmark.fit(made_up(29).benchmark("here"), ["val_accuracy"], 3, rounds=5)
    values = np.r_[np.arange(25.0), np.full(75, np.nan)]
    part = made_up(100, val_loss=values).benchmark("here")
    with pytest.raises(DataFileError, match="25 values of val_loss"):
        SurrogateBenchmark.fit(part, ["val_loss"], 3, rounds=5)


def test_an_unknown_column() -> None:
    with pytest.raises(MissingMetric):
        SurrogateBenchmark.fit(made_up().benchmark("here"), ["val_loss"], 3, rounds=5)


def test_rows_without_a_value_are_left_out() -> None:
    whole = made_up(400)
    values = whole.columns["here/val_accuracy"].copy()
    values[300:] = np.nan
    partial = Table(SPACE, whole.codes, {"here/val_accuracy": values}, ["here"])
    short = Table(SPACE, whole.codes[:300], {"here/val_accuracy": values[:300]}, ["here"])
    one, other = (
        SurrogateBenchmark.fit(table.benchmark("here"), ["val_accuracy"], MEMBERS, rounds=20)
        for table in (partial, short)
    )
    np.testing.assert_array_equal(one.query(SPACE.enumerate()), other.query(SPACE.enumerate()))


def test_values_that_are_no_percentages(tmp_path: Path) -> None:
    """Losses keep their scale and direction, also below zero; so does a direction that the table names."""
    table = made_up()
    loss = -table.columns["here/val_accuracy"] / 50
    odd = TabularBenchmark(
        SPACE, table.codes, {"val_loss": loss, "ssim": 1 + loss / 2, "neg_loss": loss}, "here", {"neg_loss": False}
    )
    surrogate = SurrogateBenchmark.fit(odd, ["val_loss", "ssim", "neg_loss"], MEMBERS, rounds=ROUNDS)
    surrogate.save(tmp_path / "odd.npz")
    for fitted in (surrogate, SurrogateBenchmark.load(tmp_path / "odd.npz")):
        for metric in ("val_loss", "ssim", "neg_loss"):
            truth, predicted = odd.query(table.codes, metric), fitted.query(table.codes, metric)
            assert kendalltau(truth, predicted)[0] > 0.6
            assert abs(truth.mean() - predicted.mean()) < truth.std() / 4
            assert fitted.direction(metric) == odd.direction(metric)
    assert [surrogate.direction(metric) for metric in ("val_loss", "ssim", "neg_loss")] == [-1, 1, -1]


def test_a_fit_that_found_nothing_can_be_kept(tmp_path: Path) -> None:
    """On so few rows the trees have no split: a constant has no rank correlation."""
    surrogate = SurrogateBenchmark.fit(made_up(60).benchmark("here"), ["val_accuracy"], MEMBERS, rounds=5)
    surrogate.save(tmp_path / "constant.npz")
    loaded = SurrogateBenchmark.load(tmp_path / "constant.npz")
    assert np.isnan(loaded.quality["val_accuracy"].kendalltau)
    np.testing.assert_array_equal(loaded.query(SPACE.enumerate()), surrogate.query(SPACE.enumerate()))


# through load_benchmark


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache in a fresh folder, and fits of few rounds, counted by lines of the file ``fits``."""
    whole = SurrogateBenchmark.fit.__func__  # type: ignore[attr-defined]

    def quick(cls: type, table: TabularBenchmark, columns: list[str]) -> SurrogateBenchmark:
        with (tmp_path / "fits").open("a") as file:
            file.write(f"{table.name} {columns}\n")
        fitted: SurrogateBenchmark = whole(cls, table, columns, members=2, rounds=20)
        return fitted

    monkeypatch.setattr(SurrogateBenchmark, "fit", classmethod(quick))
    monkeypatch.setenv("NASLIB_EXT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def fits(cache: Path) -> list[str]:
    file = cache.parent / "fits"
    return file.read_text().splitlines() if file.exists() else []


def test_it_is_fitted_once_and_kept(cache: Path, tmp_path: Path) -> None:
    times = np.linspace(1, 2, 600)
    save_table(made_up(train_time_s=times, zen=times), tmp_path / "data")
    benchmark = load_benchmark("mine", "here", kind="surrogate", data_dir=tmp_path / "data")
    assert isinstance(benchmark, SurrogateBenchmark) and benchmark.has_cost
    assert fits(cache) == ["mine/here ['val_accuracy', 'train_time_s']"]
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert len(files) == 1 and files[0].name.startswith("mine-here-")
    again = load_benchmark("mine", "here", kind="surrogate", data_dir=tmp_path / "data")
    assert len(fits(cache)) == 1
    codes = SPACE.enumerate()
    np.testing.assert_array_equal(again.query(codes), benchmark.query(codes))
    np.testing.assert_array_equal(SurrogateBenchmark.load(files[0]).query(codes), benchmark.query(codes))
    assert again.space.cardinalities.tolist() == [4] * 6 and again.space.is_valid(codes).all()


def test_another_content_is_another_surrogate(cache: Path, tmp_path: Path) -> None:
    for number, table in enumerate((made_up(), made_up(500), made_up(zen=np.ones(600)))):
        save_table(table, tmp_path / str(number))
        load_benchmark("mine", "here", kind="surrogate", data_dir=tmp_path / str(number))
    assert len(fits(cache)) == 2, "a column that is not fitted does not matter"


def test_test_accuracy_where_there_is_nothing_else(cache: Path, tables: Path) -> None:
    benchmark = load_benchmark("nasbench_macro", "cifar10", kind="surrogate", data_dir=tables)
    assert benchmark.metrics() == {"test_accuracy": [None]}
    assert fits(cache) == ["nasbench_macro/cifar10 ['test_accuracy']"]


def test_the_longest_schedule_is_fitted(cache: Path, tables: Path) -> None:
    benchmark = load_benchmark("nasbench201", "cifar10", kind="surrogate", data_dir=tables)
    assert benchmark.metrics() == {"val_accuracy": [200]}
    table = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    codes = table.space.sample(300, np.random.default_rng(0))
    assert kendalltau(benchmark.query(codes), table.query(codes, epoch=200))[0] > 0.6


def test_no_table_no_surrogate(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=str(tmp_path)):
        load_benchmark("nasbench201", "cifar10", kind="surrogate", data_dir=tmp_path)
    assert not fits(cache) and not cache.exists()


def test_two_processes_may_keep_the_same_surrogate(tmp_path: Path) -> None:
    """Each writes beside under a name of its own, so neither moves the other's half-written file into place."""
    path = tmp_path / "surrogate.npz"
    save = "from pathlib import Path; from naslib_ext.atomic import write_atomically\n" + (
        f"for _ in range(150): write_atomically(Path({str(path)!r}), bytes(300_000))"
    )
    writers = [subprocess.Popen([sys.executable, "-c", save], stderr=subprocess.PIPE) for _ in range(2)]
    for writer in writers:
        _, errors = writer.communicate(timeout=300)
        assert writer.returncode == 0, errors.decode()
    assert path.read_bytes() == bytes(300_000) and list(tmp_path.iterdir()) == [path]
