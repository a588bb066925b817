import sys

import numpy as np
import pytest
import torch

from naslib_ext.benchmarks.images import ImageDataset
from naslib_ext.benchmarks.made_images import SIZES, load_images, make_digits, make_shapes
from naslib_ext.errors import MissingDependency, UnknownName

PLAIN = {"rotation": 0, "scale": 0, "shift": 0, "noise": 0}


def nearest_neighbour_accuracy(dataset: ImageDataset) -> float:
    train, val = dataset.train.images.flatten(1), dataset.val.images.flatten(1)
    nearest = torch.cdist(val, train).argmin(dim=1)
    return float((dataset.train.labels[nearest] == dataset.val.labels).float().mean())


@pytest.mark.parametrize("name", ["digits", "shapes"])
def test_made_data_sets(name: str) -> None:
    dataset, again = load_images(name), load_images(name)
    assert dataset.name == name and dataset.num_classes == 10 and dataset.image_shape == (1, 8, 8)
    assert dataset.fingerprint == again.fingerprint
    assert tuple(len(part.labels) for part in dataset.parts.values()) == SIZES
    for part in dataset.parts.values():
        assert set(part.labels.tolist()) == set(range(10)) and part.images.abs().max() < 5


@pytest.mark.parametrize("make", [make_digits, make_shapes])
def test_every_argument_changes_the_images(make) -> None:
    few = {"sizes": (40, 20, 20)}
    changes = [{}, {"seed": 1}, {"rotation": 0}, {"scale": 0}, {"shift": 0}, {"noise": 0.5}]
    assert len({make(**few, **change).fingerprint for change in changes}) == len(changes)


def test_unwarped_digits_are_scikit_learns() -> None:
    from sklearn.datasets import load_digits

    ours = make_digits((500, 200, 200), **PLAIN)
    theirs = {image.tobytes(): label for image, label in zip(load_digits().images, load_digits().target, strict=True)}
    seen = []
    for images, labels in ours.parts.values():
        originals = np.rint((images[:, 0].numpy() + 1) * 8).astype(np.float64)
        assert [theirs[image.tobytes()] for image in originals] == labels.tolist()
        seen.append({image.tobytes() for image in originals})
    assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2]), "no digit stands in two parts"


def test_warps_leave_digits_readable() -> None:
    """A nearest neighbour, which reads 98 % of the original digits, still reads most warped ones."""
    assert nearest_neighbour_accuracy(load_images("digits")) > 0.85


def test_shapes_are_ten_drawings_and_their_warps_are_hard() -> None:
    drawings = make_shapes((100, 50, 50), **PLAIN)
    assert nearest_neighbour_accuracy(drawings) > 0.95
    assert 0.2 < nearest_neighbour_accuracy(load_images("shapes")) < 0.95


def test_an_unknown_name() -> None:
    with pytest.raises(UnknownName, match="'digits'"):
        load_images("digit")


def test_digits_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingDependency, match="pip install scikit-learn"):
        load_images("digits")
