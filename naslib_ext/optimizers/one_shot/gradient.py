"""Differentiable search: the architecture is a tensor that goes down the gradient of the validation loss."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import torch
from torch import Tensor, nn

from naslib_ext.errors import ConfigError
from naslib_ext.optimizers.one_shot.base import SHARED, Floats, OneShotOptimizer
from naslib_ext.parameters import Parameter
from naslib_ext.registry import unknown_name
from naslib_ext.search_spaces import Codes

LEAST = 1e-5
"""No share on the simplex is smaller, before they are divided by their sum."""

DIFFERENTIABLE: dict[str, Parameter] = {
    **SHARED,
    "exclude": Parameter("", "operations that are left out of the search, with commas between: none"),
}


class DifferentiableOptimizer(OneShotOptimizer):
    """Methods whose every step runs a mixture of all operations.

    A subclass makes the tensor that is learnt (``_initial``), turns it into a mixture (``mixture``) and changes it by a
    gradient (``_descend``). K' operations take part: those that ``search.exclude`` does not name.
    """

    parameters = DIFFERENTIABLE

    @abstractmethod
    def _initial(self, edges: int, operations: int, rng: np.random.Generator) -> Floats:
        """The tensor to be learnt, for E ``edges`` and K' ``operations``."""

    @abstractmethod
    def _probabilities(self, learnt: Tensor) -> Tensor:
        """(E, K') the operations' shares on every edge."""

    @abstractmethod
    def _descend(self, gradient: Tensor) -> None:
        """Changes what is learnt by the ``gradient`` of the validation loss with regard to it."""

    def _make_optimizer(self, learnt: nn.Parameter) -> torch.optim.Optimizer | None:
        """The optimizer of what is learnt, if it is one of torch's."""
        return None

    def _start(self, rng: np.random.Generator) -> tuple[nn.Module, torch.optim.Optimizer | None]:
        self._columns = self._searched()
        initial = self._initial(self.supernet.num_edges, len(self._columns), rng)
        self._learnt = nn.Parameter(torch.tensor(initial, dtype=torch.float32))
        return nn.ParameterList([self._learnt]), self._make_optimizer(self._learnt)

    def _searched(self) -> list[int]:
        """The columns of the operations that take part. Raises ``ConfigError``."""
        operations = self.supernet.operations
        left_out = [name for name in self.settings["exclude"].split(",") if name]
        for name in left_out:
            if name not in operations:
                raise ConfigError(f"search.exclude: {unknown_name('operation', name, operations)}")
        columns = [column for column, name in enumerate(operations) if name not in left_out]
        if not columns:
            raise ConfigError("search.exclude: no operation is left")
        return columns

    def _embedded(self, shares: Tensor) -> Tensor:
        """(E, K) from the shares (E, K') of those that take part, with zeros for the others."""
        if len(self._columns) == len(self.supernet.operations):
            return shares
        return shares.new_zeros(len(shares), len(self.supernet.operations)).index_copy(
            1, torch.tensor(self._columns, device=shares.device), shares
        )

    def mixture(self, rng: np.random.Generator) -> Tensor:
        """(E, K) what the supernet runs, differentiable with regard to what is learnt."""
        return self._embedded(self._probabilities(self._learnt))

    def _training_choice(self, rng: np.random.Generator) -> Tensor | Codes:
        with torch.no_grad():
            return self.mixture(rng)

    def _search_step(self, images: Tensor, labels: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        logits, loss = self._forward(images, labels, self.mixture(rng))
        # of the architecture alone: gradients of the weights would be a third of the work, for nothing
        (gradient,) = torch.autograd.grad(loss + self._penalty(), self._learnt)
        with torch.no_grad():
            self._descend(gradient)
        return logits.detach(), loss.detach()

    def _penalty(self) -> Tensor | float:
        """What is added to the validation loss."""
        return 0.0

    @property
    def distribution(self) -> Floats:
        with torch.no_grad():
            return self._embedded(self._probabilities(self._learnt)).double().cpu().numpy()

    def sample(self, n: int, rng: np.random.Generator) -> Codes:
        # the largest of log p + Gumbel noise is a draw from p, and where a space's rule takes some edges only, it takes
        # those of the largest noisy shares
        with np.errstate(divide="ignore"):
            logits = np.log(self.distribution)
        noisy = logits + rng.gumbel(size=(n, *logits.shape))
        noisy = np.exp(noisy - noisy.max(axis=2, keepdims=True))
        shares = noisy / noisy.sum(axis=2, keepdims=True)
        return np.stack([self.supernet.discretize(mixture) for mixture in shares])

    def _candidates(self, rng: np.random.Generator) -> Codes:
        return self.most_likely[None]


class SimplexOptimizer(DifferentiableOptimizer):
    """Methods that learn the shares themselves, points on the simplex, by multiplicative or projected updates.

    ``search.arch_weight_decay`` is the weight of sum_i p_i log(K' p_i), the relative entropy to the uniform
    distribution, in the loss of the architecture, as in the code of GAEA.
    """

    parameters = DIFFERENTIABLE | {
        "arch_learning_rate": Parameter(0.1, "step size of the distribution", minimum=0),
        "arch_weight_decay": Parameter(0.0, "weight of the relative entropy to the uniform distribution", minimum=0),
        "update": Parameter("exponentiated", "of the distribution", choices=("exponentiated", "projected")),
    }

    def _descend(self, gradient: Tensor) -> None:
        step = self.settings["arch_learning_rate"] * gradient
        if self.settings["update"] == "exponentiated":
            moved = torch.softmax(torch.log(self._learnt) - step, dim=-1)
        else:
            moved = self._learnt - step
        moved = moved.clamp(min=LEAST)
        self._learnt.copy_(moved / moved.sum(dim=-1, keepdim=True))

    def _penalty(self) -> Tensor | float:
        weight = self.settings["arch_weight_decay"]
        if not weight:
            return 0.0
        return weight * (self._learnt * torch.log(self._learnt * self._learnt.shape[-1])).sum()
