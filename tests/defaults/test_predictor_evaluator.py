import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

from naslib_ext.benchmarks import Benchmark, TabularBenchmark, load_benchmark
from naslib_ext.defaults.predictor_evaluator import (
    PredictorEvaluator,
    compare,
    draw_split,
    measure,
    predicted_differences,
    sign_accuracy,
)
from naslib_ext.errors import ConfigError, NaslibExtError
from naslib_ext.naslib_bridge.adapters import light_architecture
from naslib_ext.predictors import Predictor, get_predictor
from naslib_ext.search_spaces import get_search_space
from naslib_ext.testing.made_up import WIDE, smooth


@pytest.fixture(scope="module")
def cifar10(tables: Path) -> Benchmark:
    return load_benchmark("nasbench201", "cifar10", data_dir=tables)


class Oracle(Predictor):
    """Predicts what it is told to, turned or not."""

    def __init__(self, benchmark: Benchmark, sign: int = 1) -> None:
        super().__init__()
        self.benchmark, self.sign = benchmark, sign

    def _fit(self, codes: np.ndarray, scores: np.ndarray) -> None:
        self.seen = codes

    def _query(self, codes: np.ndarray) -> np.ndarray:
        return self.sign * self.benchmark.score(codes, "val_accuracy", 12)


# splits


def test_splits_of_a_table(cifar10: Benchmark) -> None:
    small, large, other = (
        draw_split(cifar10, "val_accuracy", 12, size, seed=seed) for size, seed in ((50, 0), (500, 0), (50, 1))
    )
    np.testing.assert_array_equal(large.train[:50], small.train)
    assert (other.train != small.train).any()
    for split, size in ((small, 50), (large, 500)):
        keys = [set(map(bytes, codes)) for codes in (split.train, split.test, split.first, split.second)]
        assert len(keys[0]) == size and len(split.test) == 15_625 - size
        assert not keys[0] & (keys[1] | keys[2] | keys[3])
        assert (cifar10.space.edit_distance(split.first, split.second) == 1).all()
    cut = draw_split(cifar10, "val_accuracy", 12, 50, test_size=300)
    assert len(cut.test) == 300


def test_splits_of_an_incomplete_table(tables: Path) -> None:
    benchmark = load_benchmark("nasbench101", "cifar10", data_dir=tables)
    split = draw_split(benchmark, "val_accuracy", 108, 72)
    assert len(split.test) == 20_001 - 72 and len(split.first) > 500
    keys = [benchmark.space.keys(codes) for codes in (split.train, split.first, split.second)]
    assert not set(keys[0]) & {*keys[1], *keys[2]}
    assert all(a != b for a, b in zip(keys[1], keys[2], strict=True))  # isomorphic neighbours are no pairs
    with pytest.raises(NaslibExtError, match="too few"):
        draw_split(load_benchmark("nasbench301", "cifar10", data_dir=tables), "val_accuracy", None, 1_218)


def test_splits_of_what_is_no_table() -> None:
    class MadeUp(Benchmark):
        def metrics(self) -> dict:
            return {"val_accuracy": [None]}

        def query(self, codes: np.ndarray, metric: str = "", epoch: int | None = None) -> np.ndarray:
            return smooth(self.space, codes)

    benchmark = MadeUp(WIDE, "made-up", "code", True)
    split = draw_split(benchmark, "val_accuracy", None, 30, test_size=200)
    assert len(np.unique(split.train, axis=0)) == 30 and 100 < len(split.test) <= 200
    result = measure(get_predictor("xgb")().bind(WIDE), benchmark, "val_accuracy", None, split)
    assert result["kendalltau"] > 0.3 and result["num_pairs"] > 1_000


# measures


