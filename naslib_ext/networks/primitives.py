"""Building blocks that several networks share.

Every block maps (batch, c_in, h, w) to (batch, c_out, h / stride, w / stride), sizes rounded up. Weights are
initialised as torch initialises its layers; no convolution has a bias where a batch normalisation follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

Edge = tuple[int, int]


class ImageNetwork(nn.Module):
    """What every network here is: ``features``, a global average pooling and a linear ``classifier``.

    ``forward`` maps images (batch, in_channels, h, w) to logits (batch, num_classes). Any image size is taken that
    the network's strides do not shrink below one pixel.
    """

    classifier: nn.Module

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)

    def features(self, x: Tensor) -> Tensor:
        """(batch, channels, h', w') the last feature map, before the global pooling."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """(batch, num_classes) logits of the images ``x`` (batch, in_channels, h, w)."""
        logits: Tensor = self.classifier(self.pool(self.features(x)).flatten(1))
        return logits


class Zero(nn.Module):
    """No connection: zeros of the shape that the edge must have, with zero gradients to what stands before it."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.c_in, self.c_out, self.stride = c_in, c_out, stride

    def forward(self, x: Tensor) -> Tensor:
        zeros = x[:, :, :: self.stride, :: self.stride] * 0.0
        if self.c_in == self.c_out:
            return zeros
        return zeros[:, :1].expand(-1, self.c_out, -1, -1)


def conv_bn(c_in: int, c_out: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution, padded to keep the size at stride 1, and batch normalisation."""
    conv = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out))


def conv_bn_relu(c_in: int, c_out: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU."""
    return nn.Sequential(*conv_bn(c_in, c_out, kernel, stride), nn.ReLU())


def relu_conv_bn(c_in: int, c_out: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """ReLU, convolution, batch normalisation: the order of cells, whose nodes are sums without an activation."""
    return nn.Sequential(nn.ReLU(), *conv_bn(c_in, c_out, kernel, stride))


def average_pool(stride: int = 1) -> nn.AvgPool2d:
    """3x3 average pooling; the padding does not count into the averages."""
    return nn.AvgPool2d(3, stride, padding=1, count_include_pad=False)


def max_pool(stride: int = 1) -> nn.MaxPool2d:
    """3x3 max pooling."""
    return nn.MaxPool2d(3, stride, padding=1)


def depthwise_separable(c_in: int, c_out: int, kernel: int, stride: int, dilation: int = 1) -> nn.Sequential:
    """ReLU, depthwise convolution, 1x1 convolution, batch normalisation: DARTS's dilated and half its separable one."""
    padding = dilation * (kernel // 2)
    depthwise = nn.Conv2d(c_in, c_in, kernel, stride, padding, dilation, groups=c_in, bias=False)
    return nn.Sequential(nn.ReLU(), depthwise, *conv_bn(c_in, c_out, 1))


def separable_conv(c_in: int, c_out: int, kernel: int, stride: int) -> nn.Sequential:
    """Two depthwise separable convolutions in a row; the first one has the stride."""
    return nn.Sequential(
        depthwise_separable(c_in, c_in, kernel, stride),
        depthwise_separable(c_in, c_out, kernel, 1),
    )


class FactorizedReduce(nn.Module):
    """ReLU, then two 1x1 convolutions, the second on the image shifted by one pixel, concatenated and normalised.

    With stride 2 the two see different pixels, so that halving the size drops no more than half of them. Odd sizes are
    padded with one row and one column of zeros for the shifted half.
    """

    def __init__(self, c_in: int, c_out: int, stride: int = 2) -> None:
        super().__init__()
        half = c_out // 2
        self.relu = nn.ReLU()
        self.straight = nn.Conv2d(c_in, half, 1, stride, bias=False)
        self.shifted = nn.Conv2d(c_in, c_out - half, 1, stride, bias=False)
        self.norm = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(x)
        moved = nn.functional.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
        out: Tensor = self.norm(torch.cat([self.straight(x), self.shifted(moved)], dim=1))
        return out


class ResidualBlock(nn.Module):
    """Two 3x3 ReLU-conv-bn beside a shortcut of 2x2 average pooling and a 1x1 convolution (no normalisation)."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(relu_conv_bn(c_in, c_out, 3, stride), relu_conv_bn(c_out, c_out, 3))
        pool = nn.AvgPool2d(stride, stride, ceil_mode=True)
        self.shortcut = nn.Sequential(pool, nn.Conv2d(c_in, c_out, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.shortcut(x) + self.convs(x)
        return out


class SummedCell(nn.Module):
    """A cell with an operation on every edge (i, j), i < j: node 0 is the input, a node the sum of its edges.

    The last node is the output. Operations on no path from input to output run too, as they did in the benchmarks.
    """

    def __init__(self, operations: Mapping[Edge, nn.Module]) -> None:
        super().__init__()
        self.edges = sorted(operations, key=lambda edge: (edge[1], edge[0]))
        self.operations = nn.ModuleList(operations[edge] for edge in self.edges)

    def forward(self, x: Tensor) -> Tensor:
        nodes = [x]
        for (source, target), operation in zip(self.edges, self.operations, strict=True):
            term = operation(nodes[source])
            if target == len(nodes):
                nodes.append(term)
            else:
                nodes[target] = nodes[target] + term
        return nodes[-1]


class SqueezeExcite(nn.Module):
    """Squeeze-and-excitation (Hu et al., CVPR 2018) with a hard sigmoid, as in MobileNetV3."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, hidden, 1), nn.ReLU(),
            nn.Conv2d(hidden, channels, 1), nn.Hardsigmoid(),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x * self.gate(x)
        return out


class InvertedResidual(nn.Module):
    """MobileNetV2's block: 1x1 expansion (absent at expansion 1), depthwise convolution, linear 1x1 projection.

    Args:
        activation: makes the activation after the first two convolutions.
        squeeze: hidden channels of a squeeze-and-excitation after the depthwise convolution; 0 for none.
    """

    def __init__(
        self, c_in: int, c_out: int, stride: int, expansion: int, kernel: int,
        activation: Callable[[], nn.Module] = nn.ReLU, squeeze: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        hidden = c_in * expansion
        layers: list[nn.Module] = [*conv_bn(c_in, hidden, 1), activation()] if expansion != 1 else []
        layers += [*conv_bn(hidden, hidden, kernel, stride, groups=hidden), activation()]
        layers += [SqueezeExcite(hidden, squeeze)] if squeeze else []
        self.layers = nn.Sequential(*layers, *conv_bn(hidden, c_out, 1))
        self.shortcut = stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return x + out if self.shortcut else out
