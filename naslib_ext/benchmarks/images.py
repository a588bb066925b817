"""Image data sets as plain tensors: two that are made without a download, and anybody's own arrays.

    dataset = load_images("textures")
    mine = ImageDataset.from_arrays("mine", images, labels)     # (n, h, w) or (n, c, h, w), and (n,)

``digits`` are scikit-learn's 8x8 digits under additive noise, ``textures`` are 8x8 gratings drawn by code. Both are
small enough to train a network in about half a second, and noisy enough that architectures differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from naslib_ext.errors import DataFileError, MissingDependency
from naslib_ext.random_streams import stream
from naslib_ext.registry import unknown_name

FRACTIONS = (0.6, 0.2, 0.2)
"""Usual shares of the training, validation and test images."""


class Split(NamedTuple):
    """Images (n, c, h, w) float32 and their labels (n,) int64."""

    images: Tensor
    labels: Tensor


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """Labelled images in three parts.

    Args:
        name: what results call it.
        train, val, test: images (n, c, h, w) float32 and labels (n,) int64 from 0 to ``num_classes`` - 1; n may differ.
        num_classes: number of classes.

    Raises ``DataFileError`` where shapes, types or labels do not fit, or an image is not finite.
    """

    name: str
    train: Split
    val: Split
    test: Split
    num_classes: int

    def __post_init__(self) -> None:
        for part, (images, labels) in self.parts.items():
            where = f"{self.name}, {part}"
            if images.ndim != 4 or images.dtype != torch.float32 or images.shape[1:] != self.train.images.shape[1:]:
                raise DataFileError(
                    f"{where}: images must be float32 (n, c, h, w), alike in all parts; "
                    f"got {images.dtype} {tuple(images.shape)}"
                )
            if labels.dtype != torch.int64 or labels.shape != images.shape[:1] or len(labels) < 2:
                raise DataFileError(
                    f"{where}: there must be an int64 label for each of at least two images; "
                    f"got {labels.dtype} {tuple(labels.shape)} for {len(images)} images"
                )
            if labels.min() < 0 or labels.max() >= self.num_classes:
                raise DataFileError(f"{where}: labels must lie between 0 and {self.num_classes - 1}")
            if not torch.isfinite(images).all():
                raise DataFileError(f"{where}: an image is not finite")

    @property
    def parts(self) -> dict[str, Split]:
        """The three parts by name."""
        return {"train": self.train, "val": self.val, "test": self.test}

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(c, h, w) of one image."""
        channels, height, width = self.train.images.shape[1:]
        return channels, height, width

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all images and labels: equal data sets have equal ones, whatever their names."""
        digest = sha256(str(self.num_classes).encode())
        for images, labels in self.parts.values():
            digest.update(str(tuple(images.shape)).encode())
            digest.update(images.cpu().contiguous().numpy().tobytes())
            digest.update(labels.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:32]

    @classmethod
    def from_arrays(
        cls, name: str, images: ArrayLike, labels: ArrayLike, seed: int = 0, fractions: Sequence[float] = FRACTIONS
    ) -> ImageDataset:
        """A data set of one's own arrays: split at random, every channel standardised by its training images.

        Args:
            name: what results call it.
            images: (n, h, w) or (n, c, h, w), of any numeric type and range.
            labels: (n,) integers from 0; the largest one says how many classes there are.
            seed: of the split.
            fractions: shares of the training, validation and test images; they sum to 1 at most.

        Raises ``DataFileError`` where the arrays do not fit each other or the fractions are impossible.
        """
        pixels, classes = np.asarray(images, dtype=np.float32), np.asarray(labels)
        pixels = pixels[:, None] if pixels.ndim == 3 else pixels
        if pixels.ndim != 4 or classes.shape != pixels.shape[:1] or not np.issubdtype(classes.dtype, np.integer):
            raise DataFileError(
                f"{name}: expected images (n, h, w) or (n, c, h, w) and integer labels (n,), "
                f"got {np.shape(images)} and {classes.dtype} {classes.shape}"
            )
        parts = _split(name, len(classes), seed, fractions)
        train = pixels[parts[0]].astype(np.float64)
        mean = train.mean(axis=(0, 2, 3), keepdims=True)
        deviation = np.maximum(train.std(axis=(0, 2, 3), keepdims=True), 1e-6)
        return _dataset(name, (pixels - mean) / deviation, classes, parts)


def load_images(name: str) -> ImageDataset:
    """``"digits"`` or ``"textures"``, the same bytes on every machine.

    Raises ``UnknownName`` for others, ``MissingDependency`` where the digits need scikit-learn and it is not there.
    """
    if name not in _MAKERS:
        raise unknown_name("image data set", name, _MAKERS)
    return _MAKERS[name]()


def make_digits(noise: float = 0.3, seed: int = 0) -> ImageDataset:
    """scikit-learn's 1,797 handwritten digits, (1, 8, 8), with Gaussian noise on every pixel.

    Args:
        noise: its standard deviation, where a pixel goes from 0 (paper) to 1 (ink). Without it nearly every
            architecture gets nearly everything right.
        seed: of noise and split.
    """
    try:
        from sklearn.datasets import load_digits  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingDependency("the digits come with scikit-learn: pip install scikit-learn") from error
    data = load_digits()
    pixels = data.images[:, None] / 16 + noise * stream(seed, "digits").normal(size=(len(data.images), 1, 8, 8))
    return _dataset("digits", _quantised(pixels), data.target, _split("digits", len(pixels), seed, FRACTIONS))


def make_textures(count: int = 7000, size: int = 8, noise: float = 0.8, seed: int = 0) -> ImageDataset:
    """Gratings (1, size, size) in ten classes: five orientations of coarse or fine stripes.

    Phase, contrast, polarity and brightness are random, wavelength and orientation jitter within the class.

    Args:
        count: number of images, equally many of each class.
        size: height and width in pixels.
        noise: standard deviation of the Gaussian noise on every pixel; the stripes' amplitude is 0.5 to 1.
        seed: of everything.
    """
    rng = stream(seed, "textures")
    labels = np.arange(count) % 10
    one = (count, 1, 1)
    angle = np.pi * (labels.reshape(one) % 5 + rng.uniform(-0.3, 0.3, one)) / 5
    wavelength = np.where(labels.reshape(one) < 5, 3.0, 5.5) * rng.uniform(0.85, 1.15, one)
    rows, columns = np.mgrid[:size, :size]
    across = np.cos(angle) * columns + np.sin(angle) * rows
    stripes = np.sin(2 * np.pi * (across / wavelength + rng.random(one)))
    pixels = rng.uniform(0.5, 1, one) * stripes + rng.uniform(-0.5, 0.5, one)
    pixels = pixels + noise * rng.normal(size=pixels.shape)
    parts = _split("textures", count, seed, FRACTIONS)
    return _dataset("textures", _quantised(0.5 + 0.5 * pixels[:, None]), labels, parts)


_MAKERS: dict[str, Callable[[], ImageDataset]] = {"digits": make_digits, "textures": make_textures}


def _quantised(pixels: NDArray[np.float64]) -> NDArray[np.float32]:
    """Pixels around 0.5 on a grid of 1/64, so that the last bit of a sine does not show, then around 0."""
    return np.asarray((np.rint(64 * pixels) - 32) / 32, dtype=np.float32)


def _split(name: str, n: int, seed: int, fractions: Sequence[float]) -> list[NDArray[np.int64]]:
    """Row numbers of the three parts."""
    if len(fractions) != 3 or min(fractions) <= 0 or sum(fractions) > 1 + 1e-9:
        raise DataFileError(f"{name}: three positive fractions that sum to 1 at most, got {list(fractions)}")
    order = stream(seed, "split").permutation(n)
    ends = [round(n * share) for share in np.cumsum(fractions)]
    return [order[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _dataset(name: str, pixels: Any, labels: Any, parts: Sequence[NDArray[np.int64]]) -> ImageDataset:
    images = torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32))
    classes = torch.from_numpy(np.ascontiguousarray(labels, dtype=np.int64))
    train, val, test = (Split(images[rows], classes[rows]) for rows in parts)
    return ImageDataset(name, train, val, test, int(classes.max()) + 1 if len(classes) else 0)
