"""Several small multilayer perceptrons trained as one computation, in numpy.

For E networks of the sizes that BANANAS uses (20 units a layer, batches of 32), products of stacked matrices
``(E, b, h) @ (E, h, h)`` take numpy two thirds of the time that ``torch.bmm`` and its bookkeeping take.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]

MOMENTS = (0.9, 0.99)
EPSILON = 1e-7


class MLPEnsemble:
    """E networks with ReLU, each trained on the mean absolute error by Adam in its own order of the data.

    Args:
        sizes: units of each layer, from the features to the last hidden layer; one output follows.
        members: E.
        rng: draws the initial weights (Glorot and Bengio, 2010; biases 0).

    Attributes:
        weights: (E, P) all parameters of each network; may be written into.
    """

    def __init__(self, sizes: Sequence[int], members: int, rng: np.random.Generator) -> None:
        self._shapes = list(pairwise([*sizes, 1]))
        self.weights = np.zeros((members, sum(a * b + b for a, b in self._shapes)), dtype=np.float32)
        for matrix, _ in self._layers(self.weights):
            limit = np.sqrt(6 / sum(matrix.shape[1:]))
            matrix[:] = rng.uniform(-limit, limit, matrix.shape)

    def _layers(self, flat: Floats) -> list[tuple[Floats, Floats]]:
        """Views of ``flat`` (E, P): for each layer its matrices (E, in, out) and biases (E, 1, out)."""
        layers, start = [], 0
        for a, b in self._shapes:
            matrix, bias = flat[:, start : start + a * b], flat[:, start + a * b : start + a * b + b]
            layers.append((matrix.reshape(-1, a, b), bias.reshape(-1, 1, b)))
            start += a * b + b
        return layers

    def train(
        self,
        x: ArrayLike,
        y: ArrayLike,
        epochs: int,
        rng: np.random.Generator,
        batch_size: int = 32,
        learning_rate: float = 0.01,
    ) -> None:
        """Goes on from the present weights on features ``x`` (n, d) and targets ``y`` (n,); Adam starts anew."""
        features, targets = np.asarray(x, dtype=np.float32), np.asarray(y, dtype=np.float32)[:, None]
        layers, gradient = self._layers(self.weights), np.zeros_like(self.weights)
        gradients = self._layers(gradient)
        first, second = np.zeros_like(gradient), np.zeros_like(gradient)
        step = 0
        for _ in range(epochs):
            orders = rng.permuted(np.broadcast_to(np.arange(len(features)), (len(self.weights), len(features))), axis=1)
            for start in range(0, len(features), batch_size):
                rows = orders[:, start : start + batch_size]
                _backward(layers, gradients, features[rows], targets[rows])
                step += 1
                first += (1 - MOMENTS[0]) * (gradient - first)
                second += (1 - MOMENTS[1]) * (gradient * gradient - second)
                rate = learning_rate * np.sqrt(1 - MOMENTS[1] ** step) / (1 - MOMENTS[0] ** step)
                self.weights -= np.float32(rate) * first / (np.sqrt(second) + np.float32(EPSILON))

    def predict(self, x: ArrayLike) -> NDArray[np.float64]:
        """(E, n) outputs for features (n, d)."""
        hidden = np.broadcast_to(np.asarray(x, dtype=np.float32), (len(self.weights), *np.shape(x)))
        return _forward(self._layers(self.weights), hidden)[-1][..., 0].astype(np.float64)


def _forward(layers: list[tuple[Floats, Floats]], x: Floats) -> list[Floats]:
    """What enters each layer (E, n, in), and the output (E, n, 1)."""
    entering = [x]
    for matrix, bias in layers[:-1]:
        hidden = entering[-1] @ matrix
        hidden += bias
        entering.append(np.maximum(hidden, 0, out=hidden))
    matrix, bias = layers[-1]
    return [*entering, entering[-1] @ matrix + bias]


def _backward(
    layers: list[tuple[Floats, Floats]], gradients: list[tuple[Floats, Floats]], x: Floats, y: Floats
) -> None:
    """Writes the gradients of the mean absolute error on ``x`` (E, b, d), ``y`` (E, b, 1)."""
    *entering, output = _forward(layers, x)
    error = np.sign(output - y) / np.float32(y.shape[1])
    for (matrix, _), (by_matrix, by_bias), hidden in zip(layers[::-1], gradients[::-1], entering[::-1], strict=True):
        np.matmul(hidden.transpose(0, 2, 1), error, out=by_matrix)
        error.sum(axis=1, keepdims=True, out=by_bias)
        if hidden is not x:
            error = error @ matrix.transpose(0, 2, 1)
            error *= hidden > 0
