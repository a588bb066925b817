"""Acquisition functions: what a model's prediction of an architecture is worth. All are maximised."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, ndtr

Floats = NDArray[np.float64]

_LOG_SQRT_2PI = 0.5 * np.log(2 * np.pi)


def expected_improvement(mean: Floats, std: Floats, best: float) -> Floats:
    """(m,) E[max(f - best, 0)] of f ~ N(mean, std^2), both (m,) (Jones et al., 1998)."""
    z = (mean - best) / std
    return std * (z * ndtr(z) + np.exp(-0.5 * z * z - _LOG_SQRT_2PI))


def log_expected_improvement_slopes(mean: Floats, std: Floats, best: float) -> tuple[Floats, Floats]:
    """Derivatives of log expected improvement by ``mean`` and by ``std``, each (m,).

    With h(z) = z Phi(z) + phi(z), these are Phi(z) / (std h(z)) and phi(z) / (std h(z)). Where z is very negative, Phi
    / phi is taken from the scaled error function, which does not underflow.
    """
    z = (mean - best) / std
    ratio = np.sqrt(np.pi / 2) * erfcx(-z / np.sqrt(2))  # Phi(z) / phi(z)
    rest = np.maximum(1 + z * ratio, 1e-16)  # h(z) / phi(z)
    return ratio / (std * rest), 1 / (std * rest)


def independent_thompson_sample(mean: Floats, std: Floats, rng: np.random.Generator) -> Floats:
    """(m,) one draw of N(mean, std^2) for each architecture (BANANAS: White et al., AAAI 2021)."""
    return mean + std * rng.standard_normal(len(mean))