@given(seed=st.integers(0, 2**32 - 1), levels=st.integers(1, 30))
@settings(max_examples=30, deadline=None)
def test_pair_accuracy_counts_pairs(seed: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    y, p = rng.integers(0, levels + 1, (2, 25)).astype(float)
    i, j = np.triu_indices(25, 1)
    expected = sign_accuracy(y[j] - y[i], p[j] - p[i])
    measured = compare(y, p)
    np.testing.assert_allclose(measured["pair_accuracy"], expected)
    if np.ptp(y) and np.ptp(p):
        assert measured["kendalltau"] == pytest.approx(kendalltau(y, p)[0])


def test_naslibs_measures() -> None:
    y = np.arange(40.0)
    assert compare(y, y + 1)["mae"] == compare(y, y + 1)["rmse"] == 1
    perfect, turned = compare(y, y / 7), compare(y, -y)
    for name in ("kendalltau", "spearman", "pearson", "pair_accuracy", "precision_10"):
        assert perfect[name] == pytest.approx(1)
    assert turned["kendalltau"] == turned["pearson"] == pytest.approx(-1) and turned["pair_accuracy"] == 0
    assert turned["precision_20"] == 0 and compare(y, y / 70)["kt_1dec"] < 1
    constant = compare(y, np.ones(40))
    assert np.isnan(constant["kendalltau"]) and constant["pair_accuracy"] == 0.5


def test_signs() -> None:
    assert sign_accuracy([1, -1, 2, 0, 3], [5, 1, 0, 7, -1]) == (1 + 0 + 0.5 + 0) / 4
    assert np.isnan(sign_accuracy([0, 0], [1, 2]))


@pytest.mark.parametrize(("sign", "tau", "accuracy"), [(1, 1, 1), (-1, -1, 0)])
def test_an_oracle_is_perfect(cifar10: Benchmark, sign: int, tau: float, accuracy: float) -> None:
    split = draw_split(cifar10, "val_accuracy", 12, 20)
    result = measure(Oracle(cifar10, sign).bind(cifar10.space), cifar10, "val_accuracy", 12, split)
    for suffix in ("", "_without_twins"):
        assert result[f"kendalltau{suffix}"] == pytest.approx(tau)
        assert result[f"pair_accuracy{suffix}"] == pytest.approx(accuracy)
        assert result[f"sign_accuracy{suffix}"] == accuracy


def test_twins_are_left_out(cifar10: Benchmark) -> None:
    """A predictor that knows twins of what it saw, and nothing else, gains nothing without them."""

    class Memory(Oracle):
        def _query(self, codes: np.ndarray) -> np.ndarray:
            seen = set(self.space.keys(self.seen, "canonical"))
            known = np.array([key in seen for key in self.space.keys(codes, "canonical")])
            return np.where(known, super()._query(codes), self.noise[: len(codes)])

        noise = np.random.default_rng(0).normal(70, 10, 20_000)

    split = draw_split(cifar10, "val_accuracy", 12, 1_000)
    result = measure(Memory(cifar10).bind(cifar10.space), cifar10, "val_accuracy", 12, split)
    space = cifar10.space
    twins = set(space.keys(split.train, "canonical"))
    assert result["num_twins"] == sum(key in twins for key in space.keys(split.test, "canonical")) > 5_000
    assert result["kendalltau"] > 0.15 and abs(result["kendalltau_without_twins"]) < 0.05


def test_a_predictors_own_differences_are_asked_for() -> None:
    class Own(Oracle):
        def difference(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return np.full(len(a), 7.0)

    space = get_search_space("nasbench201")
    codes = space.sample(3, np.random.default_rng(0))
    predictor = Own(None).bind(space)  # type: ignore[arg-type]
    assert predicted_differences(predictor, codes, codes).tolist() == [7, 7, 7]
    assert predicted_differences(predictor, codes[:0], codes[:0]).shape == (0,)


# NASLib's class


def test_naslibs_calls(tables: Path, tmp_path: Path) -> None:
    config = {
        "experiment_type": "vary_train_size", "train_size_list": [20, 80], "test_size": 500, "seed": 3, "epoch": 12,
        "save": str(tmp_path / "out"), "max_hpo_time": 0, "fidelity_single": 5, "uniform_random": True,
    }  # fmt: skip
    evaluator = PredictorEvaluator(get_predictor("xgb")(), config)
    with pytest.raises(NaslibExtError, match="adapt_search_space"):
        evaluator.evaluate()
    evaluator.adapt_search_space(light_architecture("nasbench201", "cifar10", data_dir=tables), load_labeled=False)
    results = evaluator.evaluate()
    assert [result["train_size"] for result in results[1:]] == [20, 80]
    assert results[1]["kendalltau"] < results[2]["kendalltau"] and results[2]["num_test"] == 500
    written = json.loads((tmp_path / "out" / "errors.json").read_text())
    assert written[0]["seed"] == 3 and written[2]["kendalltau"] == results[2]["kendalltau"]
    assert isinstance(evaluator.benchmark, TabularBenchmark) and evaluator.space.name == "nasbench201"
    assert evaluator.compare([1, 2, 3], [1, 2, 3])["kendalltau"] == pytest.approx(1)


def test_mistakes_are_named() -> None:
    predictor = get_predictor("xgb")()
    with pytest.raises(ConfigError, match="did you mean 'test_size'"):
        PredictorEvaluator(predictor, {"test_sizee": 3})
    with pytest.raises(ConfigError, match="experiment_type"):
        PredictorEvaluator(predictor, {"experiment_type": "vary_fidelity"})
    with pytest.raises(NaslibExtError, match="no benchmark"):
        PredictorEvaluator(predictor, {}).adapt_search_space(object(), load_labeled=False)
