"""NAS-Bench-101 networks (Ying et al., ICML 2019, section 2.1 and appendix S2): three stacks of three searched cells.

    image -> conv 3x3 -> 3 cells (C) -> max pooling -> 3 cells (2C) -> max pooling -> 3 cells (4C)
          -> global average pooling -> linear

Inside a cell, a vertex gets the sum of its sources. The output is the concatenation of its sources, so these share
the cell's channels; a source that is wider than its target loses its last channels. What comes from the cell's input
passes through a 1x1 projection first; it is added to the concatenation where input and output are connected.

Vertices on no path from input to output are left out before anything is built, as in the benchmark. The first sources
of the output are one channel wider where the channels do not divide evenly, so isomorphic cells can differ by a few
parameters: the network is that of the code, not of its canonical form. (The published count is sometimes that of
another order of the vertices than the published adjacency's: on 661 of 20,001 checked rows.)

Differences from the published networks: torch's initial weights instead of variance scaling, and batch normalisation
with torch's momentum 0.1 instead of 0.003.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from naslib_ext.networks.primitives import ImageNetwork, conv_bn_relu, max_pool
from naslib_ext.search_spaces.nasbench101 import OPERATIONS, SOURCES, TARGETS

Matrix = NDArray[np.int64]


class NASBench101Network(ImageNetwork):
    """Classifier of images (batch, in_channels, h, w); features are (batch, 4 * init_channels, h / 4, w / 4).

    Args:
        code: (26,) valid code of the space.
        init_channels: channels of the stem and the first stack; they double in each further one.
        stacks: number of stacks.
        cells_per_stack: cells in each stack.
        num_classes: width of the logits.
        in_channels: channels of an image.
    """

    def __init__(
        self, code: Sequence[int], *,
        init_channels: int = 128, stacks: int = 3, cells_per_stack: int = 3, num_classes: int = 10,
        in_channels: int = 3,
    ) -> None:  # fmt: skip
        super().__init__()
        matrix, operations = prune(code)
        layers: list[nn.Module] = [conv_bn_relu(in_channels, init_channels, 3)]
        c_in = init_channels
        for stack in range(stacks):
            channels = init_channels << stack
            if stack:
                layers.append(nn.MaxPool2d(2, ceil_mode=True))
            for _ in range(cells_per_stack):
                layers.append(Cell(matrix, operations, c_in, channels))
                c_in = channels
        self.body = nn.Sequential(*layers)
        self.classifier = nn.Linear(c_in, num_classes)

    def features(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(x)
        return out


class Cell(nn.Module):
    """One cell of v vertices, the first the input and the last the output.

    Args:
        matrix: (v, v) upper triangular adjacency; every vertex lies on a path from input to output.
        operations: the names of the v - 2 inner vertices.
    """

    def __init__(self, matrix: Matrix, operations: Sequence[str], c_in: int, c_out: int) -> None:
        super().__init__()
        self.channels = vertex_channels(matrix, c_out)
        self.sources = [[v for v in range(1, target) if matrix[v, target]] for target in range(len(matrix))]
        projected = np.flatnonzero(matrix[0]).tolist()
        self.projections = nn.ModuleDict({str(v): conv_bn_relu(c_in, self.channels[v], 1) for v in projected})
        self.operations = nn.ModuleList(
            operation(name, channels) for name, channels in zip(operations, self.channels[1:-1], strict=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        vertices: list[Tensor] = [x]
        for vertex, layer in enumerate(self.operations, start=1):
            terms = [vertices[source][:, : self.channels[vertex]] for source in self.sources[vertex]]
            vertices.append(layer(self._sum(vertex, terms, x)))
        outputs = [vertices[source] for source in self.sources[-1]]
        return self._sum(len(vertices), [torch.cat(outputs, dim=1)] if outputs else [], x)

    def _sum(self, vertex: int, terms: list[Tensor], x: Tensor) -> Tensor:
        """Sum of ``terms`` and, where the vertex has an edge from the input, of the projected input."""
        if str(vertex) in self.projections:
            terms = [*terms, self.projections[str(vertex)](x)]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total


def prune(code: Sequence[int]) -> tuple[Matrix, list[str]]:
    """The adjacency (v, v) without vertices on no path from input to output, and the v - 2 inner operations."""
    matrix = np.zeros((7, 7), dtype=np.int64)
    matrix[SOURCES, TARGETS] = code[: len(SOURCES)]
    walks = np.linalg.matrix_power(matrix + np.eye(7, dtype=np.int64), 6)
    live = np.flatnonzero((walks[0] > 0) & (walks[:, 6] > 0))
    inner = code[len(SOURCES) :]
    return matrix[np.ix_(live, live)], [OPERATIONS[inner[vertex - 1]] for vertex in live[1:-1]]


def vertex_channels(matrix: Matrix, c_out: int) -> list[int]:
    """Channels of every vertex of a cell with ``c_out`` channels; the input's own do not matter and stand as 0.

    The sources of the output share ``c_out``, the first ones taking what does not divide evenly; every other vertex
    is as wide as its widest target.
    """
    last = len(matrix) - 1
    channels = [0] * last + [c_out]
    outputs = [vertex for vertex in range(1, last) if matrix[vertex, last]]
    for place, vertex in enumerate(outputs):
        channels[vertex] = c_out // len(outputs) + (place < c_out % len(outputs))
    for vertex in range(last - 1, 0, -1):
        if not matrix[vertex, last]:
            channels[vertex] = max(channels[target] for target in np.flatnonzero(matrix[vertex]))
    return channels


def operation(name: str, channels: int) -> nn.Module:
    """The operation of a vertex."""
    match name:
        case "conv3x3-bn-relu":
            return conv_bn_relu(channels, channels, 3)
        case "conv1x1-bn-relu":
            return conv_bn_relu(channels, channels, 1)
        case _:
            return max_pool()
