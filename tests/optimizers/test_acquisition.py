import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.stats import norm

from naslib_ext.optimizers.acquisition import (
    expected_improvement,
    independent_thompson_sample,
    log_expected_improvement_slopes,
)

CASES = [(0.0, 1.0, 0.5), (1.2, 0.3, 0.5), (-1.0, 0.5, 0.8), (0.5, 1e-3, 0.5), (3.0, 2.0, -1.0)]


def test_expected_improvement_by_numerical_integration() -> None:
    for mean, std, best in CASES:
        value, _ = quad(lambda f, m=mean, s=std, b=best: (f - b) * norm.pdf(f, m, s), best, max(best, mean) + 12 * std)
        assert expected_improvement(np.array([mean]), np.array([std]), best)[0] == pytest.approx(
            value, rel=1e-6, abs=1e-12
        )


def test_expected_improvement_is_never_negative_and_rises_with_both() -> None:
    mean, std = (grid.ravel() for grid in np.meshgrid(np.linspace(-30, 3, 40), np.geomspace(1e-3, 3, 40)))
    value = expected_improvement(mean, std, 1.0).reshape(40, 40)
    assert (value >= 0).all()
    rounding = -1e-12
    assert (np.diff(value, axis=0) > rounding).all() and (np.diff(value, axis=1) > rounding).all()


def test_slopes_by_finite_differences() -> None:
    for mean, std, best in CASES:
        numeric = approx_fprime(
            np.array([mean, std]), lambda p, best=best: np.log(expected_improvement(p[:1], p[1:], best))[0], 1e-7
        )
        slopes = log_expected_improvement_slopes(np.array([mean]), np.array([std]), best)
        np.testing.assert_allclose(np.ravel(slopes), numeric, rtol=1e-3, atol=1e-4)


def test_slopes_far_below_the_best() -> None:
    """There log EI is about -z^2 / 2, so that its slopes are -z / std and z^2 / std."""
    z = -np.array([30.0, 300.0, 3000.0])
    by_mean, by_std = log_expected_improvement_slopes(z, np.ones(3), 0.0)
    np.testing.assert_allclose(by_mean, -z, rtol=0.01)
    np.testing.assert_allclose(by_std, z**2, rtol=0.01)


def test_thompson_samples_are_independent_normals() -> None:
    rng = np.random.default_rng(0)
    mean, std = np.array([1.0, -2.0]), np.array([0.5, 2.0])
    draws = np.stack([independent_thompson_sample(mean, std, rng) for _ in range(20_000)])
    np.testing.assert_allclose(draws.mean(axis=0), mean, atol=0.05)
    np.testing.assert_allclose(draws.std(axis=0), std, rtol=0.03)
    assert abs(np.corrcoef(draws.T)[0, 1]) < 0.03
