"""DARTS networks (Liu et al., ICLR 2019, section 3.1.1), the networks of NAS-Bench-301: normal and reduction cells.

    image -> conv 3x3 -> cells, two of them reductions at one and two thirds of the depth
          -> global average pooling -> linear

A cell gets the outputs of the two cells before it, brings both to its channels, and concatenates its four nodes, each
the sum of two operations. A reduction cell doubles the channels, and its operations on the two inputs have stride 2.

Differences from the published training: no auxiliary head and no drop path, which belong to a training recipe.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from naslib_ext.networks.primitives import (
    FactorizedReduce,
    ImageNetwork,
    average_pool,
    conv_bn,
    depthwise_separable,
    max_pool,
    relu_conv_bn,
    separable_conv,
)
from naslib_ext.search_spaces.nasbench301 import OPERATIONS

NUM_NODES = 4


class NASBench301Network(ImageNetwork):
    """Classifier of images (batch, in_channels, h, w); features are (batch, 16 * init_channels, h / 4, w / 4).

    Args:
        code: (32,) valid code of the space, the normal cell first.
        init_channels: channels of the first cells: 36 in the paper's CIFAR-10 networks, 32 in NAS-Bench-301's.
        layers: number of cells: 20 in the paper, 8 in NAS-Bench-301.
        num_classes: width of the logits.
        in_channels: channels of an image.
        stem_multiplier: channels of the stem are ``stem_multiplier * init_channels``.
    """

    def __init__(
        self, code: Sequence[int], *,
        init_channels: int = 36, layers: int = 20, num_classes: int = 10, in_channels: int = 3,
        stem_multiplier: int = 3,
    ) -> None:  # fmt: skip
        super().__init__()
        half = len(code) // 2
        before = last = stem_multiplier * init_channels
        channels, halved = init_channels, False
        self.stem = conv_bn(in_channels, last, 3)
        self.cells = nn.ModuleList()
        for layer in range(layers):
            reduction = layer in (layers // 3, 2 * layers // 3)
            channels *= 2 if reduction else 1
            row = code[half:] if reduction else code[:half]
            self.cells.append(Cell(row, before, last, channels, reduction, halved))
            before, last, halved = last, NUM_NODES * channels, reduction
        self.classifier = nn.Linear(last, num_classes)

    def features(self, x: Tensor) -> Tensor:
        before = last = self.stem(x)
        for cell in self.cells:
            before, last = last, cell(before, last)
        return last


class Cell(nn.Module):
    """One cell: (batch, before, ., .) and (batch, last, h, w) to (batch, 4 * channels, h / stride, w / stride).

    Args:
        row: (16,) a cell's half of a code: source and operation of the two edges of each node.
        before: channels of the cell before the last one.
        last: channels of the last cell.
        channels: channels of each node.
        reduction: whether this cell halves the size.
        halved: whether the last cell did, so that the output before it is twice as large.
    """

    def __init__(
        self, row: Sequence[int], before: int, last: int, channels: int, reduction: bool, halved: bool
    ) -> None:
        super().__init__()
        self.first = FactorizedReduce(before, channels) if halved else relu_conv_bn(before, channels, 1)
        self.second = relu_conv_bn(last, channels, 1)
        self.sources = [int(source) for source in row[::2]]
        self.operations = nn.ModuleList(
            operation(OPERATIONS[choice], channels, 2 if reduction and source < 2 else 1)
            for source, choice in zip(self.sources, row[1::2], strict=True)
        )

    def forward(self, before: Tensor, last: Tensor) -> Tensor:
        states = [self.first(before), self.second(last)]
        for node in range(NUM_NODES):
            terms = [self.operations[edge](states[self.sources[edge]]) for edge in (2 * node, 2 * node + 1)]
            states.append(terms[0] + terms[1])
        return torch.cat(states[2:], dim=1)


def operation(name: str, channels: int, stride: int) -> nn.Module:
    """The operation of an edge."""
    match name:
        case "max_pool_3x3":
            return max_pool(stride)
        case "avg_pool_3x3":
            return average_pool(stride)
        case "skip_connect":
            return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels)
        case "sep_conv_3x3" | "sep_conv_5x5":
            return separable_conv(channels, channels, int(name[-1]), stride)
        case _:
            return depthwise_separable(channels, channels, int(name[-1]), stride, dilation=2)
