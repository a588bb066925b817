from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from naslib_ext.benchmarks import Benchmark
from naslib_ext.benchmarks.images import ImageDataset
from naslib_ext.benchmarks.made_images import make_shapes
from naslib_ext.benchmarks.schedule import Schedule, num_batches
from naslib_ext.benchmarks.training import TrainingBenchmark
from naslib_ext.errors import ConfigError, MissingMetric, UnsupportedSpace
from naslib_ext.search_spaces import CategoricalSearchSpace, Codes, get_search_space
from naslib_ext.testing.benchmark import BenchmarkContract

SPACE = get_search_space("nasbench201")
CODES = SPACE.check([[2, 2, 2, 2, 2, 2], [1, 0, 3, 2, 4, 0], [0, 0, 0, 0, 0, 0]])
TINY = Schedule(epochs=2, batch_size=32, network={"init_channels": 2, "cells_per_stage": 1})
METRICS = ("val_accuracy", "val_loss", "train_loss", "test_accuracy")


@lru_cache
def images() -> ImageDataset:
    return make_shapes((60, 20, 20))


def live(schedule: Schedule = TINY, **options: Any) -> TrainingBenchmark:
    return TrainingBenchmark(SPACE, images(), schedule, device="cpu", **options)


def answers(benchmark: TrainingBenchmark, codes: Codes = CODES) -> np.ndarray:
    return np.array([benchmark.query(codes, metric, 2) for metric in METRICS])


@pytest.fixture(scope="module")
def trained() -> TrainingBenchmark:
    return live(timed=True)


@pytest.fixture(scope="module")
def trained_canonical() -> TrainingBenchmark:
    return live(replace(TINY, epochs=1, seeds=2), key="canonical")


class TestContract(BenchmarkContract):
    @pytest.fixture
    def benchmark(self, trained: TrainingBenchmark) -> Benchmark:
        return trained

    @pytest.fixture
    def codes(self, benchmark: Benchmark) -> Codes:
        return benchmark.space.sample(12, np.random.default_rng(0))


class TestContractOfCanonicalCodes(BenchmarkContract):
    @pytest.fixture
    def benchmark(self, trained_canonical: TrainingBenchmark) -> Benchmark:
        return trained_canonical

    @pytest.fixture
    def codes(self, benchmark: Benchmark) -> Codes:
        return benchmark.space.sample(10, np.random.default_rng(0))


# determinism


def test_a_value_depends_on_architecture_and_seed_alone() -> None:
    values = answers(live())
    torch.manual_seed(5)
    np.random.seed(5)
    backwards = live()
    np.testing.assert_array_equal(answers(backwards, CODES[::-1].copy())[:, ::-1], values)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        np.testing.assert_array_equal(answers(live()), values)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert (answers(live(seed=1))[1:3] != values[1:3]).all(), "losses differ with the seed"


def test_torchs_generator_is_left_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    benchmark = live()
    benchmark.query(CODES)
    benchmark.free["params"](CODES)
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)


def test_seeds_are_averaged() -> None:
    singles = [answers(live(seed=seed)) for seed in (4, 5)]
    both = live(replace(TINY, seeds=2), seed=4, timed=True)
    np.testing.assert_allclose(answers(both), np.mean(singles, axis=0))
    np.testing.assert_allclose(both.cost(CODES), 2 * both.query(CODES, "train_time_s"))


def test_codes_of_one_function_are_one_training() -> None:
    twins = SPACE.check([[2, 1, 1, 1, 1, 1], [3, 1, 1, 1, 1, 1]])  # nothing gets through
    assert np.array_equal(*SPACE.canonical(twins))
    benchmark = live(key="canonical")
    values = benchmark.query(twins, "train_loss")
    assert values[0] == values[1] and benchmark.trainings == 1
    benchmark = live()
    benchmark.query(twins)
    assert benchmark.trainings == 2


# learning


def test_it_learns() -> None:
    schedule = Schedule(epochs=6, batch_size=16, network={"init_channels": 6, "cells_per_stage": 1})
    dataset = make_shapes((300, 100, 100), noise=0)
    benchmark = TrainingBenchmark(SPACE, dataset, schedule, device="cpu")
    curve = benchmark.learning_curves(CODES[:1])
    assert curve.shape == (1, 6) and curve[0, -1] > max(60, curve[0, 0])
    losses = benchmark.learning_curves(CODES[:1], "train_loss")[0]
    assert losses[-1] < losses[0]
    seconds = benchmark.learning_curves(CODES[:1], "train_time_s")[0]
    assert (np.diff(seconds) > 0).all() and seconds[-1] < 30


def test_directions_and_test_metric() -> None:
    benchmark = live()
    assert [benchmark.direction(metric) for metric in METRICS] == [1, -1, -1, 1]
    assert benchmark.test_metric("val_accuracy") == "test_accuracy" and benchmark.optimum() is None
    assert benchmark.metrics()["test_accuracy"] == [2] and benchmark.metrics()["val_accuracy"] == [1, 2]
    for metric in ("test_accuracy", "no_such_metric"):
        with pytest.raises(MissingMetric):
            benchmark.learning_curves(CODES, metric)


def test_seconds_stay_out_unless_asked_for() -> None:
    benchmark = live()
    assert not benchmark.has_cost
    with pytest.raises(MissingMetric, match="timed=True"):
        benchmark.cost(CODES)
    assert live(timed=True).has_cost and benchmark.trainings == 0


