"""BRP-NAS (Dudziak et al., NeurIPS 2020): a graph network that says which of two architectures is better."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from naslib_ext.encodings.graphs import graph_tensors
from naslib_ext.parameters import Parameter
from naslib_ext.predictors.base import Predictor, Values
from naslib_ext.predictors.graph_network import GraphEncoder, tensors
from naslib_ext.predictors.training import Line, fit_network, outputs, seeded
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes


class BRPNASPredictor(Predictor):
    """The binary relation predictor: z = GCN(architecture), P(b better than a) = sigmoid(w . [z_a, z_b] + c).

    A classifier that is linear in the two embeddings orders architectures by one number: the logit, made antisymmetric,
    is s(b) - s(a) with s(x) = (w_b - w_a) . z_x / 2. That number is the score here, and ``difference`` its differences
    in units of the scores. The paper sorts with the classifier instead, which gives the same order.

    Differences from the published code: all pairs of a batch of architectures are classified at once, so that a step
    costs as much as encoding the batch; training is a number of such steps, at a learning rate of 0.001 instead of
    0.00035; layers are directed convolutions of width 96 instead of 600, for one core; there is no global vertex, and
    no transfer from a latency predictor.
    """

    parameters = {
        "layers": Parameter(4, "graph convolutions", minimum=1),
        "width": Parameter(96, "of a convolution", minimum=1),
        "dropout": Parameter(0.2, "of a convolution's output", minimum=0, maximum=0.9),
        "steps": Parameter(1_000, "batches at least", minimum=1),
        "epochs": Parameter(100, "passes over the labels at least", minimum=1),
        "batch_size": Parameter(32, "architectures in a batch, all pairs of which are classified", minimum=2),
        "learning_rate": Parameter(1e-3, "of AdamW, at the start", minimum=1e-8),
        "weight_decay": Parameter(5e-4, "of AdamW", minimum=0),
    }

    def _inputs(self, codes: Codes) -> list[Tensor]:
        return tensors(graph_tensors(self.space, codes))

    def _fit(self, codes: Codes, scores: Values) -> None:
        values, rng = self.settings, stream(self.seed, "brp_nas")
        inputs = self._inputs(codes)
        with seeded(rng):
            self._network = _Comparator(inputs[0].shape[2], values["width"], values["layers"], values["dropout"])
            relation_loss = self._network.relation_loss
            fit_network(self._network, inputs, torch.from_numpy(scores), relation_loss, rng, values)
        self._line = Line(self._score(codes), scores)

    def _score(self, codes: Codes) -> Values:
        """(n,) s(x) of the architectures, in units of the logit."""
        ends = outputs(self._network, self._inputs(codes))
        score: Values = (ends[:, 1] - ends[:, 0]) / 2
        return score

    def _query(self, codes: Codes) -> Values:
        return self._line.scores(self._score(codes))

    def difference(self, a: ArrayLike, b: ArrayLike) -> Values:
        """(n,) predicted score(b) - score(a) of architectures (n, L) each."""
        first, second = (self._score(self._test_codes(np.asarray(codes))) for codes in (a, b))
        return self._line.slope * (second - first)


class _Comparator(nn.Module):
    def __init__(self, inputs: int, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.encoder = GraphEncoder(inputs, width, layers, dropout)
        self.ends = nn.Linear(width, 2)  # w_a . z and w_b . z + c

    def forward(self, features: Tensor, adjacency: Tensor) -> Tensor:
        """(b, 2) what an architecture adds to the logit as the first and as the second of a pair."""
        ends: Tensor = self.ends(self.encoder(features, adjacency))
        return ends

    @staticmethod
    def relation_loss(ends: Tensor, scores: Tensor) -> Tensor:
        """Mean cross-entropy of "the second is better" over all ordered pairs of different scores in the batch."""
        logits = ends[:, None, 0] + ends[None, :, 1]
        differing = scores[:, None] != scores
        labels = (scores > scores[:, None]).float()[differing]
        losses = nn.functional.binary_cross_entropy_with_logits(logits[differing], labels, reduction="sum")
        return losses / max(len(labels), 1)
