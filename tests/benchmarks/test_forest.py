import numpy as np
import pytest
import xgboost

from naslib_ext.benchmarks.forest import Forest


@pytest.mark.parametrize("depth", [0, 1, 6])
def test_the_answers_are_xgboosts_bit_for_bit(depth: int) -> None:
    rng = np.random.default_rng(depth)
    rows = rng.integers(0, 4, (300, 12)).astype(np.float32)
    boosters = []
    for seed in range(3):
        truth = rows @ rng.normal(size=12) + rng.normal(size=300)
        data = xgboost.DMatrix(rows, truth)
        settings = {"max_depth": max(depth, 1), "eta": 0.3, "seed": seed, "nthread": 1}
        boosters.append(xgboost.train(settings, data, 40 if depth else 0))
    asked = rng.integers(0, 4, (50, 12)).astype(np.float32)
    answers = Forest(boosters).predict(asked)
    np.testing.assert_array_equal(answers, [booster.inplace_predict(asked) for booster in boosters])
    np.testing.assert_array_equal(Forest(boosters).predict(asked[:1]), answers[:, :1])
