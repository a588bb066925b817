"""The neural predictor (Wen et al., ECCV 2020): a graph convolutional network from architecture to score."""

from __future__ import annotations

from torch import Tensor, nn

from naslib_ext.encodings.graphs import graph_tensors
from naslib_ext.parameters import Parameter
from naslib_ext.predictors.base import Predictor, Values
from naslib_ext.predictors.graph_network import GraphEncoder, tensors
from naslib_ext.predictors.training import Line, fit_network, hinge, outputs, seeded, squared
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes

LOSSES = {"squared": squared, "hinge": hinge}


class GCNPredictor(Predictor):
    """Three directed convolutions, the mean over vertices, and two dense layers.

    Differences from the paper: the width is 96 instead of 144, for one core; training is a number of steps with AdamW
    and a cosine schedule, so that few labels get more passes; the loss is a pairwise hinge on standardised scores,
    which ranks better than squared errors (``loss: squared``); there is no cascade of a classifier and a regressor.
    """

    parameters = {
        "layers": Parameter(3, "graph convolutions", minimum=1),
        "width": Parameter(96, "of a convolution", minimum=1),
        "dropout": Parameter(0.1, "of a convolution's output", minimum=0, maximum=0.9),
        "loss": Parameter("hinge", "what is minimised", choices=tuple(LOSSES)),
        "steps": Parameter(1_000, "batches at least", minimum=1),
        "epochs": Parameter(100, "passes over the labels at least", minimum=1),
        "batch_size": Parameter(32, "architectures in a batch", minimum=2),
        "learning_rate": Parameter(1e-3, "of AdamW, at the start", minimum=1e-8),
        "weight_decay": Parameter(1e-3, "of AdamW", minimum=0),
    }

    def _inputs(self, codes: Codes) -> list[Tensor]:
        return tensors(graph_tensors(self.space, codes))

    def _fit(self, codes: Codes, scores: Values) -> None:
        values, rng = self.settings, stream(self.seed, "gcn")
        inputs = self._inputs(codes)
        standard = (scores - scores.mean()) / (scores.std() or 1.0)
        with seeded(rng):
            self._network = _Regressor(inputs[0].shape[2], values["width"], values["layers"], values["dropout"])
            targets, loss = inputs[0].new_tensor(standard), LOSSES[values["loss"]]
            fit_network(self._network, inputs, targets, loss, rng, values)
        self._line = Line(outputs(self._network, inputs), scores)

    def _query(self, codes: Codes) -> Values:
        return self._line.scores(outputs(self._network, self._inputs(codes)))


class _Regressor(nn.Module):
    def __init__(self, inputs: int, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.encoder = GraphEncoder(inputs, width, layers, dropout)
        self.head = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, features: Tensor, adjacency: Tensor) -> Tensor:
        """(b,) outputs."""
        score: Tensor = self.head(self.encoder(features, adjacency))[:, 0]
        return score
