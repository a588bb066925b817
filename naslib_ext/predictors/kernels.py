"""Covariances of Gaussian processes: what a kernel has to offer, priors of its parameters, and Matern 5/2."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Reals = NDArray[Any]
"""Of single precision where a kernel's inputs are."""


class Kernel(Protocol):
    """A covariance with P positive parameters, handled by their logarithms.

    ``bounds`` (P, 2) and ``start`` (P,) are logarithms. ``distance`` is all that a kernel needs to know of two sets of
    inputs and holds no parameter; it may have leading axes of its own, one for each group of features.
    """

    bounds: Floats
    start: Floats

    def distance(self, a: ArrayLike, b: ArrayLike) -> Reals:
        """(..., n, m) of inputs ``a`` (n, d) and ``b`` (m, d)."""

    def covariance(self, distance: Reals, parameters: Floats) -> Reals:
        """(n, m) covariances."""

    def gradients(self, distance: Reals, parameters: Floats) -> tuple[Floats, list[Floats]]:
        """The covariance (n, m) and its derivatives by the P log-parameters, (n, m) each."""

    def variance(self, parameters: Floats) -> float:
        """The covariance of an input with itself."""


class Prior(NamedTuple):
    """Independent normal distributions of the log-parameters: their ``means`` and ``deviations``, each (P + 1,)."""

    means: Floats
    deviations: Floats

    def penalty(self, parameters: Floats) -> tuple[float, Floats]:
        """-log p(parameters) up to a constant, and its gradient (P + 1,)."""
        z = (parameters - self.means) / self.deviations
        return 0.5 * float(z @ z), z / self.deviations


class Matern52:
    """s (1 + r + r^2 / 3) exp(-r) with r = sqrt(5) |a - b| / l. The log-parameters are those of l and s.

    Args:
        lengthscale: bounds of l; the defaults are ANASOD's (appendix A.1), for inputs in [0, 1].
        outputscale: bounds of s.
    """

    def __init__(
        self, lengthscale: tuple[float, float] = (0.01, 0.5), outputscale: tuple[float, float] = (0.5, 5.0)
    ) -> None:
        self.bounds = np.log([lengthscale, outputscale])
        self.start = np.clip(np.log([0.1, 1.0]), *self.bounds.T)

    def distance(self, a: ArrayLike, b: ArrayLike) -> Floats:
        """(n, m) Euclidean distances."""
        first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
        squared = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1) - 2 * first @ second.T
        return np.sqrt(np.maximum(squared, 0))

    def covariance(self, distance: Floats, parameters: Floats) -> Floats:
        """(n, m)."""
        r = distance * (np.sqrt(5) / np.exp(parameters[0]))
        decay = np.exp(parameters[1] - r)
        return (1 + r + r * r / 3) * decay

    def gradients(self, distance: Floats, parameters: Floats) -> tuple[Floats, list[Floats]]:
        """The covariance (n, m) and its derivatives (n, m) by log l and log s."""
        r = distance * (np.sqrt(5) / np.exp(parameters[0]))
        decay = np.exp(parameters[1] - r)
        linear, square = (1 + r) * decay, r * r / 3
        covariance = linear + square * decay
        return covariance, [square * linear, covariance]

    def input_gradient(self, distance: Floats, a: Floats, b: Floats, parameters: Floats) -> Floats:
        """(n, m, d) derivatives of the covariance (n, m) by the inputs ``a`` (n, d)."""
        scale = np.sqrt(5) / np.exp(parameters[0])
        r = distance * scale
        slope = -(scale**2) / 3 * (1 + r) * np.exp(parameters[1] - r)
        return slope[..., None] * (a[:, None] - b[None])

    def variance(self, parameters: Floats) -> float:
        """s, whatever the input."""
        return float(np.exp(parameters[1]))
