"""How a candidate is trained: the settings, as a value that serves as a cache key, and the training itself."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any
from zlib import crc32

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from naslib_ext.benchmarks.images import Split
from naslib_ext.benchmarks.result_cache import TrainingResult
from naslib_ext.errors import ConfigError
from naslib_ext.parameters import convert
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes


@dataclass(frozen=True)
class Schedule:
    """Stochastic gradient descent with Nesterov momentum on the cross entropy.

    Args:
        epochs: passes over the training images.
        batch_size: images a step at most; an epoch's batches are equally large up to one image.
        lr: learning rate of the first step.
        momentum: 0 is plain gradient descent.
        weight_decay: L2 penalty on all weights.
        cosine: whether the learning rate falls to 0 along half a cosine, or stays.
        norm_momentum: weight of the newest batch in the running statistics of batch normalisations. torch's 0.1 lags
            behind in trainings of less than a hundred steps, most in deep networks.
        seeds: trainings that a value is the mean of.
        network: sizes that ``naslib_ext.networks.build_network`` takes for the space, such as ``init_channels``;
            the classes and the images' channels come from the data set.

    Raises ``ConfigError`` for impossible values.
    """

    epochs: int = 8
    batch_size: int = 64
    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    cosine: bool = True
    norm_momentum: float = 0.4
    seeds: int = 1
    network: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for name, (kind, least) in _LEAST.items():
            value = convert(getattr(self, name), kind, f"schedule.{name}")
            if not value >= least or not math.isfinite(value):
                raise ConfigError(f"schedule.{name}: expected a number of at least {least}, got {value!r}")
            object.__setattr__(self, name, value)
        object.__setattr__(self, "cosine", convert(self.cosine, bool, "schedule.cosine"))
        if not isinstance(self.network, Mapping):
            raise ConfigError(f"schedule.network: expected names and values, got {self.network!r}")
        object.__setattr__(self, "network", dict(sorted(self.network.items())))

    @property
    def identity(self) -> str:
        """Text that is equal for schedules that train one network alike, whatever their ``seeds``."""
        values = asdict(self)
        del values["seeds"]
        return json.dumps(values, sort_keys=True)

    def rate(self, progress: float) -> float:
        """The learning rate after the share ``progress`` (0 to 1) of all steps."""
        return self.lr * (1 + math.cos(math.pi * progress)) / 2 if self.cosine else self.lr

    def loss(self, network: nn.Module, images: Tensor, labels: Tensor, progress: float) -> Tensor:
        """What a step descends, for a batch (b, c, h, w) and (b,) after the share ``progress`` of all steps.

        Recipes that augment images or train more than the logits override it; they draw from torch's generator.
        """
        loss: Tensor = cross_entropy(network(images), labels)
        return loss


_LEAST: dict[str, tuple[type, float]] = {
    "epochs": (int, 1), "batch_size": (int, 2), "lr": (float, 0), "momentum": (float, 0),
    "weight_decay": (float, 0), "norm_momentum": (float, 0), "seeds": (int, 1),
}  # fmt: skip

CARRIED_SCHEDULE = Schedule(
    epochs=2, batch_size=32, lr=0.1, norm_momentum=0.2,
    network={"init_channels": 8, "cells_per_stage": 1, "stages": 1},
)  # fmt: skip
"""How the cells of the carried NAS-Bench-201 tables were trained: one between stem and classifier, 200 steps."""


def num_batches(images: int, batch_size: int) -> int:
    """Into how many batches a pass over ``images`` falls: of two images at least, since normalisations need them."""
    return min(math.ceil(images / batch_size), images // 2)


def train_network(
    network: nn.Module,
    parts: dict[str, Split],
    schedule: Schedule,
    rng: np.random.Generator,
    after_epoch: Callable[[], None] | None = None,
) -> TrainingResult:
    """Trains ``network`` on ``parts["train"]``, all on one device; ``rng`` draws the batches.

    A loss or validation loss that is not finite ends the training; what it had not reached is NaN.
    """
    optimizer = torch.optim.SGD(
        network.parameters(), schedule.lr, schedule.momentum, weight_decay=schedule.weight_decay,
        nesterov=schedule.momentum > 0,
    )  # fmt: skip
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = schedule.norm_momentum
    curves = np.full((4, schedule.epochs), np.nan)
    seconds = 0.0
    for epoch in range(schedule.epochs):
        started = time.perf_counter()
        train_loss = _train_epoch(network, optimizer, parts["train"], schedule, epoch, rng)
        seconds += time.perf_counter() - started
        accuracy, val_loss = evaluate(network, parts["val"], schedule.batch_size)
        curves[3, epoch] = seconds
        if not (math.isfinite(train_loss) and math.isfinite(val_loss)):
            curves[3, epoch:] = seconds
            break
        curves[:3, epoch] = accuracy, val_loss, train_loss
        if after_epoch is not None:
            after_epoch()
    finished = math.isfinite(curves[0, -1])
    test = evaluate(network, parts["test"], schedule.batch_size)[0] if finished else math.nan
    val_accuracy, val_losses, train_losses, times = (tuple(curve) for curve in curves.tolist())
    return TrainingResult(val_accuracy, val_losses, train_losses, times, test)


def _train_epoch(
    network: nn.Module, optimizer: torch.optim.Optimizer, train: Split, schedule: Schedule, epoch: int,
    rng: np.random.Generator,
) -> float:  # fmt: skip
    """One pass over the training images; the mean loss of its batches."""
    network.train()
    n = len(train.labels)
    steps = num_batches(n, schedule.batch_size)
    total = torch.zeros((), device=train.labels.device)
    for step, rows in enumerate(np.array_split(rng.permutation(n), steps)):
        batch = torch.from_numpy(rows).to(train.labels.device)
        progress = (epoch + step / steps) / schedule.epochs
        optimizer.param_groups[0]["lr"] = schedule.rate(progress)
        loss = schedule.loss(network, train.images[batch], train.labels[batch], progress)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.detach()
    return float(total) / steps


@torch.no_grad()
def evaluate(network: nn.Module, part: Split, batch_size: int) -> tuple[float, float]:
    """Accuracy in percent and mean cross entropy of ``network`` on ``part``, four training batches at a time."""
    network.eval()
    correct = torch.zeros((), dtype=torch.int64, device=part.labels.device)
    loss = torch.zeros((), device=part.labels.device)
    for images, labels in zip(part.images.split(4 * batch_size), part.labels.split(4 * batch_size), strict=True):
        logits = network(images)
        correct += (logits.argmax(dim=1) == labels).sum()
        loss += cross_entropy(logits, labels, reduction="sum")
    return 100 * int(correct) / len(part.labels), float(loss) / len(part.labels)


def training_seed(code: Codes, seed: int) -> int:
    """What seeds torch before the network of ``code`` (L,) is built."""
    return int(stream(seed, f"training {crc32(code.tobytes())}").integers(2**62))


@contextmanager
def isolated_torch(seed: int, device: torch.device) -> Iterator[None]:
    """Seeds torch, with one CPU thread and deterministic cuDNN kernels; everything is as before afterwards."""
    threads, cudnn = torch.get_num_threads(), torch.backends.cudnn
    devices = [device.index or 0] if device.type == "cuda" else []
    kernels = cudnn.flags(enabled=cudnn.enabled, benchmark=False, deterministic=True, allow_tf32=False)
    with torch.random.fork_rng(devices=devices), kernels:
        torch.set_num_threads(1)
        torch.default_generator.manual_seed(seed)
        for index in devices:
            torch.cuda.default_generators[index].manual_seed(seed)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
