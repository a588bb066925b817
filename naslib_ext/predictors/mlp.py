"""A perceptron on an encoding, as the encodings of Delta-NAS's Table 1 are compared (FLAN's recipe)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from naslib_ext.parameters import Parameter
from naslib_ext.predictors.base import Predictor, Values
from naslib_ext.predictors.features import FEATURES, features_by_name
from naslib_ext.predictors.training import Line, fit_network, hinge, outputs, seeded
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes

LARGEST = 4.0
"""Standardised features are cut off here: a proxy may have a value far from all others."""


class MLPPredictor(Predictor):
    """Three hidden layers on standardised features, trained on a pairwise hinge by AdamW with a cosine schedule.

    Differences from FLAN's recipe (150 epochs in batches of 8): larger batches, and a number of steps, so that many
    labels cost no more than few.
    """

    parameters = {
        "encoding": Parameter("adjacency", "what is seen of an architecture", choices=FEATURES),
        "layers": Parameter(3, "hidden layers", minimum=1),
        "width": Parameter(200, "of a hidden layer", minimum=1),
        "steps": Parameter(1_000, "batches at least", minimum=1),
        "epochs": Parameter(40, "passes over the labels at least", minimum=1),
        "batch_size": Parameter(32, "architectures in a batch", minimum=2),
        "learning_rate": Parameter(1e-3, "of AdamW, at the start", minimum=1e-8),
        "weight_decay": Parameter(1e-5, "of AdamW", minimum=0),
    }

    def _fit(self, codes: Codes, scores: Values) -> None:
        values, rng = self.settings, stream(self.seed, "mlp")
        self._encoding = values["encoding"]
        features = features_by_name(self.space, codes, self._encoding, self.free).astype(np.float64)
        self._center, scale = features.mean(axis=0), features.std(axis=0)
        self._scale = np.where(scale > 0, scale, 1)
        inputs = self._standardised(features)
        standard = torch.from_numpy((scores - scores.mean()) / (scores.std() or 1.0)).float()
        with seeded(rng):
            self._network = _Perceptron(features.shape[1], values["width"], values["layers"])
            fit_network(self._network, inputs, standard, hinge, rng, values)
        self._line = Line(outputs(self._network, inputs), scores)

    def _standardised(self, features: NDArray[np.float64]) -> list[Tensor]:
        scaled = np.clip((features - self._center) / self._scale, -LARGEST, LARGEST)
        return [torch.from_numpy(scaled.astype(np.float32))]

    def _query(self, codes: Codes) -> Values:
        features = features_by_name(self.space, codes, self._encoding, self.free)
        return self._line.scores(outputs(self._network, self._standardised(features.astype(np.float64))))


class _Perceptron(nn.Module):
    def __init__(self, inputs: int, width: int, layers: int) -> None:
        super().__init__()
        sizes = [inputs, *[width] * layers]
        hidden = [(nn.Linear(a, b), nn.ReLU()) for a, b in pairwise(sizes)]
        self.layers = nn.Sequential(*(module for pair in hidden for module in pair), nn.Linear(width, 1))

    def forward(self, features: Tensor) -> Tensor:
        """(b,) outputs."""
        score: Tensor = self.layers(features)[:, 0]
        return score
