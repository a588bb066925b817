"""How the open-domain search trains a stack of cells: the recipe, with what NASNet networks are trained with.

Differences from the paper's recipe (appendix A.2): no AutoAugment (of ANASOD-BO+ alone).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from naslib_ext.benchmarks.made_images import load_images
from naslib_ext.benchmarks.schedule import Schedule
from naslib_ext.benchmarks.training import TrainingBenchmark
from naslib_ext.errors import ConfigError
from naslib_ext.networks.device import named_device, precision
from naslib_ext.networks.layerwise import LayerwiseNasnet, build_layerwise_network
from naslib_ext.parameters import convert
from naslib_ext.registry import unknown_name
from naslib_ext.search_spaces import SearchSpace, get_search_space
from naslib_ext.search_spaces.base import Mask
from naslib_ext.search_spaces.layerwise import LayerwiseSearchSpace
from naslib_ext.search_spaces.nasnet_cell import NasnetCellSpace

CELLS = ("nasbench201", "nasnet")


@dataclass(frozen=True)
class Recipe(Schedule):
    """A ``Schedule`` with augmentation, drop path and an auxiliary loss; all of them off by default.

    On a GPU the forward pass runs in bfloat16 where the GPU has it (``mixed_precision``); weights stay float32.

    Args:
        crop: pixels of zeros around an image, from which a window of its size is cut at random.
        flip: whether half of the images are mirrored.
        cutout: side of a square that is blanked in every image (DeVries and Taylor, 2017); 0 for none.
        cutmix: chance that a batch's images get a box of other images and its share of their labels (Yun et al., 2019).
        drop_path: chance, at the end of the training, that an operation's output is dropped; it rises linearly.
        auxiliary: weight of the auxiliary head's loss; 0 for no head.
        mixed_precision: whether a GPU may compute in bfloat16.

    Raises ``ConfigError`` for impossible values.
    """

    crop: int = 0
    flip: bool = False
    cutout: int = 0
    cutmix: float = 0.0
    drop_path: float = 0.0
    auxiliary: float = 0.0
    mixed_precision: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("flip", "mixed_precision"):
            object.__setattr__(self, name, convert(getattr(self, name), bool, f"training.{name}"))
        for name, kind, most in (
            ("crop", int, None), ("cutout", int, None), ("cutmix", float, 1), ("drop_path", float, 0.99),
            ("auxiliary", float, None),
        ):  # fmt: skip
            value = convert(getattr(self, name), kind, f"training.{name}")
            if not value >= 0 or (most is not None and value > most):
                upper = "" if most is None else f" and at most {most}"
                raise ConfigError(f"training.{name}: expected a number of at least 0{upper}, got {value!r}")
            object.__setattr__(self, name, value)

    @property
    def sizes(self) -> dict[str, Any]:
        """Of the networks, for ``build_layerwise_network``."""
        return {**self.network, **({"auxiliary": True} if self.auxiliary else {})}

    def loss(self, network: nn.Module, images: Tensor, labels: Tensor, progress: float) -> Tensor:
        images = self.augment(images)
        others, share = labels, 1.0
        if self.cutmix and float(torch.rand(())) < self.cutmix:
            images, others, share = cutmix(images, labels)
        with precision(images.device, None if self.mixed_precision else False):
            heads = self._logits(network, images, progress)
            losses = [share * cross_entropy(h, labels) + (1 - share) * cross_entropy(h, others) for h in heads]
        return losses[0] + self.auxiliary * losses[1] if len(losses) > 1 else losses[0]

    def _logits(self, network: nn.Module, images: Tensor, progress: float) -> list[Tensor]:
        """Logits of the classifier and, where its loss counts, of the auxiliary head."""
        if not (self.drop_path or self.auxiliary):
            return [network(images)]
        if not isinstance(network, LayerwiseNasnet):
            raise ConfigError("training: drop_path and auxiliary are for nasnet cells")
        network.set_drop_path(self.drop_path * progress)
        logits, second = network.both_logits(images)
        return [logits] if second is None else [logits, second]

    def augment(self, images: Tensor) -> Tensor:
        """``images`` (b, c, h, w) cropped, mirrored and cut out, each at random."""
        b, _, h, w = images.shape
        if self.crop:
            images = _windows(pad(images, [self.crop] * 4), h, w)
        if self.flip:
            mirrored = torch.rand(b, 1, 1, 1, device=images.device) < 0.5
            images = torch.where(mirrored, images.flip(3), images)
        if self.cutout:
            images = images * ~_squares(images, self.cutout)
        return images


def _windows(images: Tensor, h: int, w: int) -> Tensor:
    """(b, c, h, w) a random window of each of the larger ``images``."""
    b, _, height, width = images.shape
    device = images.device
    top = torch.randint(0, height - h + 1, (b, 1, 1), device=device)
    left = torch.randint(0, width - w + 1, (b, 1, 1), device=device)
    rows, columns = top + torch.arange(h, device=device)[:, None], left + torch.arange(w, device=device)
    return images[torch.arange(b, device=device)[:, None, None], :, rows, columns].permute(0, 3, 1, 2).contiguous()


def _squares(images: Tensor, side: int) -> Tensor:
    """(b, 1, h, w) bool: a square of that side around a random pixel of each image, cut off at its edges."""
    b, _, h, w = images.shape
    device = images.device
    row, column = (torch.randint(0, n, (b, 1, 1, 1), device=device) - side // 2 for n in (h, w))
    rows, columns = torch.arange(h, device=device)[:, None], torch.arange(w, device=device)
    inside: Tensor = (rows >= row) & (rows < row + side) & (columns >= column) & (columns < column + side)
    return inside


def cutmix(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, float]:
    """Images with a box of another image of the batch, the labels of those, and the share that is their own.

    The box's area is uniform; it is the same box for the whole batch.
    """
    b, _, h, w = images.shape
    order = torch.randperm(b, device=images.device)
    side = float(torch.rand(())) ** 0.5
    row, column = int(torch.randint(0, h, ())), int(torch.randint(0, w, ()))
    half_h, half_w = round(h * side / 2), round(w * side / 2)
    top, bottom = max(row - half_h, 0), min(row + half_h, h)
    left, right = max(column - half_w, 0), min(column + half_w, w)
    mixed = images.clone()
    mixed[:, :, top:bottom, left:right] = images[order, :, top:bottom, left:right]
    return mixed, labels[order], 1 - (bottom - top) * (right - left) / (h * w)


@dataclass(frozen=True)
class Problem:
    """What is trained, how, and where results are kept; the same in every worker.

    Args:
        cell: ``"nasbench201"`` or ``"nasnet"``.
        nodes: of a NASNet cell.
        layers: cells of a stack.
        dataset: name that ``load_images`` takes.
        recipe: how a network is trained and how large it is.
        seed: of the training; weights, batches and augmentation follow from it and the network.
        cache: file of finished trainings.
        device: as ``TrainingBenchmark`` takes it.
    """

    cell: str
    nodes: int
    layers: int
    dataset: str
    recipe: Recipe
    seed: int
    cache: str
    device: str = "auto"

    @property
    def space(self) -> LayerwiseSearchSpace:
        """The stacks. Raises ``UnknownName`` for an unknown cell."""
        if self.cell not in CELLS:
            raise unknown_name("cell", self.cell, CELLS)
        cell: SearchSpace = NasnetCellSpace(self.nodes) if self.cell == "nasnet" else get_search_space(self.cell)
        return LayerwiseSearchSpace(cell, self.layers)

    def check(self) -> None:
        """Raises ``ConfigError`` where there are no such networks or devices, or networks cannot be trained so."""
        if self.cell != "nasnet" and (self.recipe.drop_path or self.recipe.auxiliary):
            raise ConfigError("training: drop_path and auxiliary are for nasnet cells")
        named_device(self.device)
        with torch.device("meta"):  # computes nothing
            build_layerwise_network(self.space, self.space.sample(1, np.random.default_rng(0))[0], **self.recipe.sizes)


class LayerwiseBenchmark(TrainingBenchmark):
    """Live training of stacks of cells."""

    def network(self, code: ArrayLike) -> nn.Module:
        assert isinstance(self.space, LayerwiseSearchSpace) and isinstance(self.schedule, Recipe)
        sizes = {**self.schedule.sizes, "num_classes": self.images.num_classes}
        return build_layerwise_network(self.space, code, **sizes, in_channels=self.images.image_shape[0])

    def is_kept(self, codes: ArrayLike) -> Mask:
        """(n,) bool: which networks ``codes`` (n, L) have been trained already."""
        rows, cache = self.space.check(codes), self.cache
        assert cache is not None
        return np.array([cache.get(self._training_key(code, self.seed)) is not None for code in rows], dtype=bool)


def worker_device(device: str) -> str:
    """``device``; on a machine with several GPUs, one of them for ``"auto"`` and ``"cuda"``, by the process's number.

    Executors hand out processes, not GPUs. Which GPU it was makes no difference to a result or to where it is kept.
    """
    count = torch.cuda.device_count()
    return f"cuda:{os.getpid() % count}" if device in ("auto", "cuda") and count > 1 else device


def usual_workers(device: torch.device) -> int | None:
    """One for each GPU of this machine, whose memory trainings would have to share; ``None`` on a CPU."""
    return (torch.cuda.device_count() or None) if device.type == "cuda" else None


@lru_cache(maxsize=4)
def load_problem(problem: Problem) -> LayerwiseBenchmark:
    """The benchmark of ``problem``; a worker that gets several trainings of one makes it once."""
    return LayerwiseBenchmark(
        problem.space, load_images(problem.dataset), problem.recipe,
        seed=problem.seed, cache=problem.cache, device=worker_device(problem.device),
    )  # fmt: skip
