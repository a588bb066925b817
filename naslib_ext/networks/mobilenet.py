"""MobileNetV3 networks of Once-for-All (Cai et al., ICLR 2020, section 4.1): five units of two to four searched layers.

    image -> conv 3x3, stride 2 -> inverted residual without expansion -> five units -> conv 1x1
          -> global average pooling -> linear without bias -> linear

Strides, activations and squeeze-and-excitation of the units are those of MobileNetV3-Large (Howard et al., ICCV 2019).

Differences from the published networks: kernels are their own weights, not the transformed centres of larger ones,
and there is no dropout before the classifier.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from naslib_ext.networks.primitives import ImageNetwork, InvertedResidual, conv_bn
from naslib_ext.search_spaces.mobilenet import EXPANSIONS, KERNELS, UNIT_DEPTH

CHANNELS = (16, 24, 40, 80, 112, 160, 960, 1280)
"""Channels at width 1: the stem, the five units, the last convolution and the layer before the classifier."""
UNITS = ((2, False, False), (2, False, True), (2, True, False), (1, True, True), (2, True, True))
"""Of each unit: stride of its first layer, hard swish instead of ReLU, squeeze-and-excitation."""


class MobileNetNetwork(ImageNetwork):
    """Classifier of images (batch, in_channels, h, w); features are (batch, 960 * width, h / 32, w / 32).

    Args:
        code: (20,) valid code of the space.
        width: factor of all channels (1.0 and 1.2 are published); they are rounded to multiples of 8.
        num_classes: width of the logits.
        in_channels: channels of an image.
    """

    def __init__(
        self, code: Sequence[int], *, width: float = 1.0, num_classes: int = 1000, in_channels: int = 3
    ) -> None:
        super().__init__()
        stem, *units, last, hidden = (multiple_of_8(channels * width) for channels in CHANNELS)
        layers: list[nn.Module] = [*conv_bn(in_channels, stem, 3, stride=2), nn.Hardswish()]
        layers.append(InvertedResidual(stem, stem, stride=1, expansion=1, kernel=3))
        c_in = stem
        for unit, c_out in enumerate(units):
            for place, choice in enumerate(code[unit * UNIT_DEPTH : (unit + 1) * UNIT_DEPTH]):
                if choice:
                    layers.append(layer(choice, unit, c_in, c_out, first=place == 0))
                    c_in = c_out
        self.body = nn.Sequential(*layers, *conv_bn(c_in, last, 1), nn.Hardswish())
        self.classifier = nn.Sequential(
            nn.Linear(last, hidden, bias=False), nn.Hardswish(), nn.Linear(hidden, num_classes)
        )

    def features(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(x)
        return out


def layer(choice: int, unit: int, c_in: int, c_out: int, first: bool) -> InvertedResidual:
    """The layer of that choice (1..9) in that unit; the unit's first layer has its stride."""
    stride, swish, squeeze = UNITS[unit]
    kernel, expansion = divmod(choice - 1, len(EXPANSIONS))
    hidden = c_in * EXPANSIONS[expansion]
    return InvertedResidual(
        c_in, c_out, stride if first else 1, EXPANSIONS[expansion], KERNELS[kernel],
        activation=nn.Hardswish if swish else nn.ReLU, squeeze=multiple_of_8(hidden // 4) if squeeze else 0,
    )  # fmt: skip


def multiple_of_8(channels: float) -> int:
    """The nearest multiple of 8, at least 8; the next one where that is more than a tenth below ``channels``."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
