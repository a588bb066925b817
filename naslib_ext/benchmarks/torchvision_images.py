"""CIFAR-10 and CIFAR-100 from their own files, read by torchvision, which is needed for nothing else.

dataset = load_torchvision("cifar10", "data")           # where cifar-10-batches-py lies; nothing is downloaded
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch

from naslib_ext.benchmarks import DATA_VARIABLE
from naslib_ext.benchmarks.images import ImageDataset, Split
from naslib_ext.errors import DataFileError, MissingDependency
from naslib_ext.random_streams import stream
from naslib_ext.registry import unknown_name

CLASSES = {"cifar10": ("CIFAR10", 10), "cifar100": ("CIFAR100", 100)}
"""torchvision's class and the number of classes of each data set."""

VALIDATION = 25_000
"""Half of the training images, as NAS-Bench-201 splits CIFAR-10."""


def load_torchvision(
    name: str, root: str | os.PathLike[str] | None = None, validation: int = VALIDATION, seed: int = 0
) -> ImageDataset:
    """The data set's own test images, and its training images in two parts; channels standardised by the first part.

    Args:
        name: ``"cifar10"`` or ``"cifar100"``.
        root: folder with the unpacked files; ``None`` takes ``NASLIB_EXT_DATA``, else the present folder.
        validation: training images that validate.
        seed: of the split.

    Raises ``UnknownName`` for other names, ``MissingDependency`` without torchvision, ``DataFileError`` where the files
    are not there, or too few for the split.
    """
    if name not in CLASSES:
        raise unknown_name("torchvision data set", name, CLASSES)
    kind, num_classes = CLASSES[name]
    folder = Path(root or os.environ.get(DATA_VARIABLE) or ".")
    trained, tested = (_read(name, kind, folder, train) for train in (True, False))
    order = stream(seed, "split").permutation(len(trained[1]))
    if not 0 < validation < len(order):
        raise DataFileError(f"{name}: {validation} of {len(order)} training images cannot validate")
    rows = np.sort(order[validation:]), np.sort(order[:validation])
    mean, deviation = _channels(trained[0][rows[0]])
    train, val = (_part(trained[0][part], trained[1][part], mean, deviation) for part in rows)
    return ImageDataset(name, train, val, _part(*tested, mean, deviation), num_classes)


def _read(name: str, kind: str, folder: Path, train: bool) -> tuple[Any, Any]:
    """Pixels (n, h, w, 3) from 0 to 255 and labels (n,)."""
    try:
        from torchvision import datasets
    except ImportError as error:
        raise MissingDependency(f"{name} is read by torchvision: pip install torchvision") from error
    except RuntimeError as error:  # its operators are compiled for another torch than the one that is installed
        raise MissingDependency(f"{name} is read by torchvision, which does not fit this torch: {error}") from error
    try:
        data = getattr(datasets, kind)(str(folder), train=train, download=False)
    except RuntimeError as error:  # torchvision's word for files that are not there or damaged
        raise DataFileError(f"{name}: no intact files in {folder}: {error}") from error
    return np.asarray(data.data), np.asarray(data.targets)


def _channels(pixels: Any) -> tuple[Any, Any]:
    """Mean and standard deviation of each channel, (3,), from counts of its 256 values: no copy of all pixels."""
    counts = np.stack([np.bincount(pixels[..., c].ravel(), minlength=256) for c in range(pixels.shape[-1])])
    values, total = np.arange(256.0), counts.sum(axis=1)
    mean = counts @ values / total
    deviation = np.sqrt(np.maximum(counts @ values**2 / total - mean**2, 1e-6))
    return mean, deviation


def _part(pixels: Any, labels: Any, mean: Any, deviation: Any) -> Split:
    images = ((pixels - mean.astype(np.float32)) / deviation.astype(np.float32)).astype(np.float32)
    images = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    return Split(torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64)))
