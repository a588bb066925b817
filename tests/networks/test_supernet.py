"""Supernets against the stand-alone networks of the same weights, and DARTS' rule by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from naslib_ext.errors import ConfigError, InvalidArchitecture, UnsupportedSpace
from naslib_ext.networks import build_network
from naslib_ext.networks.measure import count_params
from naslib_ext.networks.supernet import accuracies, build_supernet, list_supernets
from naslib_ext.search_spaces import get_search_space
from naslib_ext.shrinkage import ShrunkSearchSpace

SMALL = {
    "nasbench201": {"init_channels": 4, "cells_per_stage": 1},
    "nasbench301": {"init_channels": 4, "layers": 3},
}
SHAPES = {"nasbench201": (6, 5), "nasbench301": (28, 7)}


def make(space, **sizes):
    torch.manual_seed(0)
    supernet = build_supernet(space, **SMALL[space], in_channels=1, num_classes=3, **sizes)
    with torch.no_grad():  # away from what fresh layers have, so that a weight that is not shared would show
        for parameter in supernet.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return supernet


def code_of(space, seed):
    return get_search_space(space).sample(1, np.random.default_rng(seed))[0]


def images(seed=0, n=6):
    return torch.randn(n, 1, 16, 16, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module", params=list_supernets())
def supernet(request):
    return make(request.param)


def test_interface(supernet):
    assert (supernet.num_edges, len(supernet.operations)) == SHAPES[supernet.space.name]
    assert supernet.operations == supernet.space.operation_names


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_single_path_is_the_one_hot_mixture_and_the_standalone_network(supernet, seed):
    code, x = code_of(supernet.space.name, seed), images(seed % 100)
    path = supernet(x, code)
    mixture = supernet.one_hot(code)
    torch.testing.assert_close(supernet(x, mixture), path)
    torch.testing.assert_close(supernet(x, mixture.requires_grad_()), path)  # all operations computed, none in effect
    standalone = supernet.standalone(code)
    assert type(standalone) is type(build_network(supernet.space, code))
    torch.testing.assert_close(standalone.train()(x), path)
    torch.testing.assert_close(supernet.eval()(x, code), path)
    assert (supernet.discretize(mixture) == code).all()


def test_standalone_leaves_the_generator_and_shares_no_memory(supernet):
    code = code_of(supernet.space.name, 1)
    state = torch.get_rng_state()
    network = supernet.standalone(code)
    assert torch.equal(torch.get_rng_state(), state)
    before = supernet.classifier.weight.detach().clone()
    with torch.no_grad():
        network.classifier.weight.zero_()
    assert torch.equal(supernet.classifier.weight, before)


def test_mixture_gradient_is_the_finite_difference():
    supernet = make("nasbench201").double()
    x = images().double()
    weights = torch.softmax(torch.randn(6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(3)), dim=1)
    weights.requires_grad_()
    assert torch.autograd.gradcheck(lambda w: supernet(x, w).square().sum(), (weights,), fast_mode=True)


def test_edges_of_one_node_add_up():
    """A linear cell: skips of weights 0.5 and 0.25 in a row beside one of weight 2."""
    supernet = make("nasbench201", stages=1)
    space, weights = supernet.space, torch.zeros(6, 5)
    for edge, weight in {(0, 1): 0.5, (1, 3): 0.25, (0, 3): 2}.items():
        weights[space.edges.index(edge), space.skip] = weight
    x = images()
    torch.testing.assert_close(supernet.features(x, weights), supernet.last(2.125 * supernet.stem(x)))
    zeros = supernet.features(x, torch.zeros(6, 5))
    torch.testing.assert_close(zeros, supernet.last(torch.zeros_like(supernet.stem(x))))


class OnGpu(torch.Tensor):
    """Says that it lies on a GPU."""

    is_cuda = True


@pytest.mark.parametrize("kind", [torch.Tensor, OnGpu])
@pytest.mark.parametrize("space", ["nasbench201", "nasbench301"])
def test_a_fixed_mixture_trains_no_operation_without_weight(space, kind):
    """Whatever the device: with a gradient of zero, weight decay and momentum would change what does not take part."""
    trained = []
    for choose in (lambda supernet, code: code, lambda supernet, code: supernet.one_hot(code).as_subclass(kind)):
        supernet = make(space)
        supernet(images(), choose(supernet, code_of(space, 0))).sum().backward()
        trained.append({name for name, value in supernet.named_parameters() if value.grad is not None})
    assert trained[0] == trained[1]


def test_only_active_operations_get_gradients():
    supernet = make("nasbench201")
    code = np.array([2, 3, 0, 4, 2, 3])
    weights = torch.full((6, 5), 0.2, requires_grad=True)
    supernet(images(), weights, active=supernet.one_hot(code).numpy()).sum().backward()
    assert (weights.grad == 0)[supernet.one_hot(code) == 0].all()
    with_gradients = {name for name, value in supernet.named_parameters() if value.grad is not None}
    first = {name for name in with_gradients if name.startswith("body.0.edges.")}
    assert {tuple(map(int, (n.split(".")[3], n.split(".")[5]))) for n in first} == {(0, 2), (1, 3), (4, 2), (5, 3)}


@pytest.mark.parametrize(("space", "sizes"), [("nasbench201", {"stages": 1}), ("nasbench201", {}), ("nasbench301", {})])
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_paths_that_may_share_work_are_single_paths(space, sizes, seed):
    supernet = make(space, **sizes)
    codes = supernet.space.sample(5, np.random.default_rng(seed))
    codes = np.concatenate([codes, supernet.space.mutate(codes, np.random.default_rng(seed)), codes[:2]])
    with torch.no_grad():
        shared = list(supernet.paths(images(), codes))
        assert len(shared) == len(codes)
        for code, logits in zip(codes, shared, strict=True):
            torch.testing.assert_close(logits, supernet(images(), code))


@pytest.mark.parametrize(("channels", "cells"), [(4, 1), (16, 5)])
def test_nasbench201_params(channels, cells):
    """Each of a cell's edges holds a 3x3 and a 1x1 convolution: (9 + 1) C^2; the rest is the stand-alone skeleton."""
    with torch.device("meta"):
        supernet = build_supernet("nasbench201", init_channels=channels, cells_per_stage=cells)
        skeleton = build_network("nasbench201", [0] * 6, init_channels=channels, cells_per_stage=cells)
    squares = sum((channels << stage) ** 2 for stage in range(3))
    assert count_params(supernet) == count_params(skeleton) + 6 * cells * 10 * squares