def test_divergence_is_a_recorded_failure(tmp_path: Path) -> None:
    absurd = replace(TINY, lr=1e30, cosine=False)
    benchmark = live(absurd, cache=tmp_path / "cache")
    assert np.isnan(benchmark.query(CODES[:2])).all() and np.isnan(benchmark.query(CODES[:2], "test_accuracy")).all()
    assert np.isfinite(benchmark.query(CODES[:2], "train_time_s")).all()
    again = live(absurd, cache=tmp_path / "cache")
    assert np.isnan(again.query(CODES[:2])).all() and again.trainings == 0
    assert np.isnan(live(replace(absurd, seeds=2)).query(CODES[:1])).all()


# cache


def test_a_hit_trains_nothing(tmp_path: Path) -> None:
    first = live(cache=tmp_path / "cache")
    values = answers(first, np.repeat(CODES, 2, axis=0))
    assert first.trainings == 3
    second = live(cache=tmp_path / "cache", timed=True)
    np.testing.assert_array_equal(answers(second), values[:, ::2])
    np.testing.assert_array_equal(second.cost(CODES), first.query(CODES, "train_time_s"))
    assert second.trainings == 0


@pytest.mark.parametrize("change", [{"lr": 0.05}, {"network": {"init_channels": 3, "cells_per_stage": 1}}])
def test_another_schedule_is_another_training(tmp_path: Path, change: dict[str, Any]) -> None:
    live(cache=tmp_path / "cache").query(CODES[:1])
    other = live(replace(TINY, **change), cache=tmp_path / "cache")
    other.query(CODES[:1])
    assert other.trainings == 1
    more_seeds = live(replace(TINY, seeds=2), cache=tmp_path / "cache")
    more_seeds.query(CODES[:1])
    assert more_seeds.trainings == 1


def _query(path: Path) -> tuple[list[float], int]:
    benchmark = live(cache=path)
    return benchmark.query(SPACE.enumerate()[5_000::2_500]).tolist(), benchmark.trainings


def test_two_processes_share_the_trainings(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        (values, mine), (same, theirs) = pool.map(_query, [tmp_path / "cache"] * 2)
    assert values == same == _query(tmp_path / "alone")[0]
    assert mine + theirs == len(values)


def test_an_interrupted_training_gives_its_claim_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    benchmark = live(cache=tmp_path / "cache")

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(benchmark, "_train", interrupt)
        with pytest.raises(KeyboardInterrupt):
            benchmark.query(CODES[:1])
    assert np.isfinite(live(cache=tmp_path / "cache").query(CODES[:1])).all()


# other data and spaces


def test_own_arrays() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 90)
    pixels = rng.integers(0, 60, (90, 3, 9, 7)) + 60 * labels[:, None, None, None]
    dataset = ImageDataset.from_arrays("brightness", pixels.astype(np.uint8), labels)
    benchmark = TrainingBenchmark(SPACE, dataset, replace(TINY, epochs=8, batch_size=8), device="cpu")
    assert benchmark.name == "nasbench201/brightness" and benchmark.query(CODES[:1])[0] > 60


def test_another_space() -> None:
    space = get_search_space("nasbench101")
    schedule = Schedule(epochs=1, network={"init_channels": 4, "stacks": 2, "cells_per_stack": 1})
    benchmark = TrainingBenchmark(space, images(), schedule, device="cpu")
    codes = space.sample(2, np.random.default_rng(0))
    assert benchmark.key == space.key and np.isfinite(benchmark.query(codes)).all()
    with pytest.raises(UnsupportedSpace):
        TrainingBenchmark(CategoricalSearchSpace("mine", [2]), images())


def test_free_scores() -> None:
    benchmark = live()
    params, flops = (benchmark.free[name](CODES) for name in ("params", "flops"))
    assert params[0] > params[1] > params[2] > 0 and flops[0] > flops[1] > flops[2] > 0
    assert benchmark.trainings == 0


# schedules


def test_identity_of_schedules() -> None:
    assert Schedule(lr=1).identity == Schedule(lr=1.0, seeds=3).identity != Schedule(lr=2).identity
    assert Schedule(network={"a": 1, "b": 2}).identity == Schedule(network={"b": 2, "a": 1}).identity
    assert len({Schedule(), Schedule(), Schedule(epochs=9)}) == 2
    assert Schedule(lr=0.4).rate(0.5) == pytest.approx(0.2) and Schedule(lr=0.4, cosine=False).rate(0.5) == 0.4


@pytest.mark.parametrize(("images", "size", "batches"), [(64, 32, 2), (65, 32, 3), (7, 3, 3), (7, 2, 3), (2, 9, 1)])
def test_a_batch_has_two_images_at_least(images: int, size: int, batches: int) -> None:
    assert num_batches(images, size) == batches


def test_odd_numbers_of_images_in_pairs_on_maps_of_one_pixel() -> None:
    data = ImageDataset.from_arrays("odd", np.ones((15, 2, 2)), np.arange(15) % 2)
    schedule = Schedule(epochs=1, batch_size=2, network={"init_channels": 2, "cells_per_stage": 1, "stages": 2})
    assert len(data.train.labels) % 2
    assert np.isfinite(TrainingBenchmark(SPACE, data, schedule, device="cpu").query([[2] * 6], "train_loss"))


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": 0}, {"batch_size": 1}, {"lr": -1}, {"lr": float("nan")}, {"seeds": 0}, {"epochs": 1.5}, {"network": 3}],
)
def test_impossible_schedules(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Schedule(**wrong)
