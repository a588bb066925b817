"""Exact Gaussian process regression in numpy, for a few hundred observations and a search that asks after each.

With prior f ~ GP(0, k) and y = f(x) + e, e ~ N(0, noise), repeated inputs merge into their mean with noise / count,
which changes neither likelihood nor posterior (Rasmussen and Williams, Gaussian Processes for Machine Learning, ch. 2):

    L L^T = k(X, X) + noise / counts,  z = L^-1 y,  V = L^-1 k(X, X*)
    mean(X*) = V^T z,  variance(X*) = k(X*, X*) - diag(V^T V)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import get_lapack_funcs
from scipy.optimize import minimize

from naslib_ext.predictors.kernels import Floats, Kernel, Matern52, Prior, Reals

STEPS = 20
"""L-BFGS iterations of a fit; the likelihood of so few parameters is flat long before."""

LEAST_VARIANCE = 1e-12

_POTRF, _POTRI, _TRTRS = get_lapack_funcs(("potrf", "potri", "trtrs"), dtype=np.float64)


class GaussianProcess:
    """The regression above, with parameters that maximise the marginal likelihood within their bounds, or with a prior
    their posterior density.

    ``fit`` chooses the parameters, from the ones it has and from those at first; ``extend`` takes further inputs at
    O(n^2) each and leaves them.
    Targets are given apart (``set_targets``), so that they may be scaled anew after every observation.

    Args:
        kernel: the covariance; ``None`` takes ANASOD's.
        noise: bounds of the noise variance.
        prior: of the log-parameters, the noise's last; ``None`` is flat.
    """

    def __init__(
        self, kernel: Kernel | None = None, noise: tuple[float, float] = (1e-6, 1e-1), prior: Prior | None = None
    ) -> None:
        self.kernel: Kernel = kernel or Matern52()
        self._prior = prior
        self.bounds = np.concatenate([self.kernel.bounds, [np.log(noise)]])
        self._start = np.append(self.kernel.start, np.clip(np.log(0.05), *np.log(noise)))
        self.parameters: Floats = self._start.copy()
        """(P + 1,) logarithms of the kernel's parameters and of the noise."""

    # fitting

    def fit(self, x: ArrayLike, y: ArrayLike) -> GaussianProcess:
        """Maximises the likelihood of targets ``y`` (n,) at ``x`` (n, d), then conditions on them; returns self."""
        data = _Merged(x)
        targets = np.asarray(y, dtype=np.float64)
        distance = self.kernel.distance(data.x, data.x)

        def objective(parameters: Floats) -> tuple[float, Floats]:
            value, slopes = negative_log_likelihood(self.kernel, parameters, distance, data, targets)
            if self._prior is None:
                return value, slopes
            penalty, its_slopes = self._prior.penalty(parameters)
            return value + penalty, slopes + its_slopes

        # Where the lengthscale is so small that the kernel is noise too, the likelihood is flat: a fit that once ended
        # there would stay, so that every fit has the first start as well.
        starts = [self._start] if np.array_equal(self.parameters, self._start) else [self.parameters, self._start]
        options = {"jac": True, "method": "L-BFGS-B", "bounds": self.bounds, "options": {"maxiter": STEPS}}
        found = min((minimize(objective, start, **options) for start in starts), key=lambda result: result.fun)
        self.parameters = np.clip(found.x, *self.bounds.T)
        return self.condition(x).set_targets(y)

    def condition(self, x: ArrayLike) -> GaussianProcess:
        """Takes the inputs ``x`` (n, d) with the parameters as they are; returns self."""
        data = _Merged(x)
        covariance = self.kernel.covariance(self.kernel.distance(data.x, data.x), self.parameters)
        covariance[np.diag_indices(len(covariance))] += self.noise / data.counts
        self.x, self._groups, self._noises = data.x, data.groups, self.noise / data.counts
        self._factor, _ = _POTRF(covariance, lower=1, clean=1)
        self._pools: list[Pool] = []
        return self

    def extend(self, x: ArrayLike) -> GaussianProcess:
        """Takes further inputs ``x`` (m, d), one after the other; the posterior is exact. Returns self."""
        for row in _floating(x)[:, None]:
            covariance = self.kernel.covariance(self.kernel.distance(self.x, row), self.parameters)
            new, _ = _TRTRS(self._factor, covariance, lower=1)
            rest = self.kernel.variance(self.parameters) + self.noise - float(new[:, 0] @ new[:, 0])
            self._grow(new[:, 0], np.sqrt(max(rest, LEAST_VARIANCE)))
            for pool in self._pools:
                pool.extend(row, new[:, 0], self._factor[-1, -1])
            self._groups = np.append(self._groups, len(self.x))
            self._noises = np.append(self._noises, self.noise)
            self.x = np.concatenate([self.x, row])
        return self

    def _grow(self, row: Floats, corner: float) -> None:
        n = len(row)
        factor = np.zeros((n + 1, n + 1), order="F")
        factor[:n, :n], factor[n, :n], factor[n, n] = self._factor, row, corner
        self._factor = factor

    def set_targets(self, y: ArrayLike) -> GaussianProcess:
        """The targets (m,) of the first m inputs, in the order in which they came; returns self.

        Of further ones, which ``extend`` took, the process believes its own mean (the "kriging believer" of Ginsbourger
        et al., 2010): they change no mean, but there is less variance around them.
        """
        targets = np.asarray(y, dtype=np.float64)
        groups = self._groups[: len(targets)]
        self._means = np.bincount(groups, targets) / np.bincount(groups)
        self._whitened: Floats = np.zeros(len(self._factor))
        known = slice(len(self._means))
        self._whitened[known] = _TRTRS(self._factor[known, known], self._means, lower=1)[0]
        self._told = groups
        return self

    @property
    def noise(self) -> float:
        """The noise variance."""
        return float(np.exp(self.parameters[-1]))

    # the posterior of f

    def predict(self, x: ArrayLike) -> tuple[Floats, Floats]:
        """(mean, standard deviation) of f at ``x`` (m, d), each (m,)."""
        return Pool(self, x).predict()

    def mean(self, x: ArrayLike) -> Floats:
        """(m,) the mean of ``predict`` alone, which takes O(n) each instead of O(n^2)."""
        covariance = self.kernel.covariance(self.kernel.distance(_floating(x), self.x), self.parameters)
        return (covariance @ self._weights().astype(covariance.dtype)).astype(np.float64)

    def _weights(self) -> Floats:
        """(n,) K^-1 y: the mean is k(X*, X) times them."""
        return _TRTRS(self._factor, self._whitened, lower=1, trans=1)[0]

    def pool(self, x: ArrayLike) -> Pool:
        """Inputs ``x`` (m, d) whose posterior is kept up to date by ``extend`` until the next fit."""
        pool = Pool(self, x)
        self._pools.append(pool)
        return pool

    def fitted(self) -> Floats:
        """(m,) posterior means of f at the inputs that have targets, in the order in which they came."""
        known = slice(len(self._means))
        return (self._means - self._noises[known] * self._weights()[known])[self._told]

    def input_gradients(self, x: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """The posterior of f at ``x`` (m, d) and how it changes with ``x``, for a kernel with ``input_gradient``.

        Returns:
            mean (m,), standard deviation (m,) and their derivatives by ``x``, each (m, d).
        """
        assert isinstance(self.kernel, Matern52)
        distance = self.kernel.distance(x, self.x)
        slopes = self.kernel.input_gradient(distance, x, self.x, self.parameters)
        solved = _TRTRS(self._factor, self.kernel.covariance(distance, self.parameters).T, lower=1)[0]
        back = _TRTRS(self._factor, np.column_stack([self._whitened, solved]), lower=1, trans=1)[0]
        mean = solved.T @ self._whitened
        std = self._deviation(np.einsum("nm,nm->m", solved, solved))
        mean_slope = np.einsum("mnd,n->md", slopes, back[:, 0])
        std_slope = -np.einsum("mnd,nm->md", slopes, back[:, 1:]) / std[:, None]
        return mean, std, mean_slope, std_slope

    def _deviation(self, explained: Floats) -> Floats:
        """(m,) the standard deviation, from the variance that the data explains: the columns of V squared and added."""
        return np.sqrt(np.maximum(self.kernel.variance(self.parameters) - explained, LEAST_VARIANCE))


class Pool:
    """Inputs ``x`` (m, d) and their V (n, m): predictions at O(n m), and O(n m) for a further observation.

    V is of the precision of the kernel's covariances; there is room in it for further rows.
    """

    def __init__(self, process: GaussianProcess, x: ArrayLike) -> None:
        self._process = process
        self.x = _floating(x)
        kernel = process.kernel
        covariance = kernel.covariance(kernel.distance(process.x, self.x), process.parameters)
        rows = _TRTRS(process._factor, covariance, lower=1)[0]
        self._number = len(rows)
        self._room = np.empty((2 * len(rows) + 1, len(self.x)), dtype=covariance.dtype)
        self._room[: len(rows)] = rows
        self._explained = np.einsum("nm,nm->m", rows, rows)

    @property
    def _rows(self) -> Reals:
        return self._room[: self._number]

    def extend(self, x: Floats, row: Floats, corner: float) -> None:
        """Takes note of one observation at ``x`` (1, d), whose row of L is ``row`` (n,) and then ``corner``."""
        kernel, parameters = self._process.kernel, self._process.parameters
        covariance = kernel.covariance(kernel.distance(x, self.x), parameters)[0]
        new = (covariance - row.astype(covariance.dtype) @ self._rows) / covariance.dtype.type(corner)
        if self._number == len(self._room):
            self._room = np.concatenate([self._room, np.empty_like(self._room)])
        self._room[self._number] = new
        self._number += 1
        self._explained += new.astype(np.float64) ** 2

    def predict(self) -> tuple[Floats, Floats]:
        """(mean, standard deviation) of f, each (m,)."""
        mean = self._process._whitened.astype(self._room.dtype) @ self._rows
        return mean.astype(np.float64), self._process._deviation(self._explained)


def _floating(x: ArrayLike) -> Reals:
    """``x`` as floating-point numbers, of double precision where it has none."""
    array = np.asarray(x)
    return array if array.dtype == np.float32 else array.astype(np.float64, copy=False)


class _Merged:
    """Inputs (n, d) as G distinct rows ``x`` (G, d), the row of each input ``groups`` (n,) and ``counts`` (G,)."""

    def __init__(self, x: ArrayLike) -> None:
        rows = _floating(x)
        self.x, self.groups, self.counts = np.unique(rows, axis=0, return_inverse=True, return_counts=True)


def negative_log_likelihood(
    kernel: Kernel, parameters: Floats, distance: Floats, data: _Merged, y: Floats
) -> tuple[float, Floats]:
    """-log p(y | x) of targets ``y`` (n,), and its gradient by the log-parameters (P + 1,).

    ``distance`` (..., G, G) is that of the merged inputs. What merging takes out of the quadratic form, the squares
    within groups, counts as noise alone.
    """
    noise = np.exp(parameters[-1])
    covariance, slopes = kernel.gradients(distance, parameters)
    noisy = covariance.copy()
    noisy[np.diag_indices(len(noisy))] += noise / data.counts
    factor, failed = _POTRF(noisy, lower=1, clean=1)
    if failed:
        return np.inf, np.zeros_like(parameters)
    means = np.bincount(data.groups, y) / data.counts
    within, repeats = float(((y - means[data.groups]) ** 2).sum()), len(y) - len(means)
    inverse, _ = _POTRI(factor, lower=1)
    inverse += np.tril(inverse, -1).T
    weights = inverse @ means
    value = (
        0.5 * float(means @ weights)
        + float(np.log(np.diagonal(factor)).sum())
        + 0.5 * (repeats * np.log(noise) + float(np.log(data.counts).sum()) + within / noise)
        + 0.5 * len(y) * np.log(2 * np.pi)
    )
    by_covariance = 0.5 * (inverse - np.outer(weights, weights))
    by_noise = float((np.diagonal(by_covariance) * noise / data.counts).sum()) + 0.5 * (repeats - within / noise)
    return value, np.array([*(float(np.vdot(by_covariance, slope)) for slope in slopes), by_noise])
