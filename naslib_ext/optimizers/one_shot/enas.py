"""ENAS (Pham et al., ICML 2018): a recurrent controller draws paths and learns by REINFORCE from their accuracies."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from naslib_ext.errors import NaslibExtError
from naslib_ext.optimizers.choices import Choices
from naslib_ext.optimizers.one_shot.base import SHARED, Floats, OneShotOptimizer
from naslib_ext.parameters import Parameter
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes

Integers = NDArray[np.int64]

HIDDEN, LAYERS = 32, 2
"""Of the LSTM, as in NAS-Bench-201's controller."""
TEMPERATURE, BOUND = 5.0, 2.5
"""Logits l become BOUND * tanh(l / TEMPERATURE): no choice is ever certain."""
ROUNDS = 20
"""Batches of draws without an architecture of the space before the controller counts as stuck."""
SHOWN = 256
"""Draws from which ``distribution`` is estimated."""


class Controller(nn.Module):
    """An LSTM that makes V choices one after the other, each fed back as an embedding.

    Args:
        cardinalities: (V,) number of values of each choice.
        rng: draws the weights, uniform between -0.1 and 0.1, as the published controller's.
    """

    def __init__(self, cardinalities: Integers, rng: np.random.Generator) -> None:
        super().__init__()
        self.widest = int(cardinalities.max())
        self.number = len(cardinalities)
        self.first = nn.Parameter(torch.empty(HIDDEN))
        self.embeddings = nn.Parameter(torch.empty(self.number, self.widest, HIDDEN))
        self.cells = nn.ModuleList(nn.LSTMCell(HIDDEN, HIDDEN) for _ in range(LAYERS))
        self.heads = nn.Parameter(torch.empty(self.number, HIDDEN, self.widest))
        for weights in self.parameters():
            weights.data = torch.tensor(rng.uniform(-0.1, 0.1, tuple(weights.shape)), dtype=torch.float32)
        self.register_buffer("baseline", torch.full((), torch.nan))
        self.register_buffer(
            "possible", torch.as_tensor(np.arange(self.widest) < cardinalities[:, None]), persistent=False
        )

    def forward(self, uniform: Floats) -> tuple[Integers, Tensor, Tensor]:
        """(n, V) choices by random numbers (n, V) from [0, 1), and their log likelihoods and entropies (n,)."""
        n, device = len(uniform), self.first.device
        thresholds = torch.as_tensor(uniform, dtype=torch.float32, device=device)
        inputs = self.first.expand(n, -1)
        states = [(inputs.new_zeros(n, HIDDEN), inputs.new_zeros(n, HIDDEN)) for _ in self.cells]
        likelihood = entropy = inputs.new_zeros(n)
        chosen = []
        for v in range(self.number):
            for layer, cell in enumerate(self.cells):
                states[layer] = cell(inputs, states[layer])
                inputs = states[layer][0]
            logits = BOUND * torch.tanh(inputs @ self.heads[v] / TEMPERATURE)
            logs = torch.log_softmax(logits.masked_fill(~self.possible[v], -torch.inf), dim=-1)  # type: ignore[index]
            shares = logs.exp()
            last = self.possible[v].sum() - 1  # type: ignore[index]
            choice = torch.minimum((thresholds[:, v, None] >= shares.detach().cumsum(dim=1)).sum(dim=1), last)
            likelihood = likelihood + logs.gather(1, choice[:, None])[:, 0]
            entropy = entropy - (shares * logs.clamp(min=-1e9)).sum(dim=1)
            inputs = self.embeddings[v][choice]
            chosen.append(choice)
        return torch.stack(chosen, dim=1).cpu().numpy(), likelihood, entropy


