"""Gradient-boosted trees on an encoding, by default the one-hot one, with NASLib's settings."""

from __future__ import annotations

import numpy as np
import xgboost
from numpy.typing import NDArray

from naslib_ext.parameters import Parameter
from naslib_ext.predictors.base import Predictor, Values
from naslib_ext.predictors.features import FEATURES, features_by_name
from naslib_ext.search_spaces import Codes


class XGBoostPredictor(Predictor):
    """NASLib's ``XGBoost``: 500 trees of depth 6 on standardised scores.

    Differences from NASLib: where a search space tells architectures apart by their canonical form, that is encoded.
    """

    parameters = {
        "encoding": Parameter("adjacency", "what is seen of an architecture", choices=FEATURES),
        "num_rounds": Parameter(500, "number of trees", minimum=1),
        "max_depth": Parameter(6, "depth of a tree", minimum=1),
        "learning_rate": Parameter(0.3, "shrinkage of each tree", minimum=1e-6, maximum=1),
        "min_child_weight": Parameter(1.0, "least weight of a leaf", minimum=0),
        "colsample_bytree": Parameter(1.0, "fraction of features a tree sees", minimum=0, maximum=1),
        "colsample_bylevel": Parameter(1.0, "fraction of features a level sees", minimum=0, maximum=1),
    }

    def _features(self, codes: Codes) -> NDArray[np.float32]:
        return features_by_name(self.space, codes, self._encoding, self.free)

    def _fit(self, codes: Codes, scores: Values) -> None:
        self._center, self._scale = float(scores.mean()), float(scores.std()) or 1.0
        values = self.settings
        self._encoding, rounds = values.pop("encoding"), values.pop("num_rounds")
        data = xgboost.DMatrix(self._features(codes), (scores - self._center) / self._scale)
        settings = {"objective": "reg:squarederror", "seed": self.seed, "nthread": 1, **values}
        self._booster = xgboost.train(settings, data, rounds)

    def _query(self, codes: Codes) -> Values:
        standard = self._booster.inplace_predict(self._features(codes)).astype(np.float64)
        return standard * self._scale + self._center
