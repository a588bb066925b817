"""The exact Gaussian process against scikit-learn, finite differences and itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from naslib_ext.predictors.gaussian_process import GaussianProcess, _Merged, negative_log_likelihood
from naslib_ext.predictors.kernels import Matern52

K, BLOCKS = 5, 6


def encodings(n: int, seed: int = 0) -> np.ndarray:
    """(n, 5) operation distributions of six blocks; many of them repeat."""
    return np.random.default_rng(seed).multinomial(BLOCKS, [1 / K] * K, size=n) / BLOCKS


def data(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    x, rng = encodings(n, seed), np.random.default_rng(seed + 1)
    y = np.sin(4 * x[:, 0]) - x[:, 1] ** 2 + 0.3 * rng.normal(size=n)
    return x, (y - y.mean()) / y.std()


def with_parameters(parameters: np.ndarray) -> GaussianProcess:
    process = GaussianProcess()
    process.parameters = parameters
    return process


def oracle(parameters: np.ndarray) -> GaussianProcessRegressor:
    lengthscale, outputscale, noise = np.exp(parameters)
    kernel = ConstantKernel(outputscale) * Matern(lengthscale, nu=2.5) + WhiteKernel(noise)
    return GaussianProcessRegressor(kernel, optimizer=None, alpha=0)


PARAMETERS = np.log([0.3, 1.4, 0.05])


def test_there_are_repeats_in_the_data() -> None:
    assert len(_Merged(encodings(120)).x) < 90


@pytest.mark.parametrize("parameters", [PARAMETERS, np.log([0.05, 0.5, 1e-3]), np.log([0.5, 5.0, 0.1])])
def test_the_posterior_is_scikit_learns(parameters: np.ndarray) -> None:
    x, y = data(120)
    process = with_parameters(parameters).condition(x).set_targets(y)
    new = encodings(50, seed=7)
    mean, std = process.predict(new)
    expected, noisy = oracle(parameters).fit(x, y).predict(new, return_std=True)
    np.testing.assert_allclose(mean, expected, atol=1e-8)
    np.testing.assert_allclose(np.sqrt(std**2 + process.noise), noisy, atol=1e-8)


@given(st.tuples(st.floats(-4.5, -0.7), st.floats(-0.7, 1.6), st.floats(-10, -2.3)), st.integers(1, 60))
def test_the_likelihood_is_scikit_learns(logarithms: tuple[float, float, float], n: int) -> None:
    x, y = data(60)
    x, y = x[:n], y[:n]
    parameters, kernel, merged = np.array(logarithms), Matern52(), _Merged(x)
    distance = kernel.distance(merged.x, merged.x)
    value, gradient = negative_log_likelihood(kernel, parameters, distance, merged, y)
    model = oracle(parameters).fit(x, y)
    assert value == pytest.approx(-model.log_marginal_likelihood(), rel=1e-6, abs=1e-6)
    # scikit-learn orders the parameters: outputscale, lengthscale, noise
    _, expected = model.log_marginal_likelihood(parameters[[1, 0, 2]], eval_gradient=True)
    np.testing.assert_allclose(gradient, -expected[[1, 0, 2]], rtol=1e-5, atol=1e-5 * max(1, abs(value)))


def test_the_likelihoods_gradient_by_finite_differences() -> None:
    (x, y), kernel = data(80), Matern52()
    merged = _Merged(x)
    distance = kernel.distance(merged.x, merged.x)
    for parameters in (PARAMETERS, np.log([0.1, 3.0, 0.01])):
        numeric = approx_fprime(
            parameters, lambda p: negative_log_likelihood(kernel, p, distance, merged, y)[0], epsilon=1e-6
        )
        _, gradient = negative_log_likelihood(kernel, parameters, distance, merged, y)
        np.testing.assert_allclose(gradient, numeric, rtol=1e-3, atol=1e-3)


def test_the_fit_is_as_likely_as_scikit_learns_within_the_papers_bounds() -> None:
    for seed in range(3):
        x, y = data(100, seed)
        process = GaussianProcess().fit(x, y)
        least, most = np.array([[0.01, 0.5, 1e-6], [0.5, 5, 0.1]])
        assert (process.parameters >= np.log(least)).all() and (process.parameters <= np.log(most)).all()
        kernel = ConstantKernel(1, (0.5, 5)) * Matern(0.2, (0.01, 0.5), nu=2.5) + WhiteKernel(0.05, (1e-6, 0.1))
        model = GaussianProcessRegressor(kernel, alpha=0, n_restarts_optimizer=3, random_state=0).fit(x, y)
        ours = oracle(process.parameters).fit(x, y).log_marginal_likelihood()
        assert ours >= model.log_marginal_likelihood() - 0.05


def test_extending_is_conditioning_on_everything() -> None:
    x, y = data(90)
    new = encodings(40, seed=3)
    process = with_parameters(PARAMETERS).condition(x[:30])
    pool = process.pool(new)
    process.extend(x[30:60]).extend(x[60:]).set_targets(y)
    whole = with_parameters(PARAMETERS).condition(x).set_targets(y)
    for extended, expected in zip(process.predict(new) + pool.predict(), whole.predict(new) * 2, strict=True):
        np.testing.assert_allclose(extended, expected, atol=1e-8)
    np.testing.assert_allclose(process.fitted(), whole.fitted(), atol=1e-8)


def test_targets_can_be_scaled_anew() -> None:
    x, y = data(40)
    process = with_parameters(PARAMETERS).condition(x).set_targets(y)
    mean, std = process.predict(x)
    twice, same = process.set_targets(2 * y).predict(x)
    np.testing.assert_allclose(twice, 2 * mean)
    np.testing.assert_array_equal(same, std)


def test_fitted_means_are_predictions_at_the_inputs() -> None:
    x, y = data(70)
    process = GaussianProcess().fit(x[:50], y[:50]).extend(x[50:]).set_targets(y)
    np.testing.assert_allclose(process.fitted(), process.predict(x)[0], atol=1e-8)


def test_input_gradients_by_finite_differences() -> None:
    x, y = data(60)
    process = with_parameters(PARAMETERS).condition(x).set_targets(y)
    points = np.random.default_rng(5).dirichlet(np.ones(K), 4)
    mean, std, mean_slope, std_slope = process.input_gradients(points)
    np.testing.assert_allclose((mean, std), process.predict(points))
    for row, point in enumerate(points):
        numeric = [approx_fprime(point, lambda p, i=i: process.predict(p[None])[i][0], 1e-6) for i in (0, 1)]
        np.testing.assert_allclose((mean_slope[row], std_slope[row]), numeric, rtol=1e-3, atol=1e-4)


def test_few_and_equal_observations() -> None:
    one = GaussianProcess().fit([[0.5, 0.5]], [0.0])
    mean, std = one.predict([[0.5, 0.5], [1.0, 0.0]])
    assert abs(mean).max() < 1e-9 and std[0] < std[1]
    equal = GaussianProcess().fit(np.full((30, 2), 0.5), np.zeros(30))
    assert np.isfinite(equal.predict([[0.0, 1.0]])).all()
    assert equal.predict(np.empty((0, 2)))[0].shape == (0,)


def test_a_fit_begins_where_the_last_one_ended_and_needs_little_then() -> None:
    x, y = data(100)
    process = GaussianProcess().fit(x, y)
    before = process.parameters.copy()
    np.testing.assert_allclose(process.fit(x, y).parameters, before, atol=0.05)
