from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.predictors import Predictor, get_predictor
from naslib_ext.testing.predictor import PredictorContract


class TestOperations(PredictorContract):
    @pytest.fixture
    def predictor(self) -> Predictor:
        return get_predictor("anasod_gp")()

    def data(self, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """The order of the operations decides nothing, as the encoding has it."""
        codes, _ = super().data(n, seed)
        weights = np.array([1.0, -3.0, 2.0, 0.5, -0.5])
        return codes, 70 + weights[codes].sum(axis=1)


class TestAdjacency(PredictorContract):
    @pytest.fixture
    def predictor(self) -> Predictor:
        return get_predictor("anasod_gp")(encoding="adjacency")


def test_the_uncertainty_is_calibrated_on_the_real_table(tables: Path) -> None:
    """Of NAS-Bench-201's scores of architectures not seen, about 68 % are within a standard deviation."""
    benchmark = load_benchmark("nasbench201", "cifar100", data_dir=tables)
    codes = benchmark.space.sample(3000, np.random.default_rng(0))
    scores = benchmark.query(codes, "val_accuracy", 200)
    predictor = get_predictor("anasod_gp")().bind(benchmark.space)
    predictor.fit(codes[:300], scores[:300])
    mean, std = predictor.predict(codes[300:])
    assert 0.5 < (np.abs(scores[300:] - mean) < std).mean() < 0.95
    assert kendalltau(mean, scores[300:])[0] > 0.45


def test_architectures_of_one_encoding_are_one_to_it() -> None:
    contract = TestOperations()
    predictor = get_predictor("anasod_gp")().bind(contract.space)
    predictor.fit(*contract.data(50))
    mean, std = predictor.predict([[0, 1, 2, 2, 3, 4], [4, 2, 3, 2, 1, 0]])
    assert mean[0] == pytest.approx(mean[1]) and std[0] == pytest.approx(std[1])
