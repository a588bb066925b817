import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import rankdata

from naslib_ext.optimizers.dsm_nas.critic import AdditiveCritic
from naslib_ext.search_spaces import CategoricalSearchSpace, Codes

SPACE = CategoricalSearchSpace("uneven", [3, 2, 4])


def fitted(codes: Codes, scores: np.ndarray) -> AdditiveCritic:
    critic = AdditiveCritic(SPACE)
    for code, score in zip(codes, scores, strict=True):
        critic.add(code, float(score))
    critic.fit()
    return critic


def sample(number: int) -> tuple[Codes, np.ndarray]:
    rng = np.random.default_rng(0)
    codes = SPACE.sample(number, rng)
    return codes, codes @ np.array([2.0, -1.0, 0.5]) + 0.3 * rng.normal(size=number)


def test_it_is_ridge_regression_in_units_of_what_it_leaves_unexplained() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    codes, scores = sample(60)
    targets = ndtri((rankdata(scores) - 0.5) / len(scores))
    one_hot = np.concatenate([np.eye(size)[codes[:, place]] for place, size in enumerate((3, 2, 4))], axis=1)
    weights = linear_model.Ridge(alpha=1.0, fit_intercept=False).fit(one_hot, targets).coef_
    objective = ((targets - one_hot @ weights) ** 2).sum() + (weights**2).sum()
    expected = weights / np.sqrt(objective / len(scores))
    values = fitted(codes, scores).values
    assert values.shape == (3, 4)
    np.testing.assert_allclose(np.concatenate([values[0, :3], values[1, :2], values[2]]), expected)
    assert values[0, 3] == values[1, 2] == 0


def test_the_unit_of_the_scores_and_the_depth_of_failures_are_nothing_to_it() -> None:
    codes, scores = sample(40)
    stretched = np.where(scores == scores.min(), -1e6, 3 * scores + 50)
    np.testing.assert_allclose(fitted(codes, stretched).values, fitted(codes, scores).values)


def test_it_is_bolder_where_components_add_up() -> None:
    codes, scores = sample(200)
    noise = np.random.default_rng(1).normal(size=200)
    clear, blurred = (np.ptp(fitted(codes, scores + scale * noise).values[0, :3]) for scale in (0.0, 3.0))
    assert clear > 2 * blurred


def test_what_it_kept_is_what_it_gives_back() -> None:
    codes, scores = sample(20)
    critic, other = fitted(codes, scores), AdditiveCritic(SPACE)
    other.load_state(critic.state())
    np.testing.assert_array_equal(other.values, critic.values)


def test_one_score_says_nothing() -> None:
    assert not fitted(*sample(1)).values.any()
