"""NAS-Bench-201 networks (Dong and Yang, ICLR 2020, section 2.1): stem, three stages of one repeated cell.

    image -> conv 3x3 -> N cells (C) -> residual, stride 2 -> N cells (2C) -> residual, stride 2 -> N cells (4C)
          -> bn, ReLU -> global average pooling -> linear

Every edge of the cell holds its operation, those on no path from input to output as well: the published parameter and
FLOP counts include them.

With ``stages=1`` the reductions are gone and nothing but the cells can tell one network from another: what the carried
tables train. Differences from the published counts: none in the parameters. See ``measure`` for the FLOPs.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from naslib_ext.networks.primitives import (
    ImageNetwork,
    ResidualBlock,
    SummedCell,
    Zero,
    average_pool,
    conv_bn,
    relu_conv_bn,
)
from naslib_ext.search_spaces.nasbench201 import OPERATIONS, NASBench201SearchSpace


class NASBench201Network(ImageNetwork):
    """Classifier of images (batch, in_channels, h, w); at three stages features are (batch, 4 * C, h / 4, w / 4).

    Args:
        code: (6,) valid code of the space.
        init_channels: C, channels of the first stage.
        cells_per_stage: N.
        num_classes: width of the logits: 10, 100 or 120 in the benchmark.
        in_channels: channels of an image.
        stages: each but the first begins with a reduction, which halves the image and doubles the channels.
    """

    def __init__(
        self, code: Sequence[int], *,
        init_channels: int = 16, cells_per_stage: int = 5, num_classes: int = 10, in_channels: int = 3,
        stages: int = 3,
    ) -> None:  # fmt: skip
        super().__init__()
        self.stem = conv_bn(in_channels, init_channels, 3)
        layers: list[nn.Module] = []
        for stage in range(stages):
            channels = init_channels << stage
            if stage:
                layers.append(ResidualBlock(channels // 2, channels, stride=2))
            layers += [cell(code, channels) for _ in range(cells_per_stage)]
        self.body = nn.Sequential(*layers)
        self.last = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())
        self.classifier = nn.Linear(channels, num_classes)

    def features(self, x: Tensor) -> Tensor:
        out: Tensor = self.last(self.body(self.stem(x)))
        return out


def cell(code: Sequence[int], channels: int) -> SummedCell:
    """The cell that ``code`` (6,) describes, from and to (batch, channels, h, w)."""
    edges = zip(NASBench201SearchSpace.edges, code, strict=True)
    return SummedCell({edge: operation(OPERATIONS[choice], channels) for edge, choice in edges})


def operation(name: str, channels: int) -> nn.Module:
    """The operation of an edge."""
    match name:
        case "skip_connect":
            return nn.Identity()
        case "nor_conv_3x3":
            return relu_conv_bn(channels, channels, 3)
        case "nor_conv_1x1":
            return relu_conv_bn(channels, channels, 1)
        case "avg_pool_3x3":
            return average_pool()
        case _:
            return Zero(channels, channels, stride=1)
