"""Our predictors in NASLib's ``Ensemble``, and our optimizers behind the names of NASLib's runners."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from naslib_ext.errors import NaslibExtError
from naslib_ext.naslib_bridge import base
from naslib_ext.naslib_bridge.adapters.graphs import space_of
from naslib_ext.naslib_bridge.adapters.naslib_names import DISCRETE, naslib_object
from naslib_ext.optimizers import get_optimizer
from naslib_ext.predictors import Predictor, get_predictor, list_predictors
from naslib_ext.registry import unknown_name

PREFIX = "naslib_ext:"
"""Stands before a name that NASLib has too: ``xgb`` is NASLib's, ``naslib_ext:xgb`` is ours."""

NASLIB_NAMES = frozenset(
    "bananas bayes_lin_reg bohamiann bonas dngo gcn gp gpwl lgb mlp nao ngb omni_ngb omni_seminas rf seminas "
    "sparse_gp var_sparse_gp xgb".split()
)
"""The predictor types of NASLib's ``Ensemble``."""


def register(replace: Mapping[str, str] | None = None) -> list[str]:
    """Makes our predictors known to NASLib, for this process. Idempotent.

    NASLib's Bananas, Npenas and BasePredictor then take them as ``predictor_type``. The optimizers of its runners stand
    in dictionaries inside its scripts, which nothing can add to; a name of theirs can be made to mean another method.

    Args:
        replace: names of NASLib's runners -> names of our optimizers: ``{"rs": "anasod_bo"}`` has NASLib's own runners
            run ANASOD-BO for ``optimizer rs``, if they are started after this.

    Returns:
        The predictor types that were added, each also with the prefix ``naslib_ext:``; where NASLib has the name too
        only with the prefix.

    Raises ``MissingDependency`` without NASLib, ``UnknownName`` for a name in ``replace``.
    """
    ensemble = naslib_object("naslib.predictors.ensemble", "Ensemble")
    if not getattr(ensemble.get_ensemble, "registered", False):
        ensemble.get_ensemble = _with_ours(ensemble.get_ensemble)
    for theirs, ours in (replace or {}).items():
        _replace_optimizer(theirs, ours)
    return [PREFIX + name if name in NASLIB_NAMES else name for name in list_predictors()]


def _with_ours(own: Callable[[Any], list[Any]]) -> Callable[[Any], list[Any]]:
    def get_ensemble(self: Any) -> list[Any]:
        name = str(self.predictor_type)
        if name in NASLIB_NAMES:
            return own(self)
        return ensemble_members(name.removeprefix(PREFIX), self.ss_type, self.num_ensemble)

    get_ensemble.registered = True  # type: ignore[attr-defined]
    return get_ensemble


def _replace_optimizer(theirs: str, ours: str) -> None:
    if theirs not in DISCRETE:
        raise unknown_name("optimizer of NASLib", theirs, DISCRETE)
    method = get_optimizer(ours)

    def build(config: Any = None, zc_api: Any = None) -> Any:
        return method(config)

    setattr(import_module("naslib.optimizers"), DISCRETE[theirs], build)


def ensemble_members(name: str, ss_type: Any, count: int) -> list[Any]:
    """``count`` predictors of that name for NASLib's ``Ensemble``, whose acquisition functions use their spread.

    A predictor with uncertainty is fitted once; its members answer mean + z * standard deviation with z of mean 0 and
    variance 1, so that the mean and the spread of the members are the predictor's own. Of others each member has
    a seed of its own.

    Raises ``UnknownName`` for an unknown name.
    """
    method = get_predictor(name)
    if count > 1 and method._predict is not Predictor._predict:
        shared = _Seeded(method(ss_type=ss_type))
        places = np.linspace(-1, 1, count)
        return [_Shifted(shared, float(z), index == 0) for index, z in enumerate(places / places.std())]
    return [_Seeded(method(ss_type=ss_type)) for _ in range(count)]


class _Seeded(base.Predictor):
    """A predictor with a new seed, drawn from numpy's global generator that NASLib seeds, for every fit."""

    def __init__(self, predictor: Predictor) -> None:
        super().__init__(predictor.ss_type)
        self.predictor = predictor

    def set_hyperparams(self, hyperparams: dict[str, Any] | None) -> None:
        """Replaces the predictor's hyper-parameters; ``None`` leaves its defaults."""
        super().set_hyperparams(hyperparams)
        if hyperparams:
            self.predictor.set_hyperparams(hyperparams)

    def fit(self, xtrain: Any, ytrain: Any, info: Any = None) -> float:
        """Fits anew on architectures, NASLib's graphs or light objects."""
        if not len(xtrain):
            raise NaslibExtError(f"{type(self.predictor).__name__}: there is nothing to fit")
        free = getattr(getattr(xtrain[0], "benchmark", None), "free", None)
        self.predictor.bind(space_of(xtrain[0]), int(np.random.randint(2**31 - 1)), free)
        return self.predictor.fit(xtrain, ytrain, info)

    def query(self, xtest: Any, info: Any = None) -> Any:
        """(n,) predictions."""
        return self.predictor.query(xtest, info)


class _Shifted(base.Predictor):
    """One of several members that share a predictor with uncertainty."""

    def __init__(self, shared: _Seeded, z: float, leads: bool) -> None:
        super().__init__(shared.ss_type)
        self.shared, self.z, self.leads = shared, z, leads
        self._error = 0.0

    def set_hyperparams(self, hyperparams: dict[str, Any] | None) -> None:
        """Replaces the shared predictor's hyper-parameters."""
        super().set_hyperparams(hyperparams)
        self.shared.set_hyperparams(hyperparams)

    def fit(self, xtrain: Any, ytrain: Any, info: Any = None) -> float:
        """Fits the shared predictor, if this member is the one that does."""
        if self.leads:
            self._error = self.shared.fit(xtrain, ytrain, info)
        return self._error

    def query(self, xtest: Any, info: Any = None) -> Any:
        """(n,) mean + z * standard deviation."""
        mean, deviation = self.shared.predictor.predict(xtest)
        return mean + self.z * deviation
