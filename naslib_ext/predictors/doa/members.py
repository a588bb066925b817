"""What the difference predictor is an ensemble of: models F(a, b) = -F(b, a) on normal scores of ranks."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import xgboost
from numpy.typing import NDArray

from naslib_ext.predictors.base import Values
from naslib_ext.predictors.structure_gp import Seen, StructureInputs, fitted_process


class Member(ABC):
    """A model of the targets t (normal scores) of architectures, fitted when it is made."""

    @abstractmethod
    def score(self, seen: Seen) -> Values:
        """(n,) the targets of architectures, recovered from differences where the model knows only these."""

    def deviation(self, seen: Seen) -> Values:
        """(n,) standard deviation of a target, 0 from a model that has none."""
        return np.zeros(len(seen.codes))

    def difference(self, a: Seen, b: Seen) -> Values:
        """(n,) F(a, b), the gain in target from each architecture of ``a`` to that of ``b``."""
        return self.score(b) - self.score(a)


class Process(Member):
    """The posterior of differences f(b) - f(a) of a Gaussian process on structure: its means are differences of means.

    Args:
        seen: labelled architectures.
        targets: (n,).
        zero_cost: whether zero-cost scores are one more group of features.
        num_fitted: most architectures that choose the kernel's parameters.
        rng: chooses them.
    """

    def __init__(self, seen: Seen, targets: Values, zero_cost: bool, num_fitted: int, rng: np.random.Generator) -> None:
        self._inputs = StructureInputs(seen, zero_cost)
        self._process = fitted_process(self._inputs, seen, targets, num_fitted, rng)

    def score(self, seen: Seen) -> Values:
        return self._process.mean(self._inputs(seen))

    def deviation(self, seen: Seen) -> Values:
        _, std = self._process.predict(self._inputs(seen))
        return np.sqrt(std**2 + self._process.noise)


class Trees(Member):
    """Gradient-boosted trees on counts and zero-cost scores, and their differences.

    Args:
        seen: labelled architectures.
        targets: (n,).
        seed: of the trees' draws of rows and columns.
    """

    ROUNDS = 200
    SETTINGS = {
        "objective": "reg:squarederror", "nthread": 1, "eta": 0.05, "max_depth": 6, "subsample": 0.8,
        "colsample_bytree": 0.3,
    }  # fmt: skip

    def __init__(self, seen: Seen, targets: Values, seed: int) -> None:
        data = xgboost.DMatrix(self._features(seen), targets)
        self._booster = xgboost.train({**self.SETTINGS, "seed": seed}, data, self.ROUNDS)

    @staticmethod
    def _features(seen: Seen) -> NDArray[np.float32]:
        return np.concatenate([*seen.features.values(), seen.scores], axis=1, dtype=np.float32)

    def score(self, seen: Seen) -> Values:
        return self._booster.inplace_predict(self._features(seen)).astype(np.float64)