def test_nasbench301_params():
    """DARTS' search network, 16 channels and 8 cells, has 1,930,618 weights in the authors' code."""
    with torch.device("meta"):
        supernet = build_supernet("nasbench301")
    assert count_params(supernet) == 1_930_618


def test_darts_rule_by_hand():
    """Node 1 has sources 0, 1, 2: the best operations weigh 3, 1, 2, so 0 and 2 stay, each with its best operation."""
    supernet = make("nasbench301")
    weights = np.zeros((28, 7))
    weights[[2, 3, 4], [6, 1, 4]] = 3, 1, 2
    code = supernet.discretize(torch.tensor(weights)).reshape(2, 4, 2, 2)
    assert code[0, 1].tolist() == [[0, 6], [2, 4]]
    assert code[0, 0].tolist() == code[1, 3].tolist() == [[0, 0], [1, 0]]  # ties: the first sources and operations


def test_argmax_may_be_none():
    supernet = make("nasbench201")
    weights = torch.full((6, 5), 0.1)
    weights[:, 1] = 0.6
    assert supernet.discretize(weights).tolist() == [1] * 6


def test_half_precision(supernet):
    code = code_of(supernet.space.name, 4)
    weights = torch.full(SHAPES[supernet.space.name], 0.2, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = [supernet(images(), choice) for choice in (code, weights)]
    assert all(x.dtype == torch.bfloat16 and torch.isfinite(x).all() for x in logits)


def test_accuracies_are_those_of_the_standalone_networks(supernet):
    codes = supernet.space.sample(3, np.random.default_rng(0))
    x, y = images(n=31), torch.arange(31) % 3
    found = accuracies(supernet, codes, x, y, batch_size=16)
    for code, accuracy in zip(codes, found, strict=True):
        network = supernet.standalone(code).train()
        right = sum((network(part).argmax(1) == wanted).sum() for part, wanted in [(x[:16], y[:16]), (x[16:], y[16:])])
        assert accuracy == pytest.approx(100 * int(right) / 31)


def test_a_part_of_a_space_has_the_whole_ones_supernet():
    space = get_search_space("nasbench201")
    supernet = build_supernet(ShrunkSearchSpace(space, [[0] * 6]), init_channels=4, cells_per_stage=1)
    assert supernet(torch.zeros(2, 3, 8, 8), [2] * 6).shape == (2, 10)


def test_errors():
    with pytest.raises(UnsupportedSpace, match="fairnas has no supernet"):
        build_supernet("fairnas")
    with pytest.raises(ConfigError, match="did you mean 'init_channels'"):
        build_supernet("nasbench201", init_chanels=4)
    supernet = make("nasbench201")
    with pytest.raises(InvalidArchitecture):
        supernet(images(), [0, 0, 0, 0, 0, 5])
    with pytest.raises(InvalidArchitecture, match=r"shape \(6, 5\)"):
        supernet(images(), torch.zeros(5, 6))
    with pytest.raises(InvalidArchitecture, match=r"shape \(6, 5\)"):
        supernet.discretize(torch.zeros(6, 4))
