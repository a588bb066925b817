"""S controllers side by side: each has its own weights and its own Adam, and all of them compute as one batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from naslib_ext.optimizers.dsm_nas.edits import Edits
from naslib_ext.optimizers.dsm_nas.policy import Decisions, Observation, PolicyShape, log_probabilities, sample
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes

INITIAL = 0.1
"""All weights, biases and embeddings start uniform in (-0.1, 0.1)."""


@dataclass(frozen=True)
class Learning:
    """How policies learn: Adam's learning rate (0 never learns) and weight decay, and the weight of the entropy."""

    learning_rate: float = 1e-2
    weight_decay: float = 0.0
    entropy_weight: float = 7.5e-4


class Controller:
    """The policies of S searches, trained by policy gradients (Williams, 1992).

    The loss of each is -log p(decisions) advantage - c entropy. All numbers are in one flat buffer, one block of S
    tensors a weight, so that Adam is a single pass over memory.

    Args:
        shape: sizes of the policies.
        edits: what can be done to the architectures.
        learning: how they learn.
        seeds: (S,) each names the initial weights of one.
        dtype: of all weights. ``float64`` costs nothing for a single search, whose time is all overhead, and makes it
            the same on other processors; ``float32`` halves the time of many.
    """

    def __init__(
        self, shape: PolicyShape, edits: Edits, learning: Learning, seeds: Sequence[int], dtype: torch.dtype
    ) -> None:
        self.shape, self.edits, self.learning, self.dtype = shape, edits, learning, dtype
        self._allocate(len(seeds))
        number = len(self._flat) // self.size
        drawn = np.stack([stream(seed, "dsm_nas weights").uniform(-INITIAL, INITIAL, number) for seed in seeds])
        start = 0
        for leaf in self.weights.values():
            own = drawn[:, start : start + leaf[0].numel()]
            leaf.detach().copy_(torch.from_numpy(own.reshape(leaf.shape)))
            start += leaf[0].numel()

    def _allocate(self, size: int) -> None:
        """The buffer of ``size`` controllers, and the weights as views of it."""
        self.size = size
        shapes = self.shape.weights()
        number = sum(rows * columns for rows, columns in shapes.values())
        self._flat = torch.zeros(size * number, dtype=self.dtype, requires_grad=True)
        self._flat.grad = torch.zeros_like(self._flat)
        rate, decay = self.learning.learning_rate or 1.0, self.learning.weight_decay
        self._adam = torch.optim.Adam([self._flat], lr=rate, weight_decay=decay, fused=True)
        self.weights = self._views(self._flat.detach())
        for leaf, gradient in zip(self.weights.values(), self._views(self._flat.grad).values(), strict=True):
            leaf.requires_grad_().grad = gradient

    def _views(self, flat: torch.Tensor) -> dict[str, torch.Tensor]:
        """Name -> (S, *shape), the parts of a buffer."""
        views, place = {}, 0
        for name, (rows, columns) in self.shape.weights().items():
            views[name] = flat[place : place + self.size * rows * columns].view(self.size, rows, columns)
            place += views[name].numel()
        return views

    def sample(self, observed: Observation, uniforms: NDArray[np.float64]) -> tuple[Decisions, Codes]:
        """One architecture (S, L) from each policy; ``uniforms`` (S, 1 + 2M)."""
        return sample(self.shape, self.weights, self.edits, observed, uniforms)

    def learn(self, decisions: Decisions, advantages: NDArray[np.float64]) -> None:
        """One step of Adam for each policy, with ``advantages`` (S,) of what it decided."""
        if not self.learning.learning_rate:
            return
        logs, entropies = log_probabilities(self.shape, self.weights, decisions)
        weight = torch.from_numpy(advantages).to(self.dtype)
        loss = -(logs * weight).sum() - self.learning.entropy_weight * entropies.sum()
        loss.backward()
        self._adam.step()
        assert self._flat.grad is not None
        self._flat.grad.zero_()

    def keep(self, rows: Sequence[int]) -> Controller:
        """The controllers ``rows`` alone, to go on without the others."""
        kept = Controller.__new__(Controller)
        kept.shape, kept.edits, kept.learning, kept.dtype = self.shape, self.edits, self.learning, self.dtype
        kept._allocate(len(rows))

        def part(flat: torch.Tensor) -> torch.Tensor:
            return torch.cat([view[rows].flatten() for view in self._views(flat).values()])

        with torch.no_grad():
            kept._flat.copy_(part(self._flat.detach()))
        if self._adam.state:
            state = self._adam.state[self._flat]
            moments = {name: part(state[name]) for name in ("exp_avg", "exp_avg_sq")}
            kept._adam.state[kept._flat] = {"step": state["step"].clone(), **moments}
        return kept

    # state

    def state(self) -> dict[str, Any]:
        """Weights and Adam's moments as flat arrays; the moments are missing before the first step."""
        state: dict[str, Any] = {"weights": self._flat.detach().numpy().copy()}
        if self._adam.state:
            kept = self._adam.state[self._flat]
            state |= {"steps": int(kept["step"])}
            state |= {name: kept[name].numpy().copy() for name in ("exp_avg", "exp_avg_sq")}
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Restores what ``state`` gave."""
        self.load_weights(state["weights"])
        if "steps" in state:
            moments = {name: torch.tensor(state[name], dtype=self.dtype) for name in ("exp_avg", "exp_avg_sq")}
            step = torch.tensor(float(state["steps"]))
            self._adam.state[self._flat] = {"step": step, **moments}

    def load_weights(self, weights: NDArray[np.floating]) -> None:
        """Takes over the flat ``weights`` (w,) of another controller of the same shape; (1,) sets all to one value."""
        with torch.no_grad():
            self._flat.copy_(torch.tensor(weights, dtype=self.dtype))
