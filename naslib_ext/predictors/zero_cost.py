"""Zero-cost proxies as predictors: no training, one score an architecture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from naslib_ext.errors import NaslibExtError
from naslib_ext.parameters import Parameter
from naslib_ext.predictors.base import Predictor, Values
from naslib_ext.proxies import get_proxy, list_proxies, score
from naslib_ext.search_spaces import Codes


class ZeroCostPredictor(Predictor):
    """A zero-cost proxy's score as the prediction; in its own unit, so that only its order means something.

    Where ``bind`` got a free score of the proxy's name (``zen``, ...; ``nwot`` for naswot), as tables have it, that is
    read; else networks are built and scored, with the seed of ``bind``. Queries need no ``fit``, unless ``orient``.

    Differences from NASLib's ``ZeroCost``: images are N(0, 1) instead of a data loader's, the proxy's settings are
    those of ``naslib_ext.proxies``, and ``fit`` can learn the sign.
    """

    parameters = {
        "proxy": Parameter("zen", "name of the proxy", choices=tuple(list_proxies())),
        "orient": Parameter(False, "turn the score so that it rises with the training scores' ranks"),
        "computed": Parameter(False, "build and score networks even where the score can be read"),
        "batch_size": Parameter(16, "images in the batch", minimum=1),
        "image_size": Parameter(32, "height and width of an image", minimum=1),
        "threads": Parameter(1, "architectures that are scored at the same time", minimum=1),
        "proxy_settings": Parameter({}, "the proxy's own settings, by name"),
        "network_sizes": Parameter({}, "keyword arguments of the network's class"),
    }

    _sign = 1.0

    def fit(self, xtrain: Any, ytrain: ArrayLike, info: Any = None) -> float:
        """Does nothing, or learns the sign if ``orient``. Returns NaN: the scores have another unit than ``ytrain``."""
        codes, scores = self._codes(xtrain), np.asarray(ytrain, dtype=np.float64).reshape(-1)
        if len(codes) != len(scores):
            raise NaslibExtError(f"{type(self).__name__}: {len(codes)} architectures and {len(scores)} scores")
        if self.settings["orient"]:
            self._fit(codes, scores)
        self._fitted = True
        return float("nan")

    def _fit(self, codes: Codes, scores: Values) -> None:
        if not np.isfinite(scores).all():
            row = int(np.argmin(np.isfinite(scores)))
            raise NaslibExtError(f"{type(self).__name__}: the score of row {row} is {scores[row]}")
        ranks = [rankdata(values) - (len(codes) + 1) / 2 for values in (self._proxy(codes), scores)]
        self._sign = -1.0 if ranks[0] @ ranks[1] < 0 else 1.0

    def _test_codes(self, x: Any) -> Codes:
        return super()._test_codes(x) if self.settings["orient"] else self._codes(x)

    def _query(self, codes: Codes) -> Values:
        return self._sign * self._proxy(codes) if self.settings["orient"] else self._proxy(codes)

    def _proxy(self, codes: Codes) -> Values:
        """(n,) scores of the proxy, read or computed."""
        values = self.settings
        name = values["proxy"]
        if not values["computed"]:
            for column in (get_proxy(name).column, name):
                if column in self.free:
                    return np.asarray(self.free[column](codes), dtype=np.float64)
        shared = {key: values[key] for key in ("batch_size", "image_size", "threads")}
        own = {**shared, **values["proxy_settings"]}
        return score(self.space, codes, name, seed=self.seed, sizes=values["network_sizes"], **own)
