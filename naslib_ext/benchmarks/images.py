"""Image data sets as plain tensors, and anybody's own arrays as one.

    mine = ImageDataset.from_arrays("mine", images, labels)     # (n, h, w) or (n, c, h, w), and (n,)

``made_images`` makes two without a download.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from naslib_ext.errors import DataFileError
from naslib_ext.random_streams import stream

logger = logging.getLogger(__name__)

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
            alike = images.shape[1:] == self.train.images.shape[1:] and 0 not in images.shape[1:]
            if images.ndim != 4 or images.dtype != torch.float32 or not alike:
                raise DataFileError(
                    f"{where}: images must be float32 (n, c, h, w) with pixels, alike in all parts; "
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
        whole = np.issubdtype(classes.dtype, np.integer)
        if pixels.ndim != 4 or 0 in pixels.shape[1:] or classes.shape != pixels.shape[:1] or not whole:
            raise DataFileError(
                f"{name}: expected images (n, h, w) or (n, c, h, w) and integer labels (n,), "
                f"got {np.shape(images)} and {classes.dtype} {classes.shape}"
            )
        if min(pixels.shape[1:3]) > 4 >= pixels.shape[3]:
            logger.warning("%s: %s is read as (n, c, h, w); is it (n, h, w, c)?", name, pixels.shape)
        parts = _split(name, len(classes), seed, fractions)
        train = pixels[parts[0]].astype(np.float64)
        mean = train.mean(axis=(0, 2, 3), keepdims=True)
        deviation = np.maximum(train.std(axis=(0, 2, 3), keepdims=True), 1e-6)
        return _dataset(name, (pixels - mean) / deviation, classes, parts)


def _split(name: str, n: int, seed: int, fractions: Sequence[float]) -> list[NDArray[np.int64]]:
    """Row numbers of the three parts."""
    if len(fractions) != 3 or not all(share > 0 for share in fractions) or sum(fractions) > 1 + 1e-9:
        raise DataFileError(f"{name}: three positive fractions that sum to 1 at most, got {list(fractions)}")
    order = stream(seed, "split").permutation(n)
    ends = [round(n * share) for share in np.cumsum(fractions)]
    return [order[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _dataset(name: str, pixels: Any, labels: Any, parts: Sequence[NDArray[np.int64]]) -> ImageDataset:
    images = torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32))
    classes = torch.from_numpy(np.ascontiguousarray(labels, dtype=np.int64))
    train, val, test = (Split(images[rows], classes[rows]) for rows in parts)
    return ImageDataset(name, train, val, test, int(classes.max()) + 1 if len(classes) else 0)
