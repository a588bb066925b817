import numpy as np
import pytest

from naslib_ext.encodings.by_name import features_of
from naslib_ext.encodings.structure import structure_features, structure_matrix
from naslib_ext.errors import NaslibExtError
from naslib_ext.predictors import get_predictor
from naslib_ext.predictors.features import FEATURES, features_by_name
from naslib_ext.search_spaces import get_search_space

SPACE = get_search_space("nasbench201")
CODES = SPACE.sample(30, np.random.default_rng(0))
FREE = {
    "zen": lambda codes: np.asarray(codes).sum(axis=1) * 1.5,
    "flops": lambda codes: np.where(np.asarray(codes)[:, 0] == 0, -np.inf, 2.0),
    "latency_ms/phone": lambda codes: np.ones(len(codes)),
}


@pytest.mark.parametrize("name", FEATURES)
def test_every_encoding_has_a_row_an_architecture(name: str) -> None:
    features = features_by_name(SPACE, CODES, name, FREE)
    assert features.shape[0] == 30 and features.dtype == np.float32 and np.isfinite(features).all()
    alone = name.removesuffix("+zcp")
    if alone != name:
        both = [features_by_name(SPACE, CODES, part, FREE) for part in (alone, "zcp")]
        np.testing.assert_array_equal(features, np.concatenate(both, axis=1))


def test_they_are_what_they_are_called() -> None:
    groups = structure_features(SPACE, CODES)
    np.testing.assert_array_equal(features_by_name(SPACE, CODES, "path_counts", {}), groups["paths"])
    np.testing.assert_array_equal(features_by_name(SPACE, CODES, "structure", {}), structure_matrix(SPACE, CODES))
    np.testing.assert_array_equal(features_by_name(SPACE, CODES, "path", {}), features_of(SPACE, CODES, "path"))
    scores = features_by_name(SPACE, CODES, "zcp", FREE)
    assert scores.shape[1] == 2  # latencies are measured on a device: they are not proxies of accuracy
    np.testing.assert_array_equal(scores[:, 1], FREE["zen"](CODES))


@pytest.mark.parametrize("free", [{}, {"latency_ms/phone": FREE["latency_ms/phone"]}])
def test_zero_cost_scores_must_be_there(free: dict) -> None:
    predictor = get_predictor("xgb")(encoding="zcp").bind(SPACE, free=free)
    with pytest.raises(NaslibExtError, match="'zcp' needs zero-cost scores"):
        predictor.fit(CODES, np.arange(30))


def test_the_default_encoding_is_one_hot() -> None:
    scores = CODES.sum(axis=1)
    default, named = (get_predictor("xgb")(**kwargs).bind(SPACE) for kwargs in ({}, {"encoding": "adjacency"}))
    for predictor in (default, named):
        predictor.fit(CODES, scores)
    np.testing.assert_array_equal(default.query(CODES), named.query(CODES))
    zero_cost = get_predictor("xgb")(encoding="zcp").bind(SPACE, free=FREE)
    zero_cost.fit(CODES, scores)
    assert np.corrcoef(zero_cost.query(CODES), scores)[0, 1] > 0.99
