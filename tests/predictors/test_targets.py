import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from naslib_ext.predictors.targets import LogGap, RankGaussian, without_failures

SCORES = st.lists(st.floats(-1e3, 1e3).map(lambda value: round(value, 3)), min_size=1, max_size=30).map(np.array)


@given(SCORES, st.floats(1e-4, 1e4), st.floats(-1e3, 1e3))
def test_neither_unit_nor_origin_matter(scores: np.ndarray, factor: float, offset: float) -> None:
    """A percentage, a fraction and a negative error give the same targets."""
    ours = LogGap(scores).targets(scores)
    moved = scores * factor + offset
    np.testing.assert_allclose(LogGap(moved).targets(moved), ours, atol=1e-3)


@given(SCORES)
def test_targets_keep_the_order_and_can_be_undone(scores: np.ndarray) -> None:
    transform = LogGap(scores)
    targets = transform.targets(scores)
    order = np.argsort(scores)
    assert (np.diff(targets[order])[np.diff(scores[order]) > 0] > 0).all()
    np.testing.assert_allclose(transform.scores(targets), scores, atol=1e-6)
    assert targets.mean() == pytest.approx(0, abs=1e-8)
    assert targets.std() == pytest.approx(1) or not targets.any()


def test_it_is_close_to_the_log_of_an_error_in_percent() -> None:
    """ANASOD's transform, where the best error is twice the median distance to it."""
    errors = 20 + 20 * np.random.default_rng(0).gamma(2, 0.3, 200)
    errors[0] = 20
    errors = 20 + (errors - 20) * 10 / np.median(errors - 20)
    logs = -np.log(errors)
    expected = (logs - logs.mean()) / logs.std()
    np.testing.assert_allclose(LogGap(-errors).targets(-errors), expected, atol=1e-9)


def test_one_disaster_leaves_the_others_apart() -> None:
    scores = np.append(np.linspace(80, 90, 30), -1e9)
    targets = LogGap(scores).targets(scores)
    assert targets[:30].std() > 0.05


def test_failures_count_as_the_worst() -> None:
    np.testing.assert_array_equal(without_failures([3.0, -np.inf, 1.0]), [3, 1, 1])
    np.testing.assert_array_equal(without_failures([-np.inf, -np.inf]), [0, 0])
    assert np.isfinite(LogGap(without_failures([-np.inf])).targets([0.0])).all()


def test_deviations_are_to_first_order() -> None:
    transform = LogGap([70.0, 80.0, 85.0, 90.0])
    middle = transform.targets([80.0])
    step = 1e-5
    slope = (transform.scores(middle + step) - transform.scores(middle)) / step
    np.testing.assert_allclose(transform.deviations(middle, [2.0]), 2 * slope, rtol=1e-4)


class TestRankGaussian:
    @given(scores=arrays(np.float64, st.integers(2, 40), elements=st.integers(-50, 50).map(float)))
    def test_targets_are_normal_scores_and_can_be_inverted(self, scores: np.ndarray) -> None:
        ranks = RankGaussian(scores)
        targets = ranks.targets(scores)
        assert np.array_equal(np.argsort(targets, kind="stable"), np.argsort(scores, kind="stable"))
        np.testing.assert_allclose(ranks.scores(targets), scores, atol=1e-9)
        far = np.linspace(-9, 9, 50)
        assert (np.diff(ranks.scores(far)) > 0).all(), "also beyond the best and the worst"

    def test_known_values(self) -> None:
        np.testing.assert_allclose(
            RankGaussian([30.0, 10.0, 20.0]).targets([10, 20, 30]), [-0.96742, 0, 0.96742], atol=1e-5
        )
        assert RankGaussian([1.0, 1.0, 2.0]).targets([1.0])[0] == pytest.approx(-0.43073, abs=1e-5)

    def test_no_differences(self) -> None:
        ranks = RankGaussian([5.0, 5.0])
        assert ranks.targets([5.0])[0] == 0 and ranks.scores([0.0])[0] == 5

    def test_deviations(self) -> None:
        assert RankGaussian([0.0, 1.0, 2.0]).deviations([0.0], [0.1])[0] == pytest.approx(0.1 / 0.96742, rel=1e-4)
