"""DARTS networks: the published genotype's size, wiring of normal and reduction cells."""

import torch

from naslib_ext.networks import build_network
from naslib_ext.networks.measure import count_flops, count_params
from naslib_ext.networks.primitives import FactorizedReduce
from naslib_ext.search_spaces import get_search_space
from naslib_ext.search_spaces.nasbench301 import OPERATIONS

DARTS_V2 = (
    "sep_conv_3x3 0 sep_conv_3x3 1 sep_conv_3x3 0 sep_conv_3x3 1 sep_conv_3x3 1 skip_connect 0 skip_connect 0 "
    "dil_conv_3x3 2",
    "max_pool_3x3 0 max_pool_3x3 1 skip_connect 2 max_pool_3x3 1 max_pool_3x3 0 skip_connect 2 skip_connect 2 "
    "max_pool_3x3 1",
)


def darts_v2():
    cells = [text.split() for text in DARTS_V2]
    spec = [
        [(int(source), OPERATIONS.index(name)) for name, source in zip(c[::2], c[1::2], strict=True)] for c in cells
    ]
    return get_search_space("nasbench301").from_spec(spec)


def test_published_network():
    """DARTS (second order) on CIFAR-10: 3.3 M parameters in the paper."""
    with torch.device("meta"):
        network = build_network("nasbench301", darts_v2())
    assert count_params(network) == 3_349_342
    assert 500e6 < count_flops(network, (1, 3, 32, 32)) < 550e6


def test_two_reductions_of_size_and_two_doublings_of_channels():
    network = build_network("nasbench301", darts_v2(), init_channels=4, layers=8).eval()
    x = torch.zeros(1, 3, 32, 32)
    before = last = network.stem(x)
    sizes = []
    for cell in network.cells:
        before, last = last, cell(before, last)
        sizes.append(tuple(last.shape[1:3]))
    assert sizes == [(16, 32)] * 2 + [(32, 16)] * 3 + [(64, 8)] * 3


def test_the_cell_after_a_reduction_halves_its_older_input():
    network = build_network("nasbench301", darts_v2(), init_channels=4, layers=8)
    assert [isinstance(cell.first, FactorizedReduce) for cell in network.cells] == [i in (3, 6) for i in range(8)]


def test_only_edges_from_the_inputs_of_a_reduction_cell_have_a_stride():
    reduction = build_network("nasbench301", darts_v2(), init_channels=4, layers=8).cells[2]
    strided = [getattr(operation, "stride", 1) == 2 for operation in reduction.operations]
    assert strided == [source < 2 for source in reduction.sources]
