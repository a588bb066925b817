"""The covariance of architectures by their structure: one exponential for each group of features, and one of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from naslib_ext.predictors.gaussian_process import GaussianProcess
from naslib_ext.predictors.kernels import Floats, Prior, Reals

LENGTHSCALE, OUTPUTSCALE, NOISE = (0.02, 50.0), (1e-4, 20.0), (1e-4, 2.0)
"""Bounds of the parameters."""

PRIOR_MEANS = (0.0, -1.5, np.log(0.1))
"""Of the logarithms of lengthscales, output scales and noise; their prior deviation is 1."""


class StructureKernel:
    """k = sum_g s_g exp(-d_g / l_g) + s_p exp(-sum_g d_g / l'_g), d_g the squared Euclidean distance in group g of G.

    On a ``StructureEmbedding`` d_g is the L1 distance of counts over its mean, so that lengthscales about 1 fit. The
    3 G + 1 log-parameters are those of l (G,), l' (G,), s (G,) and s_p.

    Args:
        widths: (G,) number of columns of each group, in the order of the columns.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        self._ends = np.cumsum([0, *widths])
        groups = len(widths)
        self._lengths, self._joint = slice(0, groups), slice(groups, 2 * groups)
        self._scales = slice(2 * groups, 3 * groups + 1)
        self.bounds = np.log([LENGTHSCALE] * (2 * groups) + [OUTPUTSCALE] * (groups + 1))
        self.start = np.array([PRIOR_MEANS[0]] * (2 * groups) + [PRIOR_MEANS[1]] * (groups + 1))
        self.start[self._joint] += np.log(groups)

    @property
    def prior(self) -> Prior:
        """Independent normal distributions of the log-parameters, the noise's last."""
        means = np.append(self.start, PRIOR_MEANS[2])
        return Prior(means, np.ones(len(means)))

    def distance(self, a: ArrayLike, b: ArrayLike) -> Reals:
        """(G, n, m) squared distances in each group."""
        first, second = np.asarray(a, dtype=np.float32), np.asarray(b, dtype=np.float32)
        distance = np.empty((len(self._ends) - 1, len(first), len(second)), dtype=np.float32)
        for group, (start, end) in enumerate(zip(self._ends[:-1], self._ends[1:], strict=True)):
            one, other = first[:, start:end], second[:, start:end]
            np.matmul(-2 * one, other.T, out=distance[group])
            distance[group] += np.einsum("nd,nd->n", one, one)[:, None]
            distance[group] += np.einsum("md,md->m", other, other)
        return np.maximum(distance, 0, out=distance)

    def covariance(self, distance: Reals, parameters: Floats) -> Reals:
        """(n, m), in the precision of ``distance``."""
        covariance, *rest = self._parts(distance, parameters)
        for part in rest:
            covariance += part
        return covariance

    def gradients(self, distance: Reals, parameters: Floats) -> tuple[Floats, list[Floats]]:
        """The covariance (n, m) and its derivatives by the log-parameters, (n, m) each."""
        distance = distance.astype(np.float64)
        *single, joint = parts = self._parts(distance, parameters)
        rates, its_rates = np.exp(-parameters[self._lengths]), np.exp(-parameters[self._joint])
        by_length = [part * d * rate for part, d, rate in zip(single, distance, rates, strict=True)]
        by_joint = [joint * d * rate for d, rate in zip(distance, its_rates, strict=True)]
        return np.sum(parts, axis=0), [*by_length, *by_joint, *parts]

    def _parts(self, distance: Reals, parameters: Floats) -> list[Reals]:
        """G + 1 summands (n, m)."""
        rates, joint, scales = (
            np.exp(values).astype(distance.dtype)
            for values in (-parameters[self._lengths], -parameters[self._joint], parameters[self._scales])
        )
        exponents = [-rate * d for rate, d in zip(rates, distance, strict=True)]
        exponents.append(np.tensordot(-joint, distance, 1))
        return [
            np.multiply(np.exp(part, out=part), scale, out=part) for part, scale in zip(exponents, scales, strict=True)
        ]

    def variance(self, parameters: Floats) -> float:
        """The sum of all s."""
        return float(np.exp(parameters[self._scales]).sum())


def structure_process(
    widths: Sequence[int], make_kernel: Callable[[Sequence[int]], StructureKernel] = StructureKernel
) -> GaussianProcess:
    """A Gaussian process with this kernel, or a variant of it, and its prior, for inputs of these groups."""
    kernel = make_kernel(widths)
    return GaussianProcess(kernel, NOISE, kernel.prior)
