"""ShuffleNetV2 networks of Single Path One-Shot (Guo et al., ECCV 2020, section 4.1): 20 searched blocks.

    image -> conv 3x3, stride 2 -> stages of 4, 4, 8 and 4 blocks -> conv 1x1 -> global average pooling -> linear

A block works on half of the channels: the even ones pass unchanged, the odd ones go through its convolutions, and the
two are concatenated, so that channels mix from block to block. The first block of a stage has stride 2 and no such
split: both halves are convolutions of the whole input.

Differences from the published networks: the channels of a block are not searched (all scales are 1), and there is no
dropout before the classifier.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from naslib_ext.networks.primitives import ImageNetwork, conv_bn, conv_bn_relu
from naslib_ext.search_spaces.shufflenetv2 import OPERATIONS

STAGES = (4, 4, 8, 4)
"""Blocks in each stage."""


class ShuffleNetV2Network(ImageNetwork):
    """Classifier of images (batch, in_channels, h, w); features are (batch, last_channels, h / 32, w / 32).

    Args:
        code: (20,) valid code of the space.
        channels: of the stem and of the blocks of the four stages; all but the first divisible by 4.
        last_channels: channels of the last convolution.
        num_classes: width of the logits.
        in_channels: channels of an image.
    """

    def __init__(
        self, code: Sequence[int], *,
        channels: Sequence[int] = (16, 64, 160, 320, 640), last_channels: int = 1024, num_classes: int = 1000,
        in_channels: int = 3,
    ) -> None:  # fmt: skip
        super().__init__()
        layers: list[nn.Module] = [conv_bn_relu(in_channels, channels[0], 3, stride=2)]
        choices, c_in = iter(code), channels[0]
        for depth, c_out in zip(STAGES, channels[1:], strict=True):
            layers.append(ShuffleBlock(OPERATIONS[next(choices)], c_in, c_out, stride=2))
            layers += [ShuffleBlock(OPERATIONS[next(choices)], c_out, c_out, stride=1) for _ in range(depth - 1)]
            c_in = c_out
        self.body = nn.Sequential(*layers, conv_bn_relu(c_in, last_channels, 1))
        self.classifier = nn.Linear(last_channels, num_classes, bias=False)

    def features(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(x)
        return out


class ShuffleBlock(nn.Module):
    """One block (batch, c_in, h, w) to (batch, c_out, h / stride, w / stride); at stride 1 ``c_in`` is ``c_out``."""

    def __init__(self, name: str, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        kernel = int(name[-1])
        self.stride, half = stride, c_out // 2
        passed, worked = (c_in, c_in) if stride == 2 else (half, half)
        build = xception if name.startswith("xception") else bottleneck
        self.main = build(worked, half, c_out - passed, kernel, stride)
        self.side = _separable(passed, passed, kernel, stride) if stride == 2 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        side, main = (x, x) if self.stride == 2 else (x[:, ::2], x[:, 1::2])
        return torch.cat([self.side(side), self.main(main)], dim=1)


def bottleneck(c_in: int, hidden: int, c_out: int, kernel: int, stride: int) -> nn.Sequential:
    """The choices ``shuffle_*``: 1x1, depthwise and 1x1 convolution."""
    return nn.Sequential(conv_bn_relu(c_in, hidden, 1), *_separable(hidden, c_out, kernel, stride))


def xception(c_in: int, hidden: int, c_out: int, kernel: int, stride: int) -> nn.Sequential:
    """The choice ``xception_3x3``: three depthwise separable convolutions."""
    return nn.Sequential(
        *_separable(c_in, hidden, kernel, stride),
        *_separable(hidden, hidden, kernel, 1),
        *_separable(hidden, c_out, kernel, 1),
    )


def _separable(c_in: int, c_out: int, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(*conv_bn(c_in, c_in, kernel, stride, groups=c_in), *conv_bn_relu(c_in, c_out, 1))
