"""NAS-Bench-Macro networks (Su et al., CVPR 2021, appendix): chains of eight searched layers in three stages.

    image -> conv 3x3 -> stages of 2, 3 and 3 layers -> conv 1x1 (1280) -> global average pooling -> linear

The first layer of a stage doubles the channels and halves the size; an identity there is a 1x1 convolution.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from naslib_ext.networks.primitives import ImageNetwork, InvertedResidual, conv_bn, conv_bn_relu
from naslib_ext.search_spaces.nasbench_macro import OPERATIONS

STAGES = (2, 3, 3)
"""Layers in each stage."""


class NASBenchMacroNetwork(ImageNetwork):
    """Classifier of images (batch, in_channels, h, w); features are (batch, last_channels, h / 8, w / 8).

    Args:
        code: (8,) valid code of the space.
        init_channels: channels of the stem.
        last_channels: channels of the last convolution.
        num_classes: width of the logits.
        in_channels: channels of an image.
    """

    def __init__(
        self, code: Sequence[int], *,
        init_channels: int = 32, last_channels: int = 1280, num_classes: int = 10, in_channels: int = 3,
    ) -> None:  # fmt: skip
        super().__init__()
        layers: list[nn.Module] = [conv_bn_relu(in_channels, init_channels, 3)]
        channels, choices = init_channels, iter(code)
        for depth in STAGES:
            layers.append(layer(OPERATIONS[next(choices)], channels, 2 * channels, stride=2))
            channels *= 2
            layers += [layer(OPERATIONS[next(choices)], channels, channels, stride=1) for _ in range(depth - 1)]
        self.body = nn.Sequential(*layers, conv_bn_relu(channels, last_channels, 1))
        self.classifier = nn.Linear(last_channels, num_classes)

    def features(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(x)
        return out


def layer(name: str, c_in: int, c_out: int, stride: int) -> nn.Module:
    """The layer of that choice."""
    match name:
        case "mb3_k3":
            return InvertedResidual(c_in, c_out, stride, expansion=3, kernel=3)
        case "mb6_k5":
            return InvertedResidual(c_in, c_out, stride, expansion=6, kernel=5)
        case _:
            return nn.Identity() if stride == 1 and c_in == c_out else conv_bn(c_in, c_out, 1, stride)
