from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.errors import UnknownName
from naslib_ext.predictors import Predictor, get_predictor
from naslib_ext.search_spaces import get_search_space, list_search_spaces
from naslib_ext.testing.predictor import PredictorContract

NB201 = get_search_space("nasbench201")


def predictor(**settings: object) -> Predictor:
    return get_predictor("structure_gp")(**settings)


class TestContract(PredictorContract):
    @pytest.fixture
    def predictor(self) -> Predictor:
        return predictor()


@pytest.mark.parametrize("name", list_search_spaces())
def test_every_space(name: str) -> None:
    space = get_search_space(name)
    codes = space.sample(60, np.random.default_rng(0))
    scores = np.random.default_rng(1).normal(size=60)
    fitted = predictor().bind(space)
    fitted.fit(codes, scores)
    mean, std = fitted.predict(codes[:10])
    np.testing.assert_allclose(mean, fitted.query(codes[:10]), atol=1e-4)
    assert (std > 0).all()


def test_it_is_as_good_as_the_prototype(tables: Path) -> None:
    """Kendall's tau on held-out cells: prototypes of other make reached 0.82 and 0.86 in three trials."""
    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    codes, scores = NB201.enumerate(), None
    scores = benchmark.score(codes, "test_accuracy", 200)
    for labels, least in ((78, 0.79), (156, 0.83)):
        taus = []
        for trial in range(5):
            order = np.random.default_rng(trial).permutation(len(codes))
            fitted = predictor().bind(NB201, seed=trial)
            fitted.fit(codes[order[:labels]], scores[order[:labels]])
            test = order[labels : labels + 3_000]
            taus.append(kendalltau(fitted.query(codes[test]), scores[test])[0])
        assert np.mean(taus) > least


def test_uncertainty_is_calibrated(tables: Path) -> None:
    """About two thirds of the architectures lie within one standard deviation."""
    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    codes = NB201.sample(1_500, np.random.default_rng(0))
    scores = benchmark.score(codes, "test_accuracy", 200)
    fitted = predictor().bind(NB201)
    fitted.fit(codes[:300], scores[:300])
    mean, std = fitted.predict(codes[300:])
    assert 0.55 < (np.abs(mean - scores[300:]) < std).mean() < 0.9


def test_the_scores_unit_does_not_matter() -> None:
    codes = NB201.sample(100, np.random.default_rng(0))
    scores = (codes == 2).sum(axis=1) + 0.01 * np.arange(100)
    one, other = (predictor().bind(NB201) for _ in range(2))
    one.fit(codes, scores)
    other.fit(codes, -3 + 1e-3 * scores)
    np.testing.assert_allclose(other.query(codes), -3 + 1e-3 * one.query(codes), atol=1e-5)


def test_zero_cost_scores_are_seen() -> None:
    """A target that nothing but the free score tells."""
    numbers = np.random.default_rng(0).normal(size=NB201.size)
    free = {"mine": lambda codes: np.exp(numbers[NB201._index(np.asarray(codes))]), "latency_ms/phone": None}
    codes = NB201.sample(400, np.random.default_rng(1))
    target = numbers[NB201._index(codes)]
    taus = {}
    for zero_cost in ("none", "all", "mine"):
        fitted = predictor(zero_cost=zero_cost).bind(NB201, free=free)
        fitted.fit(codes[:200], target[:200])
        taus[zero_cost] = kendalltau(fitted.query(codes[200:]), target[200:])[0]
    assert taus["all"] == taus["mine"] > 0.8 > 0.2 > taus["none"]
    with pytest.raises(UnknownName, match="zero-cost score"):
        predictor(zero_cost="yours").bind(NB201, free=free).fit(codes, target)


def test_a_zero_cost_score_that_is_constant_or_fails_does_no_harm() -> None:
    codes = NB201.sample(50, np.random.default_rng(1))
    free = {
        "constant": lambda codes: np.ones(len(codes)),
        "failing": lambda codes: np.where(codes[:, 0] == 2, np.nan, 1),
    }
    fitted = predictor(zero_cost="all").bind(NB201, free=free)
    fitted.fit(codes, codes.sum(axis=1))
    assert np.isfinite(fitted.query(NB201.enumerate()[:100])).all()
