"""Graph convolutions on dense adjacencies: graphs here have 7 to 22 vertices, for which sparse layers do not pay."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from naslib_ext.encodings.graphs import GraphTensors


class DirectedConvolution(nn.Module):
    """The layer of the neural predictor (Wen et al., ECCV 2020, eq. 5).

        H' = (ReLU(A H W1) + ReLU(A^T H W2)) / 2

    with self-loops in A and each row divided by its sum: information flows along the edges and against them.

    Args:
        inputs, width: features of a vertex before and after.
    """

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.along = nn.Linear(inputs, width)
        self.against = nn.Linear(inputs, width)

    def forward(self, hidden: Tensor, from_sources: Tensor, from_targets: Tensor) -> Tensor:
        """(b, V, width) from vertices (b, V, inputs) and normalised adjacencies (b, V, V)."""
        return (torch.relu(from_sources @ self.along(hidden)) + torch.relu(from_targets @ self.against(hidden))) / 2


class GraphEncoder(nn.Module):
    """Directed convolutions, then the mean over vertices: one vector (width,) a graph.

    Args:
        inputs: features of a vertex.
        width: of each layer.
        layers: convolutions.
        dropout: of each layer's output.
    """

    def __init__(self, inputs: int, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        sizes = [inputs, *[width] * layers]
        self.layers = nn.ModuleList(DirectedConvolution(*pair) for pair in pairwise(sizes))
        self.dropout = nn.Dropout(dropout)

    def forward(self, features: Tensor, adjacency: Tensor) -> Tensor:
        """(b, width) from ``GraphTensors`` of b graphs."""
        looped = adjacency + torch.eye(adjacency.shape[-1])
        from_targets = looped / looped.sum(dim=2, keepdim=True)
        from_sources = looped.transpose(1, 2) / looped.sum(dim=1)[:, :, None]
        hidden = features
        for layer in self.layers:
            hidden = self.dropout(layer(hidden, from_sources, from_targets))
        return hidden.mean(dim=1)


def tensors(graphs: GraphTensors) -> list[Tensor]:
    """Features (n, V, F) and adjacency (n, V, V) of ``graphs`` as tensors."""
    return [torch.from_numpy(graphs.features), torch.from_numpy(graphs.adjacency)]
