"""Networks that see two architectures, or nothing but their difference, pretrained on a score that costs no query."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from naslib_ext.encodings.difference_dataset import generate
from naslib_ext.encodings.graphs import graph_tensors
from naslib_ext.encodings.one_hot import one_hot
from naslib_ext.encodings.structure.embedding import structure_embedding
from naslib_ext.predictors.base import Values
from naslib_ext.predictors.doa.members import Member
from naslib_ext.predictors.graph_network import GraphEncoder, tensors
from naslib_ext.predictors.structure_gp import Seen
from naslib_ext.predictors.targets import RankGaussian
from naslib_ext.predictors.training import hinge, minimise, seeded
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes

WIDTH, GRAPH_LAYERS = 64, 3
"""Of every layer; convolutions of the graph encoder."""

PRETRAINING_PAIRS, CONTEXTS, PRETRAINING_STEPS, PAIRS_BATCH = 2_000, 4, 300, 256
"""Differences that the pretraining sees, contexts of each (the paper's n = 4), and its batches."""

STEPS, BATCH_SIZE = 300, 32
"""Batches of labelled architectures, all pairs of which are fitted."""

LEARNING_RATE, WEIGHT_DECAY = 2e-3, 1e-4

ANCHORS = 32
"""Labelled architectures from which a score is recovered."""

FreeScore = Callable[[ArrayLike], Values]


class NetworkEnsemble(Member):
    """Networks F(a, b) = (h(a, b) - h(b, a)) / 2, trained on all pairs of labelled architectures.

    ``pair+diff``: h sees embeddings (z_a, z_b, z_b - z_a). ``diff``: h sees x_b - x_a alone (many-to-one).
    The target of an architecture is recovered from its differences to labelled anchors: mean over a of t_a + F(a, x).

    Args:
        seen: labelled architectures.
        targets: (n,).
        encoding: ``pair+diff`` or ``diff``.
        encoder: what x is: ``structure`` points, an embedding of the ``graph``, or the one-hot ``code``.
        members: networks.
        pretraining: score whose differences are learnt first; ``None`` for none.
        seed: of weights and batches.
    """

    def __init__(
        self,
        seen: Seen,
        targets: Values,
        encoding: str,
        encoder: str,
        members: int,
        pretraining: FreeScore | None,
        seed: int,
    ) -> None:
        self._space, self._encoder = seen.space, encoder
        codes = seen.codes
        rng = stream(seed, "doa_network")
        inputs = self._inputs(codes)
        pairs = None if pretraining is None else self._pretraining_pairs(pretraining, rng)
        self._networks = []
        for _ in range(members):
            with seeded(rng):
                network = PairNetwork(inputs[0].shape[-1], encoding, encoder == "graph")
                if pairs is not None:
                    self._pretrain(network, *pairs, rng)
                if len(codes) > 1:
                    minimise(
                        AllPairs(network), inputs, torch.from_numpy(targets).float(), pair_loss, rng, steps=STEPS,
                        batch_size=BATCH_SIZE, learning_rate=LEARNING_RATE, weight_decay=WEIGHT_DECAY,
                    )  # fmt: skip
            self._networks.append(network)
        chosen = rng.permutation(len(codes))[:ANCHORS]
        self._anchors, self._anchor_targets = codes[chosen], targets[chosen]

    def _inputs(self, codes: Codes) -> list[Tensor]:
        if self._encoder == "graph":
            return tensors(graph_tensors(self._space, codes))
        points = (
            structure_embedding(self._space)(codes) if self._encoder == "structure" else one_hot(self._space, codes)
        )
        return [torch.from_numpy(np.ascontiguousarray(points))]

    def _pretraining_pairs(self, score: FreeScore, rng: np.random.Generator) -> tuple[list[Tensor], Tensor]:
        """One-edit pairs (Algorithm 1) as inputs of the first and of the second, and the gains in normal scores."""
        ranks = RankGaussian(score(self._space.sample(PRETRAINING_PAIRS, rng)))
        pairs = generate(self._space, PRETRAINING_PAIRS, 1, lambda codes: ranks.targets(score(codes)), rng, CONTEXTS)
        length = self._space.num_positions
        inputs = [*self._inputs(pairs.first.reshape(-1, length)), *self._inputs(pairs.second.reshape(-1, length))]
        return inputs, torch.from_numpy(pairs.deltas.ravel()).float()

    @staticmethod
    def _pretrain(network: PairNetwork, inputs: list[Tensor], gains: Tensor, rng: np.random.Generator) -> None:
        minimise(
            GivenPairs(network), inputs, gains, nn.functional.huber_loss, rng, steps=PRETRAINING_STEPS,
            batch_size=PAIRS_BATCH, learning_rate=LEARNING_RATE, weight_decay=WEIGHT_DECAY,
        )  # fmt: skip

    @torch.no_grad()
    def difference(self, a: Seen, b: Seen) -> Values:
        """(n,) F(a, b), the mean over the networks."""
        first, second = self._inputs(a.codes), self._inputs(b.codes)
        gains = [network(network.embed(*first), network.embed(*second)) for network in self._networks]
        return torch.stack(gains).mean(dim=0).double().numpy()

    def score(self, seen: Seen) -> Values:
        return self._scores(seen.codes).mean(axis=0)

    def deviation(self, seen: Seen) -> Values:
        return self._scores(seen.codes).std(axis=0)

    @torch.no_grad()
    def _scores(self, codes: Codes) -> NDArray[np.float64]:
        """(members, n) targets by each network."""
        known, new = self._inputs(self._anchors), self._inputs(codes)
        gains = [network.all_pairs(network.embed(*known), network.embed(*new)) for network in self._networks]
        return (self._anchor_targets[:, None] + torch.stack(gains).double().numpy()).mean(axis=1)


class PairNetwork(nn.Module):
    """F(a, b), antisymmetric whatever the weights.

    Args:
        inputs: features of an architecture, or of a vertex of its graph.
        encoding: ``pair+diff`` or ``diff``.
        graph: whether architectures are graphs.
    """

    def __init__(self, inputs: int, encoding: str, graph: bool) -> None:
        super().__init__()
        self._pure = encoding == "diff"
        if graph:
            self.encoder: nn.Module = GraphEncoder(inputs, WIDTH, GRAPH_LAYERS, 0.0)
        elif self._pure:
            self.encoder = nn.Identity()
        else:
            self.encoder = nn.Sequential(nn.Linear(inputs, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH))
        width = inputs if self._pure and not graph else WIDTH
        head = width if self._pure else 3 * width
        self.head = nn.Sequential(
            nn.Linear(head, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 1)
        )

    def embed(self, *inputs: Tensor) -> Tensor:
        """(n, d) of architectures."""
        embedding: Tensor = self.encoder(*inputs)
        return embedding

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """(...,) F of embeddings (..., d)."""
        gain: Tensor = (self._half(a, b) - self._half(b, a)) / 2
        return gain

    def _half(self, a: Tensor, b: Tensor) -> Tensor:
        seen = b - a if self._pure else torch.cat([a, b, b - a], dim=-1)
        half: Tensor = self.head(seen)[..., 0]
        return half

    def all_pairs(self, a: Tensor, b: Tensor) -> Tensor:
        """(n, m) F of embeddings (n, d) and (m, d)."""
        shape = (len(a), len(b), a.shape[1])
        return self(a[:, None].expand(shape), b[None].expand(shape))


class AllPairs(nn.Module):
    """Every pair of a batch of architectures."""

    def __init__(self, network: PairNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> Tensor:
        """(b, b)."""
        embedding = self.network.embed(*inputs)
        return self.network.all_pairs(embedding, embedding)


class GivenPairs(nn.Module):
    """A batch of pairs, the inputs of the first architectures before those of the second."""

    def __init__(self, network: PairNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> Tensor:
        """(b,)."""
        half = len(inputs) // 2
        return self.network(self.network.embed(*inputs[:half]), self.network.embed(*inputs[half:]))


def pair_loss(gains: Tensor, targets: Tensor) -> Tensor:
    """Huber loss of gains (b, b) against differences of ``targets`` (b,), and the ranking loss of their mean."""
    wanted = targets[None] - targets[:, None]
    return nn.functional.huber_loss(gains, wanted) + hinge(gains.mean(dim=0), targets)
