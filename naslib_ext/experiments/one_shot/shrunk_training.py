"""Single-path training of a supernet on members of a space (Guo et al., ECCV 2020, section 3.3): one path a step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

from naslib_ext.benchmarks.images import ImageDataset, Split
from naslib_ext.benchmarks.schedule import Schedule, isolated_torch, num_batches
from naslib_ext.errors import NaslibExtError
from naslib_ext.networks.device import named_device, precision, require
from naslib_ext.networks.supernet import accuracies, build_supernet
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes, SearchSpace

GRADIENT_NORM = 5.0
"""Longest gradient of a step, as in DARTS: the rare steps through hardly trained paths would undo all others."""


@dataclass(frozen=True)
class Machine:
    """Where and how the sums are done.

    Args:
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, or ``"auto"`` for a GPU where there is one.
        mixed: automatic mixed precision with bfloat16; ``None`` has it on a GPU that computes in it.
    """

    device: str = "auto"
    mixed: bool | None = None

    @property
    def place(self) -> torch.device:
        """The device itself."""
        return require(named_device(self.device))

    def precision(self) -> torch.autocast:
        """The context of every forward pass."""
        return precision(self.place, self.mixed)


class PathTraining:
    """A supernet in training; weights, batches and paths hang on the seed alone, and on nothing that was drawn before.

    Every step runs the path of one uniform member and updates the weights on it. Weights not on the path stay as they
    are, their momentum too. Supernets of one seed begin with the same weights and see the same batches.

    Args:
        space: what the codes mean; it must have a supernet.
        members: (m, L) the architectures to draw paths from.
        images: trained on its first part, measured on its second one.
        schedule: epochs, batches, learning rate and sizes; its ``seeds`` and ``norm_momentum`` have no use here.
        seed: of everything.
        machine: where it runs.
    """

    def __init__(
        self, space: SearchSpace, members: Codes, images: ImageDataset, schedule: Schedule, seed: int = 0,
        machine: Machine | None = None,
    ) -> None:  # fmt: skip
        self.members, self.schedule, self.seed = members, schedule, seed
        self.machine = machine or Machine()
        device = self.machine.place
        with isolated_torch(seed, device):
            sizes = {"num_classes": images.num_classes, "in_channels": images.image_shape[0]}
            self.supernet = build_supernet(space, **schedule.network, **sizes).to(device)
        self.supernet.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a fifth faster
        self.train, self.val = (_on(device, images.parts[name]) for name in ("train", "val"))
        self.optimizer = torch.optim.SGD(
            self.supernet.parameters(), schedule.lr, schedule.momentum, weight_decay=schedule.weight_decay,
            nesterov=schedule.momentum > 0,
        )  # fmt: skip
        self.epoch = 0

    @property
    def steps_an_epoch(self) -> int:
        """Batches in one pass over the training images."""
        return num_batches(len(self.train.labels), self.schedule.batch_size)

    def train_epoch(self) -> None:
        """One pass over the training images. Raises ``NaslibExtError`` where the loss is no longer finite."""
        batches = stream(self.seed, "batches", self.epoch).permutation(len(self.train.labels))
        drawn = stream(self.seed, "paths", self.epoch).integers(len(self.members), size=self.steps_an_epoch)
        total = torch.zeros((), device=self.train.labels.device)
        self.supernet.train()
        for step, rows in enumerate(np.array_split(batches, self.steps_an_epoch)):
            progress = (self.epoch + step / self.steps_an_epoch) / self.schedule.epochs
            self.optimizer.param_groups[0]["lr"] = self.schedule.rate(progress)
            batch = torch.from_numpy(rows).to(total.device)
            with self.machine.precision():
                logits = self.supernet(self.train.images[batch], self.members[drawn[step]])
                loss: Tensor = cross_entropy(logits, self.train.labels[batch])
            self.optimizer.zero_grad()
            loss.backward()
            clip_grad_norm_(self.supernet.parameters(), GRADIENT_NORM)
            self.optimizer.step()
            total += loss.detach()
        self.epoch += 1
        if not math.isfinite(float(total)):
            raise NaslibExtError(f"the supernet's loss is not finite in epoch {self.epoch}; lower schedule.lr")

    def accuracies(self, codes: Codes) -> NDArray[np.float64]:
        """(n,) validation accuracies in percent of ``codes`` (n, L) with the shared weights."""
        self.supernet.eval()
        with self.machine.precision():
            return accuracies(self.supernet, codes, *self.val)

    # going on later

    def state(self) -> dict[str, Any]:
        """Plain values and arrays, for ``state_file``."""
        moments = self.optimizer.state_dict()["state"]
        return {
            "epoch": self.epoch,
            "weights": {name: _array(value) for name, value in self.supernet.state_dict().items()},
            "momentum": {
                str(number): _array(slot["momentum_buffer"])
                for number, slot in moments.items()
                if slot.get("momentum_buffer") is not None
            },
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on where ``state`` was taken."""
        self.epoch = int(state["epoch"])
        self.supernet.load_state_dict({name: torch.from_numpy(value) for name, value in state["weights"].items()})
        content = self.optimizer.state_dict()
        moments = {int(number): {"momentum_buffer": torch.from_numpy(a)} for number, a in state["momentum"].items()}
        self.optimizer.load_state_dict({**content, "state": moments})


def _on(device: torch.device, part: Split) -> Split:
    images = part.images.to(device).contiguous(memory_format=torch.channels_last)
    return Split(images, part.labels.to(device))


def _array(value: Tensor) -> NDArray[Any]:
    return value.detach().cpu().contiguous().numpy().copy()
