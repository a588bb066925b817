"""The accuracy predictor of Once-for-All (Cai et al., ICLR 2020) as a benchmark of the MobileNetV3-like space."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.benchmarks.base import Benchmark, Values
from naslib_ext.benchmarks.table import read_arrays
from naslib_ext.errors import ConfigError, DataFileError
from naslib_ext.networks.mobilenet import CHANNELS, UNITS, multiple_of_8
from naslib_ext.search_spaces import Codes, get_search_space
from naslib_ext.search_spaces.mobilenet import EXPANSIONS, KERNELS, NUM_UNITS, UNIT_DEPTH

SPACE, DATASET, FILE = "mobilenet", "imagenet", "ofa_accuracy_predictor.npz"
RESOLUTIONS = tuple(range(112, 225, 16))
NUM_LAYERS, NUM_CHOICES = NUM_UNITS * UNIT_DEPTH, len(KERNELS) * len(EXPANSIONS)
NUM_FEATURES = NUM_LAYERS * (len(KERNELS) + len(EXPANSIONS)) + len(RESOLUTIONS)

Layers = Sequence[tuple[NDArray[Any], NDArray[Any]]]


class OnceForAllPredictor(Benchmark):
    """Predicted ImageNet top-1 accuracy in percent (``val_accuracy``), and multiply-adds in millions (free ``flops``).

    The predictor is a perceptron with ReLU over 128 indicators: kernel and expansion of each of the 20 layers (none for
    an absent layer) and the resolution. Its answers are predictions, not measurements.

    Args:
        layers: matrix (outputs, inputs) and bias of each layer, from the input on.
        resolution: of the images, 112 to 224 in steps of 16.
        width: factor of the channels, which the multiply-adds depend on.

    Raises ``DataFileError`` where the layers do not fit each other, ``ConfigError`` for another resolution.
    """

    def __init__(self, layers: Layers, resolution: int = 224, width: float = 1.2) -> None:
        super().__init__(get_search_space(SPACE), DATASET, "code", True)
        if resolution not in RESOLUTIONS:
            raise ConfigError(f"resolution: expected one of {', '.join(map(str, RESOLUTIONS))}, got {resolution}")
        sizes = [NUM_FEATURES, *(len(bias) for _, bias in layers)]
        expected = [(outputs, inputs) for inputs, outputs in pairwise(sizes)]
        if [matrix.shape for matrix, _ in layers] != expected or sizes[-1] != 1:
            raise DataFileError(f"{self.name}: layers of shapes {[matrix.shape for matrix, _ in layers]} do not fit")
        self._layers = layers
        self._resolution = np.eye(len(RESOLUTIONS), dtype=np.float32)[RESOLUTIONS.index(resolution)]
        self._flops, self._fixed = _flops_by_choice(resolution, width)
        self.free = {"flops": self._count_flops}

    def metrics(self) -> dict[str, list[int | None]]:
        return {"val_accuracy": [None]}

    def query(self, codes: ArrayLike, metric: str = "val_accuracy", epoch: int | None = None) -> Values:
        self.resolve(metric, epoch)
        values = self._features(self.space.check(codes))
        for number, (matrix, bias) in enumerate(self._layers):
            # one product a row: a product of matrices rounds differently for different numbers of rows
            values = np.matmul(matrix, (np.maximum(values, 0) if number else values)[:, :, None])[:, :, 0] + bias
        accuracy: Values = 100 * values[:, 0].astype(np.float64)
        return accuracy

    def _features(self, codes: Codes) -> NDArray[np.float32]:
        """(n, 128) kernels layer by layer, then expansions, then the resolution."""
        layer = np.eye(NUM_CHOICES + 1, dtype=np.float32)[codes][..., 1:]
        layer = layer.reshape(len(codes), NUM_LAYERS, len(KERNELS), len(EXPANSIONS))
        resolution = np.broadcast_to(self._resolution, (len(codes), len(RESOLUTIONS)))
        kernels, expansions = (layer.sum(axis=axis).reshape(len(codes), NUM_LAYERS * 3) for axis in (3, 2))
        return np.concatenate([kernels, expansions, resolution], axis=1)

    def _count_flops(self, codes: ArrayLike) -> Values:
        """(n,) millions of multiply-adds of convolutions and linear layers."""
        return self._fixed + self._flops[np.arange(NUM_LAYERS), self.space.check(codes)].sum(axis=1)


def load_predictor(folders: Sequence[Path]) -> OnceForAllPredictor | None:
    """The predictor whose file is in the first of ``folders`` that has it. Raises ``DataFileError``."""
    for folder in folders:
        path = folder / FILE
        if path.is_file():
            arrays = read_arrays(path)
            places = sorted({int(name.split("_")[0]) for name in arrays})
            try:
                return OnceForAllPredictor([(arrays[f"{i}_weight"], arrays[f"{i}_bias"]) for i in places])
            except KeyError as error:
                raise DataFileError(f"{path}: the array {error} is missing") from error
    return None


def _flops_by_choice(resolution: int, width: float) -> tuple[Values, float]:
    """Millions of multiply-adds of each layer's choices (20, 10), and of all that every network has."""
    stem, *units, last, hidden = (multiple_of_8(channels * width) for channels in CHANNELS)
    size = -(-resolution // 2)
    fixed = size**2 * stem * (3 * 9 + 9 + stem)
    table = np.zeros((NUM_LAYERS, NUM_CHOICES + 1))
    c_in = stem
    for unit, c_out in enumerate(units):
        stride, _, squeeze = UNITS[unit]
        for place in range(UNIT_DEPTH):
            smaller = -(-size // stride) if place == 0 else size
            for choice in range(NUM_CHOICES):
                kernel, expansion = KERNELS[choice // len(EXPANSIONS)], EXPANSIONS[choice % len(EXPANSIONS)]
                middle = c_in * expansion
                count = middle * (c_in * size**2 + (kernel**2 + c_out) * smaller**2)
                count += 2 * middle * multiple_of_8(middle // 4) if squeeze else 0
                table[unit * UNIT_DEPTH + place, choice + 1] = count
            size, c_in = smaller, c_out
    fixed += c_in * last * size**2 + last * hidden + hidden * 1000
    return table / 1e6, fixed / 1e6
