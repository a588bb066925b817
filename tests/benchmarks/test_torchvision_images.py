"""CIFAR through a made-up torchvision: no download, and no torchvision needed."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from naslib_ext.benchmarks.made_images import load_images
from naslib_ext.benchmarks.torchvision_images import load_torchvision
from naslib_ext.errors import DataFileError, MissingDependency, UnknownName


class MadeUpCifar:
    def __init__(self, root, train, download):
        if "absent" in root:
            raise RuntimeError("Dataset not found or corrupted.")
        assert not download
        n = 40 if train else 20
        self.data = np.random.default_rng(n).integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)
        self.data[..., 2] //= 4
        self.targets = list(np.arange(n) % 10)


@pytest.fixture
def torchvision(monkeypatch):
    datasets = SimpleNamespace(CIFAR10=MadeUpCifar, CIFAR100=MadeUpCifar)
    monkeypatch.setitem(sys.modules, "torchvision", SimpleNamespace(datasets=datasets))


@pytest.mark.usefixtures("torchvision")
def test_parts_channels_and_pixels(tmp_path):
    dataset = load_torchvision("cifar10", tmp_path, validation=10)
    assert dataset.image_shape == (3, 32, 32) and dataset.num_classes == 10
    assert [len(part.labels) for part in dataset.parts.values()] == [30, 10, 20]
    channels = dataset.train.images.transpose(0, 1).flatten(1)
    torch.testing.assert_close(channels.mean(dim=1), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(channels.std(dim=1), torch.ones(3), atol=1e-3, rtol=0)
    original = MadeUpCifar(str(tmp_path), False, False).data[3].transpose(2, 0, 1).reshape(3, -1)
    ours = dataset.test.images[3].flatten(1).numpy()
    for channel in range(3):  # a positive linear map of the original
        assert np.corrcoef(original[channel], ours[channel])[0, 1] == pytest.approx(1, abs=1e-6)
    assert dataset.test.labels.tolist() == [row % 10 for row in range(20)]


@pytest.mark.usefixtures("torchvision")
def test_the_split_hangs_on_the_seed_alone(tmp_path):
    first, again, other = (load_torchvision("cifar10", tmp_path, 10, seed) for seed in (0, 0, 1))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert load_torchvision("cifar100", tmp_path, 10).num_classes == 100


@pytest.mark.usefixtures("torchvision")
def test_errors(tmp_path, monkeypatch):
    with pytest.raises(DataFileError, match=r"cifar10: no intact files in .*absent"):
        load_torchvision("cifar10", tmp_path / "absent")
    with pytest.raises(DataFileError, match="40 of 40"):
        load_torchvision("cifar10", tmp_path, validation=40)
    with pytest.raises(UnknownName, match="did you mean 'cifar10'"):
        load_torchvision("cifar1", tmp_path)
    monkeypatch.setenv("NASLIB_EXT_DATA", str(tmp_path / "absent"))
    with pytest.raises(DataFileError, match="absent"):
        load_images("cifar100")


def test_with_a_torchvision_for_another_torch(monkeypatch, tmp_path):
    """Its binary does not load, and its own module then fails on an operator that is not there."""
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    with pytest.raises(MissingDependency, match="does not fit this torch: operator torchvision::nms"):
        load_torchvision("cifar10", tmp_path)


def test_without_torchvision(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(MissingDependency, match="pip install torchvision"):
        load_torchvision("cifar10", tmp_path)
