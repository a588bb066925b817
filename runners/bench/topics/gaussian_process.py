"""Bayesian optimisation, piece by piece: fit, further observation, acquisition.

Architectures of NAS-Bench-201 as one-hot vectors of 30 numbers, made-up scores.
"""

from __future__ import annotations

from copy import copy
from functools import partial
from typing import Any

import numpy as np

from naslib_ext.encodings import one_hot
from naslib_ext.optimizers.acquisition import expected_improvement
from naslib_ext.predictors.gaussian_process import GaussianProcess
from naslib_ext.search_spaces import get_search_space
from runners.bench import peers
from runners.bench.made_up import additive
from runners.bench.meter import Meter, Work

KNOWN, CANDIDATES = 150, 1_000
Floats = np.ndarray


class Data:
    """Features and standardised targets of known architectures, and features of candidates."""

    def __init__(self, known: int, candidates: int) -> None:
        space, rng = get_search_space("nasbench201"), np.random.default_rng(0)
        codes, others = space.sample(known, rng), space.sample(candidates, rng)
        scores = additive(space)(codes)
        scale = np.sqrt(space.num_positions)  # every row has length 1, as in adj_bo
        self.x: Floats = one_hot(space, codes).astype(np.float64) / scale
        self.y: Floats = (scores - scores.mean()) / scores.std()
        self.candidates: Floats = one_hot(space, others).astype(np.float64) / scale


def measure(meter: Meter) -> None:
    data = Data(meter.size(1_600, 16), meter.size(16_000, 20))
    known, number = meter.size(KNOWN, 8), meter.size(CANDIDATES, 10)

    def fit(n: int) -> Work:
        return lambda: GaussianProcess().fit(data.x[:n], data.y[:n])

    item = meter.time(f"fit to {known} observations", fit(known), memory=True)
    meter.grow(item, "n", meter.sizes(100, 400, 1_600), fit)
    meter.compare(item, "BoTorch", lambda: (partial(_botorch_fit, data, known), 1))
    meter.compare(item, "scikit-learn", lambda: (partial(_sklearn_fit, data, known), 1))

    more = meter.size(16, 1)

    def extend(n: int) -> Work:
        process = GaussianProcess().condition(data.x[:n])
        return lambda: copy(process).extend(data.x[n : n + more]).set_targets(data.y[: n + more])

    item = meter.time("a further observation", extend(known), more)
    meter.grow(item, "n", (4, 8, 12) if meter.quick else (100, 400, 1_500), extend)

    def acquire(n: int, m: int) -> Work:
        process = GaussianProcess().condition(data.x[:n]).set_targets(data.y[:n])
        best = float(data.y[:n].max())
        return lambda: int(np.argmax(expected_improvement(*process.predict(data.candidates[:m]), best)))

    item = meter.time(f"best expected improvement of {number:,}", acquire(known, number), memory=True)
    meter.grow(item, "candidates", meter.sizes(1_000, 4_000, 16_000), partial(acquire, known))
    meter.grow(item, "n", meter.sizes(100, 400, 1_600), lambda n: acquire(n, number))
    meter.compare(item, "BoTorch", partial(_botorch_acquisition, data, known, number))


def _botorch_model(data: Data, known: int) -> Any:
    torch, botorch = peers.package("torch"), peers.package("botorch")
    return botorch.models.SingleTaskGP(torch.tensor(data.x[:known]), torch.tensor(data.y[:known])[:, None])


def _botorch_fit(data: Data, known: int) -> Any:
    model = _botorch_model(data, known)
    mll = peers.package("gpytorch.mlls").ExactMarginalLogLikelihood(model.likelihood, model)
    return peers.package("botorch").fit_gpytorch_mll(mll)


def _botorch_acquisition(data: Data, known: int, number: int) -> tuple[Work, int]:
    """``optimize_acqf_discrete`` with log expected improvement; the model's caches are those of a new observation."""
    torch, optim = peers.package("torch"), peers.package("botorch.optim")
    acquisition = peers.package("botorch.acquisition.analytic").LogExpectedImprovement
    model, choices = _botorch_model(data, known), torch.tensor(data.candidates[:number])

    def work() -> Any:
        model.train()  # forgets what was computed for the last observation
        model.eval()
        return optim.optimize_acqf_discrete(acquisition(model, float(data.y[:known].max())), 1, choices)

    return work, 1


def _sklearn_fit(data: Data, known: int) -> Any:
    module = peers.package("sklearn.gaussian_process")
    kernel = module.kernels.Matern(nu=2.5) * module.kernels.ConstantKernel() + module.kernels.WhiteKernel()
    return module.GaussianProcessRegressor(kernel).fit(data.x[:known], data.y[:known])
