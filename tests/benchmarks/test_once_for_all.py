from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.benchmarks.once_for_all import NUM_FEATURES, OnceForAllPredictor, load_predictor
from naslib_ext.errors import ConfigError, DataFileError, InvalidArchitecture, MissingMetric, UnknownName
from naslib_ext.networks import build_network
from naslib_ext.networks.measure import count_flops
from naslib_ext.search_spaces import get_search_space
from naslib_ext.testing.benchmark import BenchmarkContract

SPACE = get_search_space("mobilenet")
BIG = np.full((1, 20), 9, dtype=np.int8)
SMALL = np.tile(np.array([1, 1, 0, 0], dtype=np.int8), (1, 5))


def layers(rng: np.random.Generator, *sizes: int) -> list[tuple[np.ndarray, np.ndarray]]:
    pairs = pairwise(sizes)
    return [(rng.normal(size=(b, a)).astype(np.float32), rng.normal(size=b).astype(np.float32)) for a, b in pairs]


class TestContract(BenchmarkContract):
    @pytest.fixture
    def benchmark(self) -> OnceForAllPredictor:
        return OnceForAllPredictor(layers(np.random.default_rng(0), NUM_FEATURES, 5, 1))


@pytest.fixture
def published(tables: Path) -> OnceForAllPredictor:
    predictor = load_predictor([tables])
    if predictor is None:
        pytest.skip("no accuracy predictor among the tables")
    return predictor


def test_the_indicators_are_those_of_the_published_encoding() -> None:
    """Kernels 20 x {3, 5, 7}, expansions 20 x {3, 4, 6}, zeros for absent layers, resolution (r - 112) // 16."""
    code = np.tile(np.array([6, 7, 1, 0], dtype=np.int8), 5)  # 5x5 expansion 6, 7x7 expansion 3, 3x3 expansion 3
    expected = np.zeros(NUM_FEATURES)
    for unit in range(5):
        for place, (kernel, expansion) in enumerate(((1, 2), (2, 0), (0, 0))):
            layer = 4 * unit + place
            expected[[3 * layer + kernel, 60 + 3 * layer + expansion]] = 1
    expected[120 + (192 - 112) // 16] = 1
    for feature in range(NUM_FEATURES):
        weight = np.eye(1, NUM_FEATURES, feature, dtype=np.float32)
        predictor = OnceForAllPredictor([(weight, np.zeros(1, np.float32))], resolution=192)
        assert predictor.query(code[None])[0] == 100 * expected[feature]


@pytest.mark.parametrize(("resolution", "width"), [(224, 1.2), (224, 1.0), (176, 1.2)])
def test_multiply_adds_are_those_of_the_network(resolution: int, width: float) -> None:
    predictor = OnceForAllPredictor(layers(np.random.default_rng(0), NUM_FEATURES, 1), resolution, width)
    codes = np.concatenate([BIG, SMALL, SPACE.sample(2, np.random.default_rng(1))])
    counted = [
        count_flops(build_network(SPACE, code, width=width), (1, 3, resolution, resolution)) / 1e6 for code in codes
    ]
    np.testing.assert_allclose(predictor.free["flops"](codes), counted, rtol=1e-12)


def test_the_published_predictor_answers_in_percent(published: OnceForAllPredictor, tables: Path) -> None:
    """Once-for-All's networks reach about 80 % on ImageNet; more layers are better."""
    found = load_benchmark("mobilenet", "imagenet", data_dir=tables)
    assert isinstance(found, OnceForAllPredictor)
    assert isinstance(load_benchmark("mobilenet", "imagenet", "surrogate", tables), OnceForAllPredictor)
    codes = SPACE.sample(500, np.random.default_rng(0))
    values = found.query(codes)
    assert 75 < values.min() < values.max() < 85
    assert found.query(SMALL)[0] < np.quantile(values, 0.1) < np.quantile(values, 0.9) < found.query(BIG)[0]
    np.testing.assert_array_equal(published.query(codes), values)


def test_the_forward_pass(published: OnceForAllPredictor, tables: Path) -> None:
    """Against the layers written out, on a kernel-7 network of full depth."""
    with np.load(tables / "ofa_accuracy_predictor.npz") as arrays:
        x = np.zeros(128)
        x[2:60:3] = x[62:120:3] = x[127] = 1
        for place in (0, 2, 4, 6):
            x = arrays[f"{place}_weight"].astype(np.float64) @ x + arrays[f"{place}_bias"]
            x = np.maximum(x, 0) if place < 6 else x
    assert published.query(BIG)[0] == pytest.approx(100 * x[0], abs=1e-3)


def test_bad_input_is_refused(tables: Path, tmp_path: Path) -> None:
    good = layers(np.random.default_rng(0), NUM_FEATURES, 4, 1)
    with pytest.raises(ConfigError, match="resolution"):
        OnceForAllPredictor(good, resolution=230)
    for wrong in (good[1:], good[:1], [good[0], good[0]]):
        with pytest.raises(DataFileError):
            OnceForAllPredictor(wrong)
    predictor = OnceForAllPredictor(good)
    with pytest.raises(MissingMetric):
        predictor.query(BIG, "test_accuracy")
    with pytest.raises(InvalidArchitecture):
        predictor.query(np.zeros((1, 20), dtype=np.int8))
    np.savez(tmp_path / "ofa_accuracy_predictor.npz", **{"0_weight": good[0][0]})
    with pytest.raises(DataFileError, match="0_bias"):
        load_benchmark("mobilenet", "imagenet", data_dir=tmp_path)
    with pytest.raises((DataFileError, UnknownName)):
        load_benchmark("mobilenet", "cifar10", data_dir=tables)