class ENAS(OneShotOptimizer):
    """The controller draws the path of every training step, and learns at every step from a validation batch.

    A step of the controller draws ``search.num_aggregate`` architectures; their rewards are their accuracies on the
    batch (0 to 1) and a little of the entropy, less a moving average. Adam goes up the mean gradient of
    reward * log likelihood. At the end the best of ``search.num_samples`` draws is taken.

    Differences from the published code: the controller learns in turns with the weights, not after each epoch; an epoch
    has as many of its updates as training steps.
    """

    parameters = SHARED | {
        "arch_learning_rate": Parameter(1e-3, "of Adam on the controller", minimum=0),
        "num_aggregate": Parameter(20, "architectures drawn for an update of the controller", minimum=1),
        "entropy_weight": Parameter(1e-4, "of the entropy in the reward", minimum=0),
        "baseline_decay": Parameter(0.99, "of the moving average of rewards", minimum=0, maximum=1),
        "num_samples": Parameter(100, "architectures drawn and scored at the end", minimum=1),
    }

    def _start(self, rng: np.random.Generator) -> tuple[nn.Module, torch.optim.Optimizer | None]:
        self._choices = Choices(self.space)
        self._controller = Controller(self._choices.cardinalities, rng)
        adam = torch.optim.Adam(self._controller.parameters(), self.settings["arch_learning_rate"], eps=1e-3)
        return self._controller, adam

    def _training_choice(self, rng: np.random.Generator) -> Tensor | Codes:
        return self.sample(1, rng)[0]

    def _search_step(self, images: Tensor, labels: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        s = self.settings
        codes, likelihood, entropy = self._draw(s["num_aggregate"], rng)
        with torch.no_grad():
            results = [self._forward(images, labels, code) for code in codes]
            accuracy = torch.stack([(logits.argmax(dim=1) == labels).float().mean() for logits, _ in results])
            reward = accuracy + s["entropy_weight"] * entropy
        self._climb(likelihood, reward)
        return results[0][0], torch.stack([loss for _, loss in results]).mean()

    def _climb(self, likelihood: Tensor, reward: Tensor) -> None:
        """One step of the controller from architectures' log ``likelihood`` and ``reward`` (n,)."""
        baseline: Tensor = self._controller.baseline  # type: ignore[assignment]
        decay = self.settings["baseline_decay"]
        mean = reward.mean()
        baseline.copy_(torch.where(baseline.isnan(), mean, decay * baseline + (1 - decay) * mean))
        assert self.arch_optimizer is not None
        self.arch_optimizer.zero_grad()
        (-(likelihood * (reward - baseline)).mean()).backward()
        nn.utils.clip_grad_norm_(self._controller.parameters(), 5.0)
        self.arch_optimizer.step()

    def _draw(self, n: int, rng: np.random.Generator) -> tuple[Codes, Tensor, Tensor]:
        """(n, L) architectures with their log likelihoods and entropies (n,), which are differentiable."""
        codes: list[Codes] = []
        likelihoods: list[Tensor] = []
        entropies: list[Tensor] = []
        for _ in range(ROUNDS):
            choices, likelihood, entropy = self._controller(rng.random((n, len(self._choices.cardinalities))))
            for row, choice in enumerate(choices):
                code = self._choices.to_codes(choice[None])
                if len(code):  # elsewhere the choices are no architecture
                    codes.append(code[0])
                    likelihoods.append(likelihood[row])
                    entropies.append(entropy[row])
            if len(codes) >= n:
                return np.stack(codes[:n]), torch.stack(likelihoods[:n]), torch.stack(entropies[:n])
        raise NaslibExtError(f"{self.space.name}: the controller draws hardly any architecture of the space")

    def sample(self, n: int, rng: np.random.Generator) -> Codes:
        with torch.no_grad():
            return self._draw(n, rng)[0]

    @property
    def distribution(self) -> Floats:
        """(E, K) shares of the operations among draws; an edge that none of them uses has equal shares."""
        codes = self.sample(SHOWN, stream(self.seed, "distribution", self.steps))
        used = torch.stack([self.supernet.one_hot(code) for code in codes]).double().sum(dim=0).cpu().numpy()
        totals = used.sum(axis=1, keepdims=True)
        return np.where(totals > 0, used, 1) / np.where(totals > 0, totals, used.shape[1])

    def _candidates(self, rng: np.random.Generator) -> Codes:
        return self.sample(self.settings["num_samples"], rng)
