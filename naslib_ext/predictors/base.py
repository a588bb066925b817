"""Fit and query on codes: what every predictor shares, and its NASLib side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.errors import ConfigError, NaslibExtError
from naslib_ext.naslib_bridge import base
from naslib_ext.parameters import Parameter, settings
from naslib_ext.registry import unknown_name
from naslib_ext.search_spaces import Codes, SearchSpace, get_search_space

Values = NDArray[np.float64]


class Predictor(base.Predictor):
    """Predicts scores (higher is better) of architectures.

    A subclass declares its ``parameters`` and writes ``_fit`` and ``_query`` on codes; predictors with uncertainty
    write ``_predict`` too. NASLib's graphs are taken wherever codes are, and converted once, here.

    Args:
        ss_type: NASLib's name of the search space; with it the predictor binds itself.
        encoding_type: for NASLib's callers; a predictor here knows its own encoding.
        **hyperparameters: values for ``parameters``. Raises ``ConfigError`` for an unknown or impossible one.
    """

    parameters: ClassVar[dict[str, Parameter]] = {}

    def __init__(self, ss_type: Any = None, encoding_type: Any = None, **hyperparameters: Any) -> None:
        super().__init__(ss_type, encoding_type)
        for name in hyperparameters:
            if name not in self.parameters:
                raise ConfigError(str(unknown_name(f"{type(self).__name__} parameter", name, self.parameters)))
        self.hyperparams: dict[str, Any] | None = settings(self.parameters, hyperparameters, "")
        self._space: SearchSpace | None = None
        self._fitted = False

    def bind(
        self, space: SearchSpace, seed: int = 0, free: Mapping[str, Callable[[ArrayLike], Values]] | None = None
    ) -> Predictor:
        """Starts anew on another space; returns self.

        Args:
            space: the search space of the codes.
            seed: names the random streams.
            free: scores that cost no query, name -> function of codes (n, L).
        """
        self._space = space
        self.seed = seed
        self.free = dict(free or {})
        self._fitted = False
        return self

    @property
    def space(self) -> SearchSpace:
        """The search space it is bound to. Raises ``NaslibExtError`` before ``bind``."""
        if self._space is None:
            if self.ss_type is None:
                raise NaslibExtError(f"{type(self).__name__} is not bound to a search space; call bind first")
            self.bind(get_search_space(str(self.ss_type)))
        assert self._space is not None
        return self._space

    @property
    def settings(self) -> dict[str, Any]:
        """The value of every parameter; hyper-parameters that NASLib set or reset count."""
        return settings(self.parameters, self.hyperparams or {}, "")

    def fit(self, xtrain: Any, ytrain: ArrayLike, info: Any = None) -> float:
        """Fits scores ``ytrain`` (n,) of architectures ``xtrain``, codes (n, L) or NASLib graphs.

        Returns the mean absolute error on them, as NASLib's predictors do. Raises ``NaslibExtError`` where the
        lengths differ or a score is not a number.
        """
        codes, scores = self._codes(xtrain), np.asarray(ytrain, dtype=np.float64).reshape(-1)
        if len(codes) != len(scores) or not len(codes):
            raise NaslibExtError(f"{type(self).__name__}: {len(codes)} architectures and {len(scores)} scores")
        if not np.isfinite(scores).all():
            row = int(np.argmin(np.isfinite(scores)))
            raise NaslibExtError(f"{type(self).__name__}: the score of row {row} is {scores[row]}")
        self._fit(codes, scores)
        self._fitted = True
        return float(np.abs(self._query(codes) - scores).mean())

    def query(self, xtest: Any, info: Any = None) -> Values:
        """(n,) predicted scores of architectures ``xtest``, codes (n, L) or NASLib graphs."""
        return self._query(self._test_codes(xtest))

    def predict(self, xtest: Any) -> tuple[Values, Values]:
        """(mean, standard deviation), each (n,). Raises ``NaslibExtError`` for a predictor without uncertainty."""
        return self._predict(self._test_codes(xtest))

    def _test_codes(self, x: Any) -> Codes:
        if not self._fitted:
            raise NaslibExtError(f"{type(self).__name__} is not fitted; call fit first")
        return self._codes(x)

    def _codes(self, x: Any) -> Codes:
        if len(x) and hasattr(x[0], "get_hash"):
            if self._space is None and self.ss_type is None:
                self.set_ss_type(x[0].get_type())
            return np.stack([self.space.from_spec(graph.get_hash()) for graph in x])
        return self.space.check(np.asarray(x).reshape(len(x), -1) if len(x) else self._no_codes())

    def _no_codes(self) -> Codes:
        return np.empty((0, self.space.num_positions), dtype=np.int8)

    def _fit(self, codes: Codes, scores: Values) -> None:
        raise NotImplementedError

    def _query(self, codes: Codes) -> Values:
        raise NotImplementedError

    def _predict(self, codes: Codes) -> tuple[Values, Values]:
        raise NaslibExtError(f"{type(self).__name__} predicts no uncertainty")
