from dataclasses import replace

import numpy as np
import pytest
import torch

from naslib_ext.benchmarks.images import ImageDataset, Split
from naslib_ext.benchmarks.made_images import make_shapes
from naslib_ext.errors import DataFileError

RNG = np.random.default_rng(0)


# one's own arrays


@pytest.mark.parametrize("shape", [(50, 6, 7), (50, 3, 6, 7)])
@pytest.mark.parametrize("kind", [np.uint8, np.float64])
def test_own_arrays(shape: tuple[int, ...], kind: type) -> None:
    images = RNG.integers(0, 255, shape).astype(kind)
    labels = RNG.integers(0, 3, 50)
    dataset = ImageDataset.from_arrays("mine", images, labels, seed=1, fractions=(0.5, 0.3, 0.2))
    assert [len(part.labels) for part in dataset.parts.values()] == [25, 15, 10]
    assert dataset.image_shape == (1 if len(shape) == 3 else 3, 6, 7) and dataset.num_classes == 3
    assert torch.allclose(dataset.train.images.mean(dim=(0, 2, 3)), torch.zeros(dataset.image_shape[0]), atol=1e-5)
    assert dataset.train.images.std() == pytest.approx(1, abs=0.01)
    again = ImageDataset.from_arrays("other name", images, labels.tolist(), seed=1, fractions=(0.5, 0.3, 0.2))
    assert again.fingerprint == dataset.fingerprint
    assert ImageDataset.from_arrays("mine", images, labels, seed=2).fingerprint != dataset.fingerprint


def test_channels_that_seem_to_stand_last_are_told(caplog: pytest.LogCaptureFixture) -> None:
    for shape, told in (((20, 8, 8, 3), 1), ((20, 3, 8, 8), 1), ((20, 8, 8), 1), ((20, 2, 4, 4), 1)):
        ImageDataset.from_arrays("mine", np.ones(shape), np.arange(20) % 2)
        assert caplog.text.count("is it (n, h, w, c)?") == told


def test_labels_stay_with_their_images() -> None:
    labels = np.arange(40) % 4
    dataset = ImageDataset.from_arrays("mine", labels[:, None, None] * np.ones((40, 2, 2)), labels)
    for part in dataset.parts.values():
        order = part.images[:, 0, 0, 0].argsort()
        assert part.labels[order].tolist() == sorted(part.labels.tolist())


@pytest.mark.parametrize(
    "fractions", [(0.5, 0.5), (0.6, 0.4, 0.0), (0.6, 0.3, 0.2), (1.2, -0.1, -0.1), (0.5, np.nan, 0.1)]
)
def test_impossible_fractions(fractions: tuple[float, ...]) -> None:
    with pytest.raises(DataFileError, match="fractions"):
        ImageDataset.from_arrays("mine", np.ones((20, 4, 4)), np.arange(20) % 2, fractions=fractions)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (np.ones((20, 4)), np.zeros(20, int)),
        (np.ones((20, 4, 4)), np.zeros(19, int)),
        (np.ones((20, 4, 4)), np.zeros(20)),
        (np.ones((20, 4, 4)), np.zeros(20, int) - 1),
        (np.full((20, 4, 4), np.nan), np.zeros(20, int)),
        (np.ones((4, 4, 4)), np.zeros(4, int)),
        (np.ones((20, 0, 4)), np.zeros(20, int)),
    ],
)
def test_arrays_that_do_not_fit(images: np.ndarray, labels: np.ndarray) -> None:
    with pytest.raises(DataFileError, match="mine"):
        ImageDataset.from_arrays("mine", images, labels)


def test_parts_that_do_not_fit() -> None:
    dataset = make_shapes((40, 20, 20))
    images, labels = dataset.val
    wrong = (
        Split(images[:, :, 1:], labels),
        Split(images.double(), labels),
        Split(images, labels[1:]),
        Split(images, labels.int()),
        Split(images, labels + 5),
        Split(images[:0], labels[:0]),
    )
    for part in wrong:
        with pytest.raises(DataFileError, match="shapes, val"):
            replace(dataset, val=part)
    with pytest.raises(DataFileError, match="with pixels"):
        replace(dataset, **{name: Split(x[:, :, :0], y) for name, (x, y) in dataset.parts.items()})
