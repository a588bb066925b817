import numpy as np
import pytest

from naslib_ext.predictors.gaussian_process import GaussianProcess
from naslib_ext.predictors.kernels import Prior
from naslib_ext.predictors.structure_kernel import StructureKernel, structure_process

RNG = np.random.default_rng(0)
WIDTHS = [3, 5, 1]
X = RNG.integers(0, 2, (40, 9)).astype(np.float32)


def test_the_formula() -> None:
    """Written out for two points."""
    kernel = StructureKernel(WIDTHS)
    parameters = RNG.normal(size=10)
    lengths, joint, scales = np.exp(parameters[:3]), np.exp(parameters[3:6]), np.exp(parameters[6:])
    d = np.array([((X[0, part] - X[1, part]) ** 2).sum() for part in (slice(0, 3), slice(3, 8), slice(8, 9))])
    expected = scales[:3] @ np.exp(-d / lengths) + scales[3] * np.exp(-(d / joint).sum())
    covariance = kernel.covariance(kernel.distance(X[:1], X[1:2]), parameters)
    np.testing.assert_allclose(covariance, [[expected]], rtol=1e-5)
    np.testing.assert_allclose(
        kernel.covariance(kernel.distance(X[:1], X[:1]), parameters)[0, 0], scales.sum(), rtol=1e-5
    )
    assert kernel.variance(parameters) == pytest.approx(scales.sum())


def test_distances_are_of_single_precision_and_exact_for_counts() -> None:
    distance = StructureKernel(WIDTHS).distance(X, X[:7])
    assert distance.dtype == np.float32 and distance.shape == (3, 40, 7)
    np.testing.assert_array_equal(distance[1], ((X[:, None, 3:8] - X[None, :7, 3:8]) ** 2).sum(axis=2))


def test_the_gradients_are_those_of_the_covariance() -> None:
    kernel, parameters, step = StructureKernel(WIDTHS), RNG.normal(size=10), 1e-5
    distance = kernel.distance(X, X).astype(np.float64)
    covariance, slopes = kernel.gradients(distance, parameters)
    np.testing.assert_allclose(covariance, kernel.covariance(distance, parameters))
    for index, slope in enumerate(slopes):
        up, down = (kernel.covariance(distance, parameters + sign * step * np.eye(10)[index]) for sign in (1, -1))
        np.testing.assert_allclose(slope, (up - down) / (2 * step), atol=1e-6)


def test_the_covariance_is_positive_definite() -> None:
    kernel = StructureKernel(WIDTHS)
    rows = np.unique(X, axis=0)
    values = np.linalg.eigvalsh(kernel.covariance(kernel.distance(rows, rows), kernel.start).astype(np.float64))
    assert values.min() > -1e-5


def test_the_prior_decides_without_data_and_data_against_the_prior() -> None:
    """Where every group is constant the likelihood is flat in the lengthscales."""
    still = np.zeros((30, 9), dtype=np.float32)
    process = structure_process(WIDTHS).fit(still, RNG.normal(size=30))
    np.testing.assert_allclose(process.parameters[:6], StructureKernel(WIDTHS).start[:6], atol=1e-6)
    smooth = structure_process(WIDTHS).fit(X, X.sum(axis=1) - X.sum(axis=1).mean())
    assert smooth.noise < 0.05 and (smooth.parameters[3:6] > StructureKernel(WIDTHS).start[3:6]).any()


def test_a_narrow_prior_holds_the_parameters() -> None:
    kernel = StructureKernel(WIDTHS)
    means = np.append(kernel.start, -3.0) + 0.1
    process = GaussianProcess(kernel, (1e-4, 2.0), Prior(means, np.full(11, 1e-4))).fit(X, RNG.normal(size=40))
    np.testing.assert_allclose(process.parameters, means, atol=1e-3)


def test_the_mean_alone_is_that_of_the_prediction() -> None:
    process = structure_process(WIDTHS).fit(X, RNG.normal(size=40))
    new = RNG.integers(0, 2, (20, 9)).astype(np.float32)
    np.testing.assert_allclose(process.mean(new), process.predict(new)[0], atol=1e-5)
