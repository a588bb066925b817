"""DARTS (Liu, Simonyan and Yang, ICLR 2019), first order: softmax mixtures on every edge, discretised by argmax."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from naslib_ext.optimizers.one_shot.base import Floats
from naslib_ext.optimizers.one_shot.gradient import DIFFERENTIABLE, DifferentiableOptimizer
from naslib_ext.parameters import Parameter

ADAM: dict[str, Parameter] = {
    "arch_learning_rate": Parameter(3e-4, "of Adam on the logits", minimum=0),
    "arch_weight_decay": Parameter(1e-3, "of Adam on the logits", minimum=0),
}


class DARTS(DifferentiableOptimizer):
    """Logits (E, K'), one row an edge, by Adam on the validation loss; the mixture is their softmax."""

    parameters = DIFFERENTIABLE | ADAM

    def _initial(self, edges: int, operations: int, rng: np.random.Generator) -> Floats:
        return 1e-3 * rng.standard_normal((edges, operations))

    def _probabilities(self, learnt: Tensor) -> Tensor:
        return torch.softmax(learnt, dim=-1)

    def _make_optimizer(self, learnt: nn.Parameter) -> torch.optim.Optimizer:
        s = self.settings
        return torch.optim.Adam(
            [learnt], s["arch_learning_rate"], betas=(0.5, 0.999), weight_decay=s["arch_weight_decay"]
        )

    def _descend(self, gradient: Tensor) -> None:
        assert self.arch_optimizer is not None
        self._learnt.grad = gradient
        self.arch_optimizer.step()
