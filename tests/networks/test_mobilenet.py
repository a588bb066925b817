"""Once-for-All's MobileNetV3 networks: size of the largest one, depths, strides, squeeze-and-excitation."""

import torch

from naslib_ext.networks import build_network
from naslib_ext.networks.measure import count_flops, count_params
from naslib_ext.networks.mobilenet import multiple_of_8
from naslib_ext.networks.primitives import InvertedResidual, SqueezeExcite


def blocks(code, **sizes):
    with torch.device("meta"):
        network = build_network("mobilenet", code, **sizes)
    return [layer for layer in network.body if isinstance(layer, InvertedResidual)]


def test_largest_network():
    """Depth 4, expansion 6, kernel 7 throughout. Kept from this implementation, so that changes show."""
    with torch.device("meta"):
        network = build_network("mobilenet", [9] * 20)
    assert count_params(network) == 7_664_760
    assert count_flops(network, (1, 3, 224, 224)) == 566_170_656


def test_params_of_one_layer():
    """The second unit's last layer, 40 channels, kernel 3, expansion 3: three convolutions with norms, and the gate."""
    with torch.device("meta"):
        with_it, without = (build_network("mobilenet", [1] * 7 + [value] + [1] * 12) for value in (1, 0))
    hidden, squeezed = 120, 32
    layers = 40 * hidden + 9 * hidden + 40 * hidden + 2 * (2 * hidden + 40)
    gate = 2 * hidden * squeezed + hidden + squeezed
    assert count_params(with_it) - count_params(without) == layers + gate


def test_absent_layers_are_not_built():
    assert len(blocks([1, 1, 0, 0] * 5)) == 1 + 10
    assert len(blocks([1, 1, 1, 1] * 5)) == 1 + 20


def test_squeeze_and_excitation_stands_in_three_units():
    squeezed = [any(isinstance(layer, SqueezeExcite) for layer in block.layers) for block in blocks([1, 1, 0, 0] * 5)]
    assert squeezed == [False, False, False, True, True, False, False, True, True, True, True]


def test_choices():
    """Values 1..9: kernels 3, 5, 7 in the outer, expansions 3, 4, 6 in the inner order."""
    built = blocks([2, 9] + [0, 0] + [1, 1, 0, 0] * 4)
    convs = [[layer for layer in block.layers if isinstance(layer, torch.nn.Conv2d)] for block in built[1:3]]
    assert [(conv[1].kernel_size[0], conv[1].in_channels // conv[0].in_channels) for conv in convs] == [(3, 4), (7, 6)]


def test_rounding_of_channels():
    assert [multiple_of_8(c) for c in (1, 12, 19.2, 28.8, 48, 134.4, 10.9)] == [8, 16, 24, 32, 48, 136, 16]
