from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.errors import ConfigError, NaslibExtError, UnknownName
from naslib_ext.predictors import Predictor, get_predictor, list_predictors
from naslib_ext.testing.predictor import PredictorContract


class TestXGBoost(PredictorContract):
    @pytest.fixture
    def predictor(self) -> Predictor:
        return get_predictor("xgb")(num_rounds=100)


class TestXGBoostOnNASBench101(TestXGBoost):
    space_name = "nasbench101"

    def test_it_learns_a_simple_score(self, predictor: Predictor) -> None:
        """Isomorphic cells are one architecture to it: equal predictions whatever their scores."""
        codes, scores = self.data(200)
        predictor.bind(self.space).fit(codes, scores)
        assert np.array_equal(predictor.query(codes), predictor.query(self.space.canonical(codes)))


def kendall(tables: Path, labels: int) -> float:
    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    codes = benchmark.space.enumerate()
    scores = benchmark.query(codes, "test_accuracy", 200)
    train, held_out = np.split(np.random.default_rng(0).permutation(len(codes)), [labels])
    predictor = get_predictor("xgb")().bind(benchmark.space)
    predictor.fit(codes[train], scores[train])
    return float(kendalltau(predictor.query(codes[held_out]), scores[held_out])[0])


def test_more_labels_rank_the_real_table_better(tables: Path) -> None:
    few, some, many = (kendall(tables, labels) for labels in (78, 156, 1562))
    assert 0.3 < few < some < many
    assert many > 0.7


def test_registry_and_parameters() -> None:
    assert "xgb" in list_predictors()
    with pytest.raises(UnknownName, match="did you mean 'xgb'"):
        get_predictor("xgbb")
    with pytest.raises(ConfigError, match="did you mean 'max_depth'"):
        get_predictor("xgb")(max_dept=3)
    with pytest.raises(ConfigError, match="at least 1"):
        get_predictor("xgb")(max_depth=0)


def test_naslibs_hyperparameter_calls() -> None:
    predictor = get_predictor("xgb")(max_depth=4)
    assert predictor.settings["max_depth"] == 4
    predictor.reset_hyperparams()
    assert predictor.settings["max_depth"] == 6
    predictor.set_hyperparams({"max_depth": 3})
    assert predictor.settings["max_depth"] == 3
    assert predictor.get_data_reqs()["requires_partial_lc"] is False
    predictor.bind(TestXGBoost().space).fit(*TestXGBoost().data(30))
    with pytest.raises(NaslibExtError, match="uncertainty"):
        predictor.predict(TestXGBoost().data(3)[0])
