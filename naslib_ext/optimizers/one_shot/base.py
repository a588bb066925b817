"""The step protocol of NASLib's one-shot optimizers, and all that such methods share."""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Mapping
from math import cos, pi
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from naslib_ext.errors import ConfigError, NaslibExtError
from naslib_ext.naslib_bridge.base import MetaOptimizer
from naslib_ext.networks.device import named_device, precision
from naslib_ext.networks.supernet import accuracies
from naslib_ext.optimizers.one_shot.adapting import as_supernet
from naslib_ext.optimizers.one_shot.search_module import SearchModule
from naslib_ext.parameters import Parameter, settings
from naslib_ext.random_streams import stream
from naslib_ext.registry import unknown_name
from naslib_ext.search_spaces import Codes

Floats = NDArray[np.float64]
Batch = tuple[Tensor, Tensor]
"""Images (batch, channels, h, w) and labels (batch,)."""
StepResult = tuple[Tensor, Tensor, Tensor, Tensor]
"""Logits and losses: ``(logits_train, logits_val, train_loss, val_loss)``."""

SHARED: dict[str, Parameter] = {
    "epochs": Parameter(50, "passes over the training images", minimum=1),
    "checkpoint_freq": Parameter(1, "epochs between two checkpoints", minimum=1),
    "batch_size": Parameter(64, "training images a step, and validation images a step", minimum=2),
    "learning_rate": Parameter(0.025, "of the weights, in the first epoch", minimum=0),
    "learning_rate_min": Parameter(0.001, "of the weights, at the end of the cosine", minimum=0),
    "momentum": Parameter(0.9, "of the weights' gradient descent", minimum=0, maximum=1),
    "weight_decay": Parameter(3e-4, "of the weights", minimum=0),
    "grad_clip": Parameter(5.0, "largest norm of the weights' gradient; 0: any", minimum=0),
    "warm_start_epochs": Parameter(0, "first epochs, in which the weights alone are trained", minimum=0),
}
"""Parameters of every one-shot method; the weights are trained as DARTS trains them (Liu et al., ICLR 2019)."""

KEPT_BATCHES = 8
"""Newest validation batches, with which candidates are scored where nobody gives other images."""


class Selection(NamedTuple):
    """Candidates of a finished search (n, L), their accuracies in percent with the supernet (n,), the best's row."""

    codes: Codes
    accuracies: Floats
    best: int

    @property
    def code(self) -> Codes:
        """(L,) the architecture found."""
        return self.codes[self.best]


