"""TransNAS-Bench-101 micro networks (Duan et al., CVPR 2021, section 3.1): a searched cell in the skeleton 64-41414.

    image -> conv 3x3, stride 2 -> conv 3x3, stride 2 -> five modules of two cells -> global average pooling -> linear

A module's digit says what its first cell does: 1 nothing, 2 doubles the channels, 3 halves the size, 4 both. In such a
cell the edges that leave the input do it, and a skip connection there is a factorized reduction.

Tasks with a linear head are covered: scene and object classification, jigsaw (whose nine tiles go through the same
network, their pooled features side by side into the head) and room layout.

Differences from the published networks: the tasks with a decoder (autoencoder, normal, segmentsemantic) are missing,
and the weights are torch's initial ones, not Kaiming's.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from naslib_ext.networks.primitives import (
    FactorizedReduce,
    ImageNetwork,
    SummedCell,
    Zero,
    conv_bn,
    relu_conv_bn,
)
from naslib_ext.registry import unknown_name
from naslib_ext.search_spaces.transbench101_micro import OPERATIONS, TransBench101MicroSearchSpace

TASKS = {"class_scene": (63, 1), "class_object": (100, 1), "room_layout": (9, 1), "jigsaw": (1000, 9)}
"""Task -> width of its logits, and number of images (tiles) that make one example."""


class TransBench101MicroNetwork(ImageNetwork):
    """Classifier of images (batch, in_channels, h, w), for jigsaw of tiles (batch, 9, in_channels, h, w).

    ``features`` always takes images; with the published sizes it gives (batch, 512, h / 32, w / 32).

    Args:
        code: (6,) valid code of the space.
        task: a key of ``TASKS``. Raises ``UnknownName`` for others.
        base_channels: channels after the stem.
        modules: the digits of the macro skeleton.
        cells_per_module: cells in each module.
        num_classes: width of the logits; ``None`` for the task's own.
        in_channels: channels of an image.
    """

    def __init__(
        self, code: Sequence[int], *,
        task: str = "class_scene", base_channels: int = 64, modules: str = "41414", cells_per_module: int = 2,
        num_classes: int | None = None, in_channels: int = 3,
    ) -> None:  # fmt: skip
        super().__init__()
        if task not in TASKS:
            raise unknown_name("task", task, TASKS)
        classes, self.tiles = TASKS[task]
        half = base_channels // 2
        self.stem = nn.Sequential(conv_bn(in_channels, half, 3, stride=2), relu_conv_bn(half, base_channels, 3, 2))
        cells, channels = [], base_channels
        for digit in map(int, modules):
            wider, stride = channels * (2 if digit in (2, 4) else 1), 2 if digit in (3, 4) else 1
            cells.append(cell(code, channels, wider, stride))
            cells += [cell(code, wider, wider, 1) for _ in range(cells_per_module - 1)]
            channels = wider
        self.body = nn.Sequential(*cells)
        self.classifier = nn.Linear(channels * self.tiles, classes if num_classes is None else num_classes)

    def features(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(self.stem(x))
        return out

    def forward(self, x: Tensor) -> Tensor:
        """(batch, num_classes) logits; ``x`` has one more axis, the tiles, behind the first for jigsaw."""
        if self.tiles == 1:
            return super().forward(x)
        pooled: Tensor = self.pool(self.features(x.flatten(0, 1)))
        logits: Tensor = self.classifier(pooled.view(len(x), -1))
        return logits


def cell(code: Sequence[int], c_in: int, c_out: int, stride: int) -> SummedCell:
    """The cell that ``code`` (6,) describes; its edges from the input change channels and size."""
    edges = zip(TransBench101MicroSearchSpace.edges, code, strict=True)
    return SummedCell(
        {
            edge: operation(OPERATIONS[choice], c_in, c_out, stride)
            if edge[0] == 0
            else operation(OPERATIONS[choice], c_out, c_out, 1)
            for edge, choice in edges
        }
    )


def operation(name: str, c_in: int, c_out: int, stride: int) -> nn.Module:
    """The operation of an edge."""
    match name:
        case "skip_connect":
            return nn.Identity() if stride == 1 and c_in == c_out else FactorizedReduce(c_in, c_out, stride)
        case "conv_1x1":
            return relu_conv_bn(c_in, c_out, 1, stride)
        case "conv_3x3":
            return relu_conv_bn(c_in, c_out, 3, stride)
        case _:
            return Zero(c_in, c_out, stride)
