"""Multiply-adds of single blocks against those that Single Path One-Shot publishes."""

import pytest
import torch

from naslib_ext.networks import build_network
from naslib_ext.networks.measure import count_flops
from naslib_ext.networks.shufflenetv2 import ShuffleBlock
from naslib_ext.search_spaces.shufflenetv2 import OPERATIONS

PUBLISHED = {  # channels in and out, stride, size of the input -> of the four choices
    (16, 64, 2, 112): (13396992, 15805440, 19418112, 13146112),
    (64, 64, 1, 56): (7325696, 8931328, 11339776, 12343296),
    (64, 160, 2, 56): (26304768, 28111104, 30820608, 20296192),
    (160, 160, 1, 28): (10599680, 11603200, 13108480, 16746240),
    (160, 320, 2, 28): (30670080, 31673600, 33178880, 21199360),
    (320, 320, 1, 14): (10317440, 10819200, 11571840, 15899520),
}


@pytest.mark.parametrize(("c_in", "c_out", "stride", "size"), PUBLISHED)
def test_flops_of_blocks(c_in, c_out, stride, size):
    counted = [count_flops(ShuffleBlock(name, c_in, c_out, stride), (1, c_in, size, size)) for name in OPERATIONS]
    assert tuple(counted) == PUBLISHED[c_in, c_out, stride, size]


def test_flops_of_a_network_are_those_of_its_blocks():
    with torch.device("meta"):
        first, second = (build_network("shufflenetv2", [choice] + [0] * 19) for choice in (0, 2))
    difference = count_flops(second, (1, 3, 224, 224)) - count_flops(first, (1, 3, 224, 224))
    assert difference == 19418112 - 13396992


def test_even_channels_pass_unchanged():
    block = ShuffleBlock("shuffle_3x3", 8, 8, 1)
    x = torch.randn(2, 8, 5, 5)
    assert torch.equal(block(x)[:, :4], x[:, ::2])