class OneShotOptimizer(MetaOptimizer):
    """Trains a supernet's weights on training batches and an architecture's distribution on validation batches.

    A subclass declares its ``parameters``, makes what it learns (``_start``), and says what a training step runs
    (``_training_choice``), how a validation batch changes the architecture (``_search_step``), what the distribution is
    and which candidates it leads to (``distribution``, ``sample``, ``_candidates``).

    Each step updates the architecture first and the weights afterwards, as in DARTS and in Algorithm 1 of ANASOD. The
    learning rate of the weights follows a cosine over the epochs. Random numbers come from streams named by the seed
    and the number of steps so far, so that a restored search goes on exactly.

    Shapes: E edges and K operations of the supernet, L positions of a code.

    Args:
        config: ``None``, a dict or NASLib's ``CfgNode``; parameters are read from its ``search`` section.
        hyperparameters: parameters, and ``seed``; they win over the configuration.

    Raises ``ConfigError`` for a hyperparameter that the method does not have, and for impossible values.
    """

    using_step_function = True
    parameters: ClassVar[dict[str, Parameter]] = SHARED

    def __init__(self, config: Any = None, **hyperparameters: Any) -> None:
        super().__init__()
        for name in hyperparameters:
            if name not in (*self.parameters, "seed"):
                raise ConfigError(str(unknown_name("hyperparameter", name, [*self.parameters, "seed"])))
        self.config = config
        own: Mapping[str, Any] = config or {}
        search = {**(own.get("search") or {}), **hyperparameters}
        self.settings: dict[str, Any] = settings(self.parameters, search, "search.")
        self.seed = int(search.get("seed", own.get("seed", 0)))
        self.device = named_device("auto")
        self.steps = 0
        self.epoch = 0
        self.selection: Selection | None = None

    # what a method writes

    @abstractmethod
    def _start(self, rng: np.random.Generator) -> tuple[nn.Module, torch.optim.Optimizer | None]:
        """What the method learns beside the weights, and its optimizer, if it has one; called once."""

    @abstractmethod
    def _training_choice(self, rng: np.random.Generator) -> Tensor | Codes:
        """What the supernet runs on a training batch: a mixture (E, K) without gradient, or a code (L,)."""

    @abstractmethod
    def _search_step(self, images: Tensor, labels: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Changes the architecture; the logits and the loss of the validation batch."""

    @property
    @abstractmethod
    def distribution(self) -> Floats:
        """(E, K) how likely each operation is on each edge; rows sum to 1."""

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> Codes:
        """(n, L) architectures drawn from what has been learnt."""

    @abstractmethod
    def _candidates(self, rng: np.random.Generator) -> Codes:
        """(n, L) the architectures among which the supernet chooses at the end."""

    # NASLib's protocol

    def adapt_search_space(self, search_space: Any, dataset: Any = None, scope: Any = None, **_: Any) -> None:  # type: ignore[override]
        """Begins a search from nothing.

        Args:
            search_space: a ``Supernet``, or what ``adapting.as_supernet`` takes: NASLib's graphs.
            dataset: kept for NASLib's callers.
            scope: which cells of a graph are searched; ``None`` is the graph's own.

        Raises ``UnsupportedSpace`` for what cannot be made a supernet.
        """
        self.supernet = as_supernet(search_space, scope)
        self.space = self.supernet.space
        self.dataset, self.scope = dataset, scope
        self.steps = self.epoch = 0
        self.selection = None
        self._recent: deque[Batch] = deque(maxlen=KEPT_BATCHES)
        self.architecture, self.arch_optimizer = self._start(stream(self.seed, "architecture"))
        s = self.settings
        self.op_optimizer = torch.optim.SGD(
            self.supernet.parameters(), s["learning_rate"], s["momentum"], weight_decay=s["weight_decay"]
        )
        self.graph = SearchModule(self)

    @property
    def architectural_weights(self) -> nn.ParameterList:
        """What the method learns beside the weights, as tensors."""
        return nn.ParameterList(self.architecture.parameters())

    def before_training(self) -> None:
        """Moves everything to the GPU, where there is one."""
        self.graph.to(self.device)

    def new_epoch(self, epoch: int) -> None:
        """Sets the learning rate of the weights for ``epoch``, which counts from 0."""
        s = self.settings
        self.epoch = epoch
        share = (1 + cos(pi * min(epoch / s["epochs"], 1))) / 2
        for group in self.op_optimizer.param_groups:
            group["lr"] = s["learning_rate_min"] + (s["learning_rate"] - s["learning_rate_min"]) * share

    def step(self, data_train: Batch, data_val: Batch) -> StepResult:
        """One update of the architecture and one of the weights; all that it returns is detached.

        Raises ``NaslibExtError`` where the loss is not finite.
        """
        self.supernet.train()
        rng = stream(self.seed, "step", self.steps)
        self._recent.append(data_val)
        searching = self.epoch >= self.settings["warm_start_epochs"]
        logits_val, val_loss = self._search_step(*data_val, rng) if searching else self._watch(*data_val, rng)
        logits_train, train_loss = self._weights_step(*data_train, rng)
        if not torch.isfinite(train_loss + val_loss):
            rates = [f"search.{name}" for name in ("learning_rate", "arch_learning_rate") if name in self.settings]
            raise NaslibExtError(
                f"epoch {self.epoch}: losses of {float(train_loss)} and {float(val_loss)}; "
                f"a lower {' or '.join(rates)} may help"
            )
        self.steps += 1
        self.selection = None  # it was of other weights
        return logits_train, logits_val, train_loss, val_loss

    def _weights_step(self, images: Tensor, labels: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        logits, loss = self._forward(images, labels, self._training_choice(rng))
        self.op_optimizer.zero_grad()
        loss.backward()
        if self.settings["grad_clip"]:
            nn.utils.clip_grad_norm_(self.supernet.parameters(), self.settings["grad_clip"])
        self.op_optimizer.step()
        return logits.detach(), loss.detach()

    @torch.no_grad()
    def _watch(self, images: Tensor, labels: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """The logits and the loss of a validation batch from which nothing is learnt."""
        return self._forward(images, labels, self._training_choice(rng))

    def _forward(self, images: Tensor, labels: Tensor, choice: Tensor | Codes) -> tuple[Tensor, Tensor]:
        """The supernet's logits and their mean cross entropy, in mixed precision on a GPU that has bfloat16."""
        with self.precision():
            logits = self.supernet(images, choice)
            return logits, cross_entropy(logits, labels)

    def precision(self) -> torch.autocast:
        """The context of a forward pass."""
        return precision(self.device)

    def get_op_optimizer(self) -> Any:
        """The class of the optimizer of the weights."""
        return type(self.op_optimizer)

    def get_model_size(self) -> float:
        """Millions of weights of the supernet."""
        return sum(weights.numel() for weights in self.supernet.parameters()) / 1e6

    def get_checkpointables(self) -> dict[str, Any]:
        """All of the search in one module, since NASLib's Trainer keeps nothing else."""
        return {"model": self.graph}

    def get_final_architecture(self) -> Any:
        """The network of the architecture found: NASLib's graph where the search was on one.

        Where nothing has been selected yet, candidates are scored on the newest validation batches; a search restored
        without any takes the first candidate.
        """
        if self.selection is None and self._recent:
            images, labels = (torch.cat(parts) for parts in zip(*self._recent, strict=True))
            self.select(images, labels)
        code = self._candidates(self._final_rng())[0] if self.selection is None else self.selection.code
        return self.supernet.standalone(code)

    # beyond NASLib's protocol

    def select(self, images: Tensor, labels: Tensor) -> Selection:
        """Scores the candidates with the supernet's weights on these images (m, c, h, w) and keeps the best."""
        codes = self._candidates(self._final_rng())
        self.supernet.eval()
        with self.precision():
            scores = accuracies(self.supernet, codes, images, labels)
        self.selection = Selection(codes, scores, int(scores.argmax()))
        return self.selection

    def _final_rng(self) -> np.random.Generator:
        return stream(self.seed, "final", self.steps)

    def current(self, rng: np.random.Generator) -> Codes:
        """(L,) an architecture that the search would lead to if it ended now."""
        return self._candidates(rng)[0]

    @property
    def most_likely(self) -> Codes:
        """(L,) the architecture that the distribution is discretised to, each edge's most likely operation."""
        return self.supernet.discretize(self.distribution)
