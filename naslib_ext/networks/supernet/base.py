"""What every supernet does: a mixed forward, a single-path forward, and both ways between codes and mixtures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from naslib_ext.errors import InvalidArchitecture
from naslib_ext.networks import build_network
from naslib_ext.networks.primitives import ImageNetwork
from naslib_ext.networks.supernet.mixed import Terms
from naslib_ext.search_spaces import Codes, SearchSpace


class Supernet(ImageNetwork):
    """All architectures of ``space`` in one network. Each cell has its own weights; all architectures share them.

    Shapes: E edges (the rows of a mixture), K operations (its columns), L positions of a code. A mixture (E, K) weighs
    the operations of every edge; the same one holds in every cell of a kind, as one code does.

    Batch normalisations keep no running statistics: they use those of the batch at hand, also in evaluation mode. One
    running mean cannot serve thousands of paths. Those of the candidate operations have no scale and shift, so that a
    mixture's weights are all that scales them. See ``evaluation`` for what that means for accuracies.

    Attributes:
        space: whose codes are taken.
        operations: (K) names of the operations.
        num_edges: E.
        sizes: what ``naslib_ext.networks.build_network`` builds the stand-alone network of a code with.
    """

    space: SearchSpace
    operations: tuple[str, ...]
    num_edges: int

    def __init__(self, **sizes: Any) -> None:
        super().__init__()
        self.sizes = sizes

    def forward(  # type: ignore[override]
        self, images: Tensor, choice: Tensor | ArrayLike, active: ArrayLike | None = None
    ) -> Tensor:
        """(batch, num_classes) logits of ``images`` (batch, in_channels, h, w).

        Args:
            images: at least two of them: the normalisations need a batch.
            choice: a tensor (E, K) mixes the operations with these weights and is differentiated through; a code (L,)
                runs its single path.
            active: (E, K) bool, the operations of a mixture to compute; the others count as zero and get no gradient.
                ``None`` takes all where the weights need a gradient, else those that are not zero.

        Raises ``InvalidArchitecture`` for a choice that is neither.
        """
        features = self.features(images, choice, active)
        logits: Tensor = self.classifier(self.pool(features).flatten(1))
        return logits

    def features(  # type: ignore[override]
        self, images: Tensor, choice: Tensor | ArrayLike, active: ArrayLike | None = None
    ) -> Tensor:
        """(batch, channels, h', w') the last feature map; arguments as for ``forward``."""
        return self._features(images, self._terms(choice, active))

    def paths(self, images: Tensor, codes: Codes) -> Iterator[Tensor]:
        """The logits (batch, num_classes) of ``images`` for each of the valid ``codes`` (n, L), one after the other.

        As ``forward`` gives them; codes that begin alike may share work.
        """
        for code in codes:
            yield self(images, code)

    def one_hot(self, code: ArrayLike) -> Tensor:
        """(E, K) float, on the weights' device: 1 at each edge's operation; the row of an edge not in use is zero."""
        chosen = self.chosen(code)
        mixture = torch.zeros(self.num_edges, len(self.operations))
        used = np.flatnonzero(chosen >= 0)
        mixture[used, chosen[used]] = 1
        return mixture.to(next(self.parameters()).device)

    def discretize(self, weights: Tensor | ArrayLike) -> Codes:
        """(L,) the code that a mixture (E, K) stands for, where the space has a usual rule for it."""
        array = weights.detach().cpu().numpy() if isinstance(weights, Tensor) else np.asarray(weights)
        if array.shape != (self.num_edges, len(self.operations)):
            raise self._no_choice(array.shape)
        return self.space.check(self._discretize(array)[None])[0]

    def chosen(self, code: ArrayLike) -> NDArray[np.int64]:
        """(E,) each edge's operation in ``code`` (L,), -1 where the edge is not in use."""
        return self._chosen(self.space.check(np.asarray(code)[None])[0])

    def standalone(self, code: ArrayLike) -> nn.Module:
        """The network that ``code`` stands for, alone, with a copy of the shared weights: in training mode it computes
        what the single path does. Its normalisations have running statistics, which begin afresh."""
        device = next(self.parameters()).device
        with torch.random.fork_rng(devices=[]):
            network = build_network(self.space, code, **self.sizes).to(device)
        for shared, own in self._counterparts(network, self.chosen(code)):
            own.load_state_dict(shared.state_dict(), strict=False)
        return network

    # what a space's supernet defines

    def _features(self, images: Tensor, terms: Terms) -> Tensor:
        raise NotImplementedError

    def _chosen(self, code: Codes) -> NDArray[np.int64]:
        raise NotImplementedError

    def _discretize(self, weights: NDArray[Any]) -> Codes:
        raise NotImplementedError

    def _counterparts(self, network: Any, chosen: NDArray[np.int64]) -> Iterator[tuple[nn.Module, nn.Module]]:
        """The modules with weights of this supernet, and those of a stand-alone network that have the same ones."""
        raise NotImplementedError

    # helpers

    def _terms(self, choice: Tensor | ArrayLike, active: ArrayLike | None) -> Terms:
        if not (isinstance(choice, Tensor) and choice.ndim == 2):
            return [[(operation, None)] if operation >= 0 else [] for operation in self.chosen(choice).tolist()]
        if choice.shape != (self.num_edges, len(self.operations)):
            raise self._no_choice(tuple(choice.shape))
        if active is not None:
            computed = np.asarray(active, dtype=bool)
        elif choice.requires_grad and torch.is_grad_enabled():
            computed = np.ones(choice.shape, dtype=bool)
        else:
            computed = choice.detach().cpu().numpy() != 0
        rows = zip(choice.unbind(), computed, strict=True)
        return [[(k, weight) for k, weight in enumerate(row.unbind()) if wanted[k]] for row, wanted in rows]

    def _no_choice(self, shape: tuple[int, ...]) -> InvalidArchitecture:
        return InvalidArchitecture(
            f"{self.space.name}: a mixture has shape ({self.num_edges}, {len(self.operations)}), got {shape}"
        )
