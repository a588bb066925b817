"""Training a group of NAS-Bench-201 networks side by side: the same result as one by one, several times faster."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from naslib_ext.benchmarks.images import ImageDataset, Split
from naslib_ext.benchmarks.schedule import Schedule, isolated_torch, num_batches, training_seed
from naslib_ext.networks import build_network
from naslib_ext.networks.grouped import GroupedNASBench201
from naslib_ext.networks.nasbench201 import NASBench201Network
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes, SearchSpace

Values = NDArray[np.float32]

EVALUATION_BATCH = 100
"""Images in a forward pass that needs no gradients: few, so that the maps of a whole group stay in the cache."""


class GroupResult(NamedTuple):
    """What came of A trainings: accuracies in percent and losses after every epoch (A, epochs), NaN if it diverged.

    ``test_accuracy`` (A,) is measured once, at the end; ``train_loss`` is the mean over the batches of an epoch.
    """

    val_accuracy: Values
    train_loss: Values
    test_accuracy: Values


def train_group(space: SearchSpace, codes: Codes, images: ImageDataset, schedule: Schedule, seed: int) -> GroupResult:
    """Trains the networks of ``codes`` (A, 6) on the CPU.

    Each starts from the weights that ``TrainingBenchmark`` gives it. All see the same batches, which depend on
    ``seed`` alone, so that a result does not depend on the other members of the group, but for rounding.
    """
    with isolated_torch(0, torch.device("cpu")):
        group = GroupedNASBench201([_network(space, code, images, schedule, seed) for code in codes])
        for layer in group.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = schedule.norm_momentum
        optimizer = torch.optim.SGD(
            group.parameters(), schedule.lr, schedule.momentum, weight_decay=schedule.weight_decay,
            nesterov=schedule.momentum > 0, foreach=True,
        )  # fmt: skip
        losses, accuracies = [], []
        for epoch in range(schedule.epochs):
            rng = stream(seed, "group batches", epoch)
            losses.append(_train_epoch(group, optimizer, images.train, schedule, epoch, rng))
            accuracies.append(_accuracy(group, images.val))
        train_loss = torch.stack(losses, dim=1)
        diverged = ~torch.isfinite(train_loss)
        val_accuracy = torch.stack(accuracies, dim=1).masked_fill(diverged, math.nan)
        test_accuracy = _accuracy(group, images.test).masked_fill(diverged[:, -1], math.nan)
    return GroupResult(val_accuracy.numpy(), train_loss.masked_fill(diverged, math.nan).numpy(), test_accuracy.numpy())


def _network(
    space: SearchSpace, code: Codes, images: ImageDataset, schedule: Schedule, seed: int
) -> NASBench201Network:
    torch.default_generator.manual_seed(training_seed(code, seed))
    sizes = {**schedule.network, "num_classes": images.num_classes, "in_channels": images.image_shape[0]}
    network = build_network(space, code, **sizes)
    assert isinstance(network, NASBench201Network)
    return network


def _train_epoch(
    group: GroupedNASBench201, optimizer: torch.optim.Optimizer, train: Split, schedule: Schedule, epoch: int,
    rng: np.random.Generator,
) -> Tensor:  # fmt: skip
    """(A,) mean losses of one pass over the training images."""
    group.train()
    n = len(train.labels)
    steps = num_batches(n, schedule.batch_size)
    total = torch.zeros(group.size)
    for step, rows in enumerate(map(torch.from_numpy, np.array_split(rng.permutation(n), steps))):
        optimizer.param_groups[0]["lr"] = schedule.rate((epoch + step / steps) / schedule.epochs)
        logits = group(train.images[rows])
        labels = train.labels[rows].repeat_interleave(group.size)
        losses = cross_entropy(logits.flatten(0, 1), labels, reduction="none").view(len(rows), -1).mean(dim=0)
        optimizer.zero_grad()
        losses.sum().backward()
        optimizer.step()
        total += losses.detach()
    return total / steps


@torch.no_grad()
def _accuracy(group: GroupedNASBench201, part: Split) -> Tensor:
    """(A,) percent of the images that each network gets right."""
    group.eval()
    correct = torch.zeros(group.size)
    for images, labels in zip(part.images.split(EVALUATION_BATCH), part.labels.split(EVALUATION_BATCH), strict=True):
        correct += (group(images).argmax(dim=2) == labels[:, None]).sum(dim=0)
    return 100 * correct / len(part.labels)
