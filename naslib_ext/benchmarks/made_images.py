"""Two small image data sets that need no download: warped handwritten digits, and shapes drawn by code.

    dataset = load_images("shapes")

Every image is a random warp (rotation, scale, shift), so that a network has to learn what stays. There is little noise
on the pixels: noise rewards averaging, and then poolings win, which is not how architectures rank on photographs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import affine_grid, grid_sample

from naslib_ext.benchmarks.images import ImageDataset, Split
from naslib_ext.benchmarks.torchvision_images import CLASSES, load_torchvision
from naslib_ext.errors import MissingDependency
from naslib_ext.random_streams import stream
from naslib_ext.registry import unknown_name

Floats = NDArray[np.float64]

SIZES = (3200, 1500, 1500)
"""Usual numbers of training, validation and test images."""
SHAPES = ("disc", "ring", "square", "frame", "triangle", "arrow", "plus", "cross", "corner", "tee")


def load_images(name: str) -> ImageDataset:
    """``"digits"`` or ``"shapes"``, the same bytes on every machine; CIFAR by ``load_torchvision``, from its files.

    Raises ``UnknownName`` for others, ``MissingDependency`` where the digits need scikit-learn and it is not there.
    """
    if name in CLASSES:
        return load_torchvision(name)
    if name not in _MAKERS:
        raise unknown_name("image data set", name, [*_MAKERS, *CLASSES])
    return _MAKERS[name]()


def make_digits(
    sizes: tuple[int, int, int] = SIZES,
    rotation: float = 10,
    scale: float = 0.1,
    shift: float = 0.7,
    noise: float = 0,
    seed: int = 0,
) -> ImageDataset:
    """Warps of scikit-learn's 1,797 handwritten digits, (1, 8, 8), in ten classes.

    The digits are split 60 : 20 : 20 first; each part then draws warps of its own digits only.

    Args:
        sizes: numbers of training, validation and test images.
        rotation: largest angle, in degrees, to either side.
        scale: largest logarithm of the magnification, up or down.
        shift: largest shift along each axis, in pixels.
        noise: standard deviation of Gaussian noise on a pixel, where ink is 1 and paper 0.
        seed: of everything.
    """
    try:
        from sklearn.datasets import load_digits  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingDependency("the digits come with scikit-learn: pip install scikit-learn") from error
    data = load_digits()
    order = stream(seed, "digits split").permutation(len(data.target))
    parts = []
    for step, (rows, size) in enumerate(zip(np.split(order, [1078, 1438]), sizes, strict=True)):
        rng = stream(seed, "digits", step)
        drawn = rng.choice(rows, size)
        images = _warped(data.images[drawn] / 16, *_warps(rng, size, rotation, scale, shift))
        parts.append(_part(images + noise * rng.normal(size=images.shape), data.target[drawn]))
    train, val, test = parts
    return ImageDataset("digits", train, val, test, num_classes=10)


def make_shapes(
    sizes: tuple[int, int, int] = SIZES,
    rotation: float = 10,
    scale: float = 0.15,
    shift: float = 0.7,
    noise: float = 0.15,
    seed: int = 0,
) -> ImageDataset:
    """Drawings (1, 8, 8) of ten ``SHAPES`` under warps, with random contrast and brightness.

    The arguments are those of ``make_digits``; a drawing's contrast is 0.6 to 1.4.
    """
    parts = []
    for step, size in enumerate(sizes):
        rng = stream(seed, "shapes", step)
        labels = rng.permutation(np.arange(size) % len(SHAPES))
        drawn = _drawings(labels, *_warps(rng, size, rotation, scale, shift))
        contrast, brightness = rng.uniform(0.6, 1.4, (size, 1, 1)), rng.normal(0.5, 0.2, (size, 1, 1))
        pixels = contrast * (drawn - 0.4) + brightness + noise * rng.normal(size=drawn.shape)
        parts.append(_part(pixels, labels))
    train, val, test = parts
    return ImageDataset("shapes", train, val, test, num_classes=len(SHAPES))


_MAKERS: dict[str, Callable[[], ImageDataset]] = {"digits": make_digits, "shapes": make_shapes}


def _warps(
    rng: np.random.Generator, n: int, rotation: float, scale: float, shift: float
) -> tuple[Floats, Floats, Floats]:
    """Angles in radians (n,), magnifications (n,) and shifts in pixels (n, 2)."""
    angles = np.deg2rad(rng.uniform(-rotation, rotation, n))
    return angles, np.exp(rng.uniform(-scale, scale, n)), rng.uniform(-shift, shift, (n, 2))


def _warped(images: Floats, angles: Floats, scales: Floats, shifts: Floats) -> Floats:
    """Images (n, h, w) turned, magnified and moved, with paper (0) around them."""
    cosine, sine = np.cos(angles) / scales, np.sin(angles) / scales
    moved = 2 * shifts / images.shape[-1]
    inverse = np.stack([np.stack([cosine, -sine, moved[:, 0]], 1), np.stack([sine, cosine, moved[:, 1]], 1)], 1)
    source = torch.from_numpy(images)[:, None]
    grid = affine_grid(torch.from_numpy(inverse), list(source.shape), align_corners=False)
    return np.asarray(grid_sample(source, grid, align_corners=False)[:, 0].numpy())


def _drawings(labels: NDArray[Any], angles: Floats, scales: Floats, shifts: Floats, size: int = 8) -> Floats:
    """(n, size, size) ink between 0 and 1: a soft threshold of the signed distance to each shape's outline."""
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    x, y = columns - shifts[:, :1, None], rows - shifts[:, 1:, None]
    cosine, sine = (f(angles)[:, None, None] / scales[:, None, None] for f in (np.cos, np.sin))
    distances = _distances(cosine * x + sine * y, cosine * y - sine * x)
    chosen = np.take_along_axis(distances, labels[None, :, None, None], axis=0)[0]
    return np.asarray(1 / (1 + np.exp(4 * chosen)))


def _distances(u: Floats, v: Floats) -> Floats:
    """(shapes, n, h, w) how far outside each of ``SHAPES`` the points (u, v) are, in pixels; negative inside."""
    radius, box = np.hypot(u, v), np.maximum(abs(u), abs(v))
    right, left = (u + v) / np.sqrt(2), (u - v) / np.sqrt(2)

    def bar(across: Floats, along: Floats, length: float = 3) -> Floats:
        return np.maximum(abs(across) - 0.55, abs(along) - length)

    return np.stack(
        [
            radius - 2.6,
            abs(radius - 2.3) - 0.55,
            box - 2.3,
            abs(box - 2.2) - 0.55,
            np.maximum(v - 2, 0.9 * abs(u) - 0.5 * v - 1.3),
            np.maximum(-v - 2, 0.9 * abs(u) + 0.5 * v - 1.3),
            np.minimum(bar(u, v), bar(v, u)),
            np.minimum(bar(right, left), bar(left, right)),
            np.minimum(bar(u + 1.8, v, 2.5), bar(v - 1.8, u, 2.5)),
            np.minimum(bar(u, v, 2.5), bar(v + 1.8, u, 2.5)),
        ]
    )


def _part(pixels: Floats, labels: NDArray[Any]) -> Split:
    """Pixels around 0.5 on a grid of 1/64, so that the last bit of a sine does not show, then between -1 and 1."""
    images = np.asarray((np.rint(64 * pixels) - 32) / 32, dtype=np.float32)[:, None]
    return Split(torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64)))
