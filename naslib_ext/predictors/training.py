"""Fitting small torch networks to scores: one loop, and losses on a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

MARGIN = 0.1
"""Of the ranking loss, in standard deviations of the scores."""

EVALUATED = 2_048
"""Architectures in a forward pass without gradients."""

Loss = Callable[[Tensor, Tensor], Tensor]


@contextmanager
def seeded(rng: np.random.Generator) -> Iterator[None]:
    """Torch's global random numbers from ``rng`` within, and as they were after."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**31)))
        yield


def squared(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error of outputs (b,)."""
    return ((outputs - targets) ** 2).mean()


def hinge(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean of max(0, m - (s_i - s_j)) over all pairs of the batch whose targets have t_i > t_j; m is ``MARGIN``."""
    better = targets[:, None] > targets
    gaps = (outputs[:, None] - outputs)[better]
    return (MARGIN - gaps).clamp(min=0).sum() / max(len(gaps), 1)


def num_steps(settings: Mapping[str, Any], labels: int) -> int:
    """The parameter ``steps``, or as many batches as ``epochs`` passes over ``labels`` take, if that is more."""
    per_pass = max(labels // settings["batch_size"], 1)
    return max(int(settings["steps"]), int(settings["epochs"]) * per_pass)


def minimise(
    network: nn.Module,
    inputs: Sequence[Tensor],
    targets: Tensor,
    loss: Loss,
    rng: np.random.Generator,
    *,
    steps: int,
    batch_size: int,
    learning_rate: float,
    weight_decay: float,
) -> None:
    """AdamW with a cosine schedule to 0 on batches drawn without replacement within each pass over the data.

    Args:
        network: called with the rows of ``inputs`` of a batch; gives outputs (b,).
        inputs: tensors (n, ...).
        targets: (n,).
        loss: of outputs and targets of a batch.
        rng: draws the order; call within ``seeded`` where the network draws, too.
        steps: batches in all.
        batch_size: architectures in a batch; at most n.
        learning_rate: at the start.
        weight_decay: of AdamW.
    """
    optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    network.train()
    for rows in _batches(len(targets), min(batch_size, len(targets)), steps, rng):
        optimizer.zero_grad()
        loss(network(*(tensor[rows] for tensor in inputs)), targets[rows]).backward()
        optimizer.step()
        schedule.step()
    network.eval()


def fit_network(
    network: nn.Module,
    inputs: Sequence[Tensor],
    targets: Tensor,
    loss: Loss,
    rng: np.random.Generator,
    settings: Mapping[str, Any],
) -> None:
    """``minimise`` by a predictor's ``settings``: those of ``num_steps``, ``learning_rate`` and ``weight_decay``."""
    minimise(
        network, inputs, targets, loss, rng, steps=num_steps(settings, len(targets)),
        batch_size=settings["batch_size"], learning_rate=settings["learning_rate"],
        weight_decay=settings["weight_decay"],
    )  # fmt: skip


def _batches(n: int, size: int, steps: int, rng: np.random.Generator) -> Iterator[Tensor]:
    done = 0
    while done < steps:
        order = torch.from_numpy(rng.permutation(n))
        for start in range(0, n - size + 1, size):  # the rest of a pass, less than a batch, is left out
            if done == steps:
                return
            yield order[start : start + size]
            done += 1


@torch.no_grad()
def outputs(network: nn.Module, inputs: Sequence[Tensor]) -> NDArray[np.float64]:
    """(n, ...) what a trained network gives for ``inputs`` (n, ...)."""
    parts = [network(*(tensor[i : i + EVALUATED] for tensor in inputs)) for i in range(0, len(inputs[0]), EVALUATED)]
    if not parts:
        parts = [network(*inputs)]
    return torch.cat(parts).double().numpy()


class Line:
    """Least-squares line from outputs of any unit to scores; constant where the outputs are."""

    def __init__(self, outputs: NDArray[np.float64], scores: NDArray[np.float64]) -> None:
        centred = outputs - outputs.mean()
        spread = float(centred @ centred)
        slope = float(centred @ (scores - scores.mean())) / spread if spread > 1e-12 else 0.0
        self.slope = max(slope, 1e-9) if np.ptp(scores) > 0 else 0.0  # outputs are trained to rise with scores
        self.intercept = float(scores.mean()) - self.slope * float(outputs.mean())

    def scores(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) scores of outputs (n,)."""
        return self.intercept + self.slope * outputs
