"""Counts of layers that can be done by hand."""

import torch
from torch import nn

from naslib_ext.networks.measure import count_flops, count_params, count_suite_zero_flops


def test_params():
    assert count_params(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(5, 2))) == 3 * 4 * 9 + 4 + 8 + 12


def test_flops_are_multiply_adds_of_convolutions_and_linear_layers():
    network = nn.Sequential(nn.Conv2d(4, 8, 3, padding=1, groups=2), nn.BatchNorm2d(8), nn.ReLU(), nn.AvgPool2d(2))
    assert count_flops(network, (2, 4, 6, 6)) == 2 * 36 * 8 * 2 * 9
    assert count_flops(nn.Linear(5, 7), (3, 5)) == 3 * 5 * 7


def test_suite_zero_flops_of_each_layer():
    shape = (1, 4, 6, 6)
    counts = {
        nn.Conv2d(4, 8, 3, padding=1, groups=2): 36 * 8 * 2 * 9,
        nn.BatchNorm2d(4): 2 * 144,
        nn.ReLU(): 144,
        nn.AvgPool2d(2): 36 * 4,
        nn.MaxPool2d(3, 1, 1): 144 * 9,
        nn.AdaptiveAvgPool2d(1): 4 * 49,
        nn.Identity(): 0,
    }
    assert {layer: count_suite_zero_flops(layer, shape) for layer in counts} == counts


def test_measuring_changes_nothing():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    count_flops(network, (1, 1, 5, 5)), count_suite_zero_flops(network, (1, 1, 5, 5))
    assert network.training and not network[0]._forward_hooks
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
