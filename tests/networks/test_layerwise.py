"""Networks of cells given one by one: with equal cells they are the networks of the benchmarks."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from naslib_ext.encodings.operation_distribution import decode_counts
from naslib_ext.errors import ConfigError, InvalidArchitecture, UnsupportedSpace
from naslib_ext.networks import build_network
from naslib_ext.networks.layerwise import LayerwiseNasnet, build_layerwise_network, stage_starts
from naslib_ext.networks.measure import count_flops, count_params
from naslib_ext.networks.primitives import ImageNetwork
from naslib_ext.search_spaces import get_search_space
from naslib_ext.search_spaces.layerwise import LayerwiseSearchSpace
from naslib_ext.search_spaces.nasnet_cell import OPERATIONS, NasnetCellSpace

NB201, NB301 = get_search_space("nasbench201"), get_search_space("nasbench301")
NASNET = LayerwiseSearchSpace(NasnetCellSpace(3), 4)


def code_of(space: LayerwiseSearchSpace, seed: int) -> np.ndarray:
    return space.sample(1, np.random.default_rng(seed))[0]


def same_function(one: nn.Module, other: nn.Module) -> None:
    """Checks that two networks whose weights come in the same order compute the same."""
    ours, theirs = list(one.parameters()), list(other.parameters())
    assert [p.shape for p in ours] == [p.shape for p in theirs]
    with torch.no_grad():
        for mine, its in zip(ours, theirs, strict=True):
            mine.copy_(its)
    x = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(one.train()(x), other.train()(x))


@pytest.mark.parametrize("seed", [0, 1])
def test_equal_cells_make_a_nasbench201_network(seed: int) -> None:
    cell = NB201.sample(1, np.random.default_rng(seed))[0]
    space = LayerwiseSearchSpace(NB201, 6)
    ours = build_layerwise_network(space, np.tile(cell, 6), init_channels=4, in_channels=1)
    same_function(ours, build_network(NB201, cell, init_channels=4, cells_per_stage=2, in_channels=1))


@pytest.mark.parametrize("seed", [0, 1])
def test_one_normal_and_one_reduction_cell_make_a_darts_network(seed: int) -> None:
    code = NB301.sample(1, np.random.default_rng(seed))[0]
    cells = [code[16:] if layer in (2, 5) else code[:16] for layer in range(8)]
    space = LayerwiseSearchSpace(NasnetCellSpace(4), 8)
    ours = build_layerwise_network(space, np.concatenate(cells), init_channels=4, in_channels=1)
    same_function(ours, build_network(NB301, code, init_channels=4, layers=8, in_channels=1))


def test_the_papers_network() -> None:
    """24 cells of figure 7's encoding with 36 channels: 3.5 M parameters in ANASOD's Table 4, wherever it reduces."""
    space = LayerwiseSearchSpace(NasnetCellSpace(5), 24)
    assert OPERATIONS == (
        "max_pool_3x3", "avg_pool_3x3", "skip_connect", "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5",
        "none",
    )  # fmt: skip
    code = decode_counts(space, [1, 0, 6, 0, 1, 2, 0, 0], np.random.default_rng(0))
    with torch.device("meta"):
        network = build_layerwise_network(space, code, init_channels=36)
    assert 3.0e6 < count_params(network) < 3.5e6
    assert 450e6 < count_flops(network, (1, 3, 32, 32)) < 600e6, "the CIFAR networks of DARTS take 530 M"


def test_every_layer_has_its_own_cell() -> None:
    space = LayerwiseSearchSpace(NB201, 3)
    skip, conv = 0, 2
    code = np.repeat([skip, conv, skip], 6)
    network = build_layerwise_network(space, code, init_channels=4, stages=1)
    sizes = [count_params(cell) for cell in network.body]  # type: ignore[union-attr,arg-type]
    assert sizes == [0, 6 * (4 * 4 * 9 + 2 * 4), 0]


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32), stages=st.integers(1, 3), size=st.sampled_from([(8, 8), (9, 13)]))
def test_shapes(seed: int, stages: int, size: tuple[int, int]) -> None:
    for space, nodes in ((LayerwiseSearchSpace(NB201, 4), 1), (NASNET, 3)):
        network = build_layerwise_network(
            space, code_of(space, seed), init_channels=4, stages=stages, num_classes=5, in_channels=1
        ).eval()
        x = torch.randn(2, 1, *size)
        with torch.no_grad():
            features, logits = network.features(x), network(x)
        scale = 1 << (stages - 1)
        assert features.shape == (2, 4 * scale * nodes, *(-(-length // scale) for length in size))
        assert logits.shape == (2, 5) and torch.isfinite(logits).all()


def test_reductions_stand_where_darts_has_them() -> None:
    assert stage_starts(20, 3) == [0, 6, 13] and stage_starts(8, 3) == [0, 2, 5] and stage_starts(24, 3) == [0, 8, 16]
    with pytest.raises(ConfigError, match="2 cells"):
        stage_starts(2, 3)


def nasnet(**sizes: bool) -> LayerwiseNasnet:
    network: ImageNetwork = build_layerwise_network(NASNET, code_of(NASNET, 0), init_channels=4, stages=2, **sizes)
    assert isinstance(network, LayerwiseNasnet)
    return network


def test_the_auxiliary_head_reads_the_stage_before_the_last() -> None:
    network, x = nasnet(auxiliary=True), torch.randn(2, 3, 8, 8)
    logits, second = network.both_logits(x)
    assert second is not None and second.shape == logits.shape == (2, 10)
    torch.testing.assert_close(logits, network.train()(x))
    second.sum().backward()
    reached = [any(p.grad is not None for p in cell.parameters()) for cell in network.cells]
    assert reached[:2] != [False, False] and reached[2:] == [False, False]
    assert nasnet().both_logits(x)[1] is None


def test_drop_path_is_for_training_and_keeps_the_mean() -> None:
    network, x = nasnet(), torch.randn(2, 3, 8, 8)
    expected = network.eval()(x)
    network.set_drop_path(0.5)
    torch.testing.assert_close(network.eval()(x), expected)
    cell = network.train().cells[0]
    states = [torch.ones(4000, 4, 1, 1), torch.ones(4000, 4, 1, 1)]
    cell.operations[0] = nn.ReLU()
    cell.sources[0] = 0
    torch.manual_seed(0)
    out = cell._term(0, states)
    assert sorted(out.unique().tolist()) == [0.0, 2.0]
    assert (out.flatten(1).std(dim=1) == 0).all(), "an image is dropped as a whole"
    assert abs(float(out.mean()) - 1) < 0.05
    cell.operations[0] = nn.Identity()
    torch.testing.assert_close(cell._term(0, states), states[0])


def test_a_network_of_no_operations_gives_its_bias() -> None:
    none = OPERATIONS.index("none")
    code = NASNET.check(np.tile([0, none, 1, none], 12)[None])[0]
    network = build_layerwise_network(NASNET, code, init_channels=4).eval()
    bias = network.classifier.bias  # type: ignore[union-attr]
    assert isinstance(bias, torch.Tensor)
    torch.testing.assert_close(network(torch.randn(2, 3, 8, 8)), bias.expand(2, -1))


def test_what_cannot_be_built() -> None:
    with pytest.raises(ConfigError, match="size of nasnet3_x4"):
        build_layerwise_network(NASNET, code_of(NASNET, 0), width=3)
    with pytest.raises(InvalidArchitecture):
        build_layerwise_network(NASNET, [0] * NASNET.num_positions)
    other = LayerwiseSearchSpace(get_search_space("transbench101_micro"), 2)
    with pytest.raises(UnsupportedSpace, match="transbench101_micro"):
        build_layerwise_network(other, [1] * 12)
