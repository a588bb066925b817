import numpy as np
import pytest
from scipy import stats

from naslib_ext.experiments.statistics import mean, mean_ranks, paired_tests, sem


def test_mean_and_standard_error() -> None:
    values = np.array([[1.0, np.nan], [2.0, 1.0], [6.0, 1.0]])
    assert mean(values) == [3.0, None]
    assert sem(values) == [pytest.approx(np.sqrt(7 / 3)), None]
    assert sem(values[:1]) == [None, None]


def test_ranks_share_ties() -> None:
    assert mean_ranks(np.array([[3.0, 1.0, 2.0], [5.0, 5.0, 1.0]])).tolist() == [1.25, 2.25, 2.5]


def test_paired_tests_are_wilcoxons_with_holms_correction() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(size=30)
    scores = {"a": base, "b": base + 0.4 + 0.1 * rng.normal(size=30), "c": base + 0.02 * rng.normal(size=30)}
    tests = {(test.first, test.second): test for test in paired_tests(scores)}
    for (first, second), test in tests.items():
        assert test.p_value == pytest.approx(stats.wilcoxon(scores[first], scores[second]).pvalue)
        assert test.difference == pytest.approx((scores[first] - scores[second]).mean())
    ordered = sorted(tests.values(), key=lambda test: test.p_value)
    expected = np.maximum.accumulate(
        [min(1.0, test.p_value * factor) for test, factor in zip(ordered, (3, 2, 1), strict=True)]
    )
    assert [test.p_holm for test in ordered] == pytest.approx(expected.tolist())


def test_equal_methods_do_not_differ() -> None:
    scores = np.arange(5.0)
    (test,) = paired_tests({"a": scores, "b": scores})
    assert (test.p_value, test.p_holm) == (1.0, 1.0)
    assert paired_tests({"a": scores}) == []


def test_a_failed_run_is_the_worst() -> None:
    failed = np.array([-np.inf, 1.0, 2.0, 3.0])
    assert mean_ranks(np.stack([failed, np.zeros(4), np.full(4, -np.inf)], axis=1)).tolist() == [1.375, 1.75, 2.875]
    (test,) = paired_tests({"a": failed, "b": np.array([-np.inf, 0.0, 0.5, -np.inf])})
    assert test.p_value == pytest.approx(stats.wilcoxon([0.0, 1.0, 1.5, 9.0], zero_method="zsplit").pvalue)
