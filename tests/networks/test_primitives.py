"""Shapes of the shared blocks, and what they compute where it can be seen."""

import pytest
import torch
from torch import nn

from naslib_ext.networks import primitives as p


@pytest.mark.parametrize("size", [(8, 8), (7, 5)])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(
    "build",
    [
        p.Zero,
        p.FactorizedReduce,
        p.ResidualBlock,
        lambda c_in, c_out, stride: p.conv_bn(c_in, c_out, 3, stride),
        lambda c_in, c_out, stride: p.relu_conv_bn(c_in, c_out, 1, stride),
        lambda c_in, c_out, stride: p.separable_conv(c_in, c_out, 5, stride),
        lambda c_in, c_out, stride: p.depthwise_separable(c_in, c_out, 5, stride, dilation=2),
        lambda c_in, c_out, stride: p.InvertedResidual(c_in, c_out, stride, 3, 5, squeeze=2),
        lambda c_in, c_out, stride: nn.Sequential(p.average_pool(stride), p.conv_bn(c_in, c_out, 1)),
        lambda c_in, c_out, stride: nn.Sequential(p.max_pool(stride), p.conv_bn(c_in, c_out, 1)),
    ],
)
def test_every_stride_rounds_sizes_up(build, stride, size):
    out = build(4, 6, stride)(torch.randn(2, 4, *size))
    assert out.shape == (2, 6, *(-(-length // stride) for length in size))


def test_zero_gives_zeros_and_zero_gradients():
    x = torch.randn(1, 4, 4, 4, requires_grad=True)
    out = p.Zero(4, 8, 2)(x)
    out.sum().backward()
    assert not out.any() and x.grad is not None and not x.grad.any()


def test_average_pooling_ignores_its_padding():
    assert torch.equal(p.average_pool()(torch.ones(1, 1, 4, 4)), torch.ones(1, 1, 4, 4))


def test_summed_cell():
    """Nodes: 1 = 2x, 2 = 3x + 5 * 2x = 13x, 3 = x + 0 + 7 * 13x = 92x."""

    class Times(nn.Module):
        def __init__(self, factor):
            super().__init__()
            self.factor = factor

        def forward(self, x):
            return self.factor * x

    factors = {(0, 1): 2, (0, 2): 3, (0, 3): 1, (1, 2): 5, (1, 3): 0, (2, 3): 7}
    cell = p.SummedCell({edge: Times(factor) for edge, factor in factors.items()})
    assert cell(torch.ones(1)).item() == 92


def test_inverted_residual_adds_its_input_only_where_shapes_agree():
    block = p.InvertedResidual(4, 4, 1, 3, 3).eval()
    x = torch.randn(1, 4, 5, 5)
    torch.testing.assert_close(block(x), x + block.layers(x))
    assert not p.InvertedResidual(4, 4, 2, 3, 3).shortcut
    assert not p.InvertedResidual(4, 6, 1, 3, 3).shortcut
