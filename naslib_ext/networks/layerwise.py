"""Networks whose cells are given one by one (ANASOD, Wan et al., WACV 2022, section 4.2 and appendix A.2).

    image -> conv 3x3 -> cell 1 -> cell 2 -> ... -> global average pooling -> linear

The cells are cut into stages of nearly equal length; each stage but the first halves the image and doubles the
channels. A stack of NAS-Bench-201 cells has the residual block of that benchmark between two stages; in a stack of
NASNet cells the first cell of a stage is a reduction cell, as at one and two thirds of a DARTS network.

Differences from the paper's networks: the auxiliary head ends in a global pooling instead of DARTS's 5x5 pooling and
2x2 convolution, so that it takes images of any size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from naslib_ext.errors import ConfigError, UnsupportedSpace
from naslib_ext.networks import nasbench201, nasbench301
from naslib_ext.networks.primitives import FactorizedReduce, ImageNetwork, ResidualBlock, Zero, conv_bn, relu_conv_bn
from naslib_ext.networks.sizes import check_sizes
from naslib_ext.search_spaces import Codes
from naslib_ext.search_spaces.layerwise import LayerwiseSearchSpace
from naslib_ext.search_spaces.nasbench201 import NASBench201SearchSpace
from naslib_ext.search_spaces.nasnet_cell import OPERATIONS, NasnetCellSpace


def build_layerwise_network(space: LayerwiseSearchSpace, code: ArrayLike, **sizes: Any) -> ImageNetwork:
    """The network of ``code`` (L,), with fresh weights from torch's global generator.

    Args:
        space: a stack of NAS-Bench-201 or NASNet cells.
        code: the cells one after the other.
        sizes: ``init_channels`` (channels of the first stage), ``stages``, ``num_classes``, ``in_channels``; for NASNet
            cells ``auxiliary`` as well, a second classifier at the end of the last stage but one.

    Raises ``UnsupportedSpace`` for other cells, ``InvalidArchitecture`` for a code that is none, ``ConfigError`` for
    sizes that the networks do not have or that are impossible.
    """
    cells = space.cells(space.check(np.asarray(code)[None]))
    kind: type[LayerwiseNASBench201 | LayerwiseNasnet]
    match space.cell:
        case NASBench201SearchSpace():
            kind = LayerwiseNASBench201
        case NasnetCellSpace():
            kind = LayerwiseNasnet
        case other:
            raise UnsupportedSpace(f"no networks of {other.name} cells; there are of nasbench201 and nasnet cells")
    check_sizes(kind, sizes, f"{space.name} networks")
    return kind(cells, **sizes)


def stage_starts(layers: int, stages: int) -> list[int]:
    """Numbers of the cells that begin a stage. Raises ``ConfigError`` where a stage would have no cell."""
    if not 1 <= stages <= layers:
        raise ConfigError(f"{layers} cells cannot make {stages} stages")
    return [stage * layers // stages for stage in range(stages)]


class LayerwiseNASBench201(ImageNetwork):
    """NAS-Bench-201 cells; features are (batch, init_channels 2^(stages - 1), h / 2^(stages - 1), ...).

    Args:
        cells: (layers, 6) codes of the cells.
        init_channels, stages, num_classes, in_channels: as ``build_layerwise_network`` takes them.
    """

    def __init__(
        self, cells: Codes, *, init_channels: int = 16, stages: int = 3, num_classes: int = 10, in_channels: int = 3
    ) -> None:
        super().__init__()
        starts = stage_starts(len(cells), stages)
        channels = init_channels
        layers: list[nn.Module] = []
        for layer, row in enumerate(cells.tolist()):
            if layer in starts[1:]:
                channels *= 2
                layers.append(ResidualBlock(channels // 2, channels, stride=2))
            layers.append(nasbench201.cell(row, channels))
        self.stem = conv_bn(in_channels, init_channels, 3)
        self.body = nn.Sequential(*layers)
        self.last = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())
        self.classifier = nn.Linear(channels, num_classes)

    def features(self, x: Tensor) -> Tensor:
        out: Tensor = self.last(self.body(self.stem(x)))
        return out


class LayerwiseNasnet(ImageNetwork):
    """NASNet cells; features are (batch, nodes init_channels 2^(stages - 1), h / 2^(stages - 1), ...).

    ``drop_path`` is the chance with which, in training, the output of an operation is dropped for an image.

    Args:
        cells: (layers, 4 nodes) codes of the cells.
        init_channels, stages, num_classes, in_channels, auxiliary: as ``build_layerwise_network`` takes them.
        stem_multiplier: channels of the stem are ``stem_multiplier * init_channels``.
    """

    def __init__(
        self, cells: Codes, *, init_channels: int = 36, stages: int = 3, num_classes: int = 10, in_channels: int = 3,
        stem_multiplier: int = 3, auxiliary: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        starts = stage_starts(len(cells), stages)
        before = last = stem_multiplier * init_channels
        channels, halved = init_channels, False
        self.stem = conv_bn(in_channels, last, 3)
        self.cells = nn.ModuleList()
        self.auxiliary: nn.Module | None = None
        self.auxiliary_layer = starts[-1] - 1 if stages > 1 else len(cells) - 1
        for layer, row in enumerate(cells.tolist()):
            reduction = layer in starts[1:]
            channels *= 2 if reduction else 1
            self.cells.append(NasnetCell(row, before, last, channels, reduction, halved))
            before, last, halved = last, len(row) // 4 * channels, reduction
            if auxiliary and layer == self.auxiliary_layer:
                self.auxiliary = auxiliary_head(last, num_classes)
        self.classifier = nn.Linear(last, num_classes)

    def features(self, x: Tensor) -> Tensor:
        return self._through(x)[0]

    def both_logits(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Logits of the classifier and of the auxiliary head, each (batch, num_classes); ``None`` without a head."""
        last, middle = self._through(x)
        logits: Tensor = self.classifier(self.pool(last).flatten(1))
        return logits, None if self.auxiliary is None else self.auxiliary(middle)

    def _through(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The last feature map, and the one that the auxiliary head takes."""
        before = last = middle = self.stem(x)
        for layer, cell in enumerate(self.cells):
            before, last = last, cell(before, last)
            middle = last if layer == self.auxiliary_layer else middle
        return last, middle

    def set_drop_path(self, rate: float) -> None:
        """Sets the chance of all cells."""
        for cell in self.cells:
            assert isinstance(cell, NasnetCell)
            cell.drop_path = rate


class NasnetCell(nn.Module):
    """One cell: (batch, before, ., .) and (batch, last, h, w) to (batch, nodes * channels, h / stride, w / stride).

    As ``nasbench301.Cell``, of any number of nodes, with the operation ``none`` and drop path.

    Args:
        row: (4 nodes,) a cell's code: source and operation of the two edges of each node.
        before: channels of the cell before the last one.
        last: channels of the last cell.
        channels: channels of each node.
        reduction: whether this cell halves the size.
        halved: whether the last cell did, so that the output before it is twice as large.
    """

    def __init__(self, row: list[int], before: int, last: int, channels: int, reduction: bool, halved: bool) -> None:
        super().__init__()
        self.drop_path = 0.0
        self.first = FactorizedReduce(before, channels) if halved else relu_conv_bn(before, channels, 1)
        self.second = relu_conv_bn(last, channels, 1)
        self.sources = row[::2]
        self.operations = nn.ModuleList(
            operation(OPERATIONS[choice], channels, 2 if reduction and source < 2 else 1)
            for source, choice in zip(self.sources, row[1::2], strict=True)
        )

    def forward(self, before: Tensor, last: Tensor) -> Tensor:
        states = [self.first(before), self.second(last)]
        for edge in range(0, len(self.sources), 2):
            states.append(self._term(edge, states) + self._term(edge + 1, states))
        return torch.cat(states[2:], dim=1)

    def _term(self, edge: int, states: list[Tensor]) -> Tensor:
        """An operation's output; dropped images are zero and the others larger. What is only passed on is kept."""
        operation = self.operations[edge]
        out: Tensor = operation(states[self.sources[edge]])
        if not self.training or self.drop_path == 0 or isinstance(operation, nn.Identity):
            return out
        keep = 1 - self.drop_path
        mask = torch.rand(len(out), 1, 1, 1, device=out.device) < keep
        return out * mask.to(out.dtype) / keep


def operation(name: str, channels: int, stride: int) -> nn.Module:
    """The operation of an edge, one of the eight of ``nasnet_cell``."""
    return Zero(channels, channels, stride) if name == "none" else nasbench301.operation(name, channels, stride)


def auxiliary_head(channels: int, num_classes: int) -> nn.Sequential:
    """Logits (batch, num_classes) of a feature map (batch, channels, h, w), for a second loss in training."""
    return nn.Sequential(
        nn.ReLU(), *conv_bn(channels, 128, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(128, num_classes),
    )  # fmt: skip
