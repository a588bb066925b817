from pathlib import Path

import numpy as np
import pytest

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.errors import ConfigError, NaslibExtError
from naslib_ext.predictors.zero_cost import ZeroCostPredictor
from naslib_ext.proxies import score
from naslib_ext.search_spaces import get_search_space

SPACE = get_search_space("nasbench201")
CODES = SPACE.sample(6, np.random.default_rng(0))
SIZES = {"init_channels": 4, "cells_per_stage": 1}


def test_it_computes_the_proxy_without_a_fit() -> None:
    predictor = ZeroCostPredictor(proxy="snip", batch_size=4, image_size=8, network_sizes=SIZES).bind(SPACE, seed=3)
    expected = score(SPACE, CODES, "snip", seed=3, batch_size=4, image_size=8, sizes=SIZES)
    assert np.array_equal(predictor.query(CODES), expected)
    assert predictor.query(CODES[:0]).shape == (0,)


def test_the_proxys_own_settings() -> None:
    own = {"repeats": 1, "mixup": 0.1}
    predictor = ZeroCostPredictor(batch_size=4, image_size=8, network_sizes=SIZES, proxy_settings=own).bind(SPACE)
    assert np.array_equal(
        predictor.query(CODES), score(SPACE, CODES, "zen", batch_size=4, image_size=8, sizes=SIZES, **own)
    )


@pytest.mark.parametrize(("proxy", "column"), [("zen", "zen"), ("naswot", "nwot")])
def test_a_free_score_is_read(proxy: str, column: str) -> None:
    predictor = ZeroCostPredictor(proxy=proxy).bind(SPACE, free={column: lambda codes: np.arange(len(codes))})
    assert predictor.query(CODES).tolist() == [0, 1, 2, 3, 4, 5]


def test_a_free_score_can_be_ignored() -> None:
    free = {"params": lambda codes: np.zeros(len(codes))}
    assert (ZeroCostPredictor(proxy="params", computed=True).bind(SPACE, free=free).query(CODES) > 0).all()


def test_the_table_has_zen(tables: Path) -> None:
    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    predictor = ZeroCostPredictor().bind(SPACE, free=benchmark.free)
    assert np.array_equal(predictor.query(CODES), benchmark.query(CODES, "zen"))


def test_fit_changes_nothing_unless_it_may_learn_the_sign() -> None:
    free = {"zen": lambda codes: codes.sum(axis=1).astype(float)}
    falling = -CODES.sum(axis=1)
    plain, oriented = (ZeroCostPredictor(orient=orient).bind(SPACE, free=free) for orient in (False, True))
    assert np.isnan(plain.fit(CODES, falling)) and np.isnan(oriented.fit(CODES, falling))
    assert np.array_equal(plain.query(CODES), -falling)
    assert np.array_equal(oriented.query(CODES), falling)


def test_what_is_refused() -> None:
    predictor = ZeroCostPredictor(orient=True).bind(SPACE, free={"zen": lambda codes: np.zeros(len(codes))})
    with pytest.raises(NaslibExtError, match="not fitted"):
        predictor.query(CODES)
    with pytest.raises(NaslibExtError, match="6 architectures and 5 scores"):
        predictor.fit(CODES, np.zeros(5))
    with pytest.raises(NaslibExtError, match="row 1 is nan"):
        predictor.fit(CODES, np.array([0, np.nan, 0, 0, 0, 0]))
    with pytest.raises(ConfigError, match="zen"):
        ZeroCostPredictor(proxy="zn")
    with pytest.raises(NaslibExtError, match="bind"):
        ZeroCostPredictor().query(CODES)
