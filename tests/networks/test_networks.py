"""What every network must do, at small sizes: shapes, features, gradients, errors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from naslib_ext.errors import InvalidArchitecture, UnknownName, UnsupportedSpace
from naslib_ext.networks import build_network, list_networks
from naslib_ext.search_spaces import CategoricalSearchSpace, get_search_space

SMALL = {
    "nasbench101": {"init_channels": 8, "stacks": 2, "cells_per_stack": 1},
    "nasbench201": {"init_channels": 4, "cells_per_stage": 1},
    "nasbench301": {"init_channels": 4, "layers": 3},
    "transbench101_micro": {"base_channels": 4, "modules": "41", "cells_per_module": 1},
    "nasbench_macro": {"init_channels": 4, "last_channels": 8},
    "shufflenetv2": {"channels": (4, 8, 12, 16, 20), "last_channels": 8},
    "mobilenet": {"width": 0.1},
}
CHANNELS_AND_STRIDE = {
    "nasbench101": (16, 2),
    "nasbench201": (16, 4),
    "nasbench301": (64, 4),
    "transbench101_micro": (8, 8),
    "nasbench_macro": (8, 8),
    "shufflenetv2": (8, 32),
    "mobilenet": (96, 32),
}


def build(space, code, **sizes):
    torch.manual_seed(0)
    return build_network(space, code, **SMALL[space], in_channels=1, num_classes=3, **sizes)


def code_of(space, seed):
    return get_search_space(space).sample(1, np.random.default_rng(seed))[0]


def test_every_network_is_tested_here():
    assert set(SMALL) == set(list_networks())


@pytest.mark.parametrize("space", SMALL)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.sampled_from([(8, 8), (32, 32), (33, 47)]))
def test_shapes(space, seed, size):
    network = build(space, code_of(space, seed)).eval()
    channels, stride = CHANNELS_AND_STRIDE[space]
    x = torch.randn(2, 1, *size)
    with torch.no_grad():
        features, logits = network.features(x), network(x)
    assert features.shape == (2, channels, *(-(-length // stride) for length in size))
    assert logits.shape == (2, 3) and torch.isfinite(logits).all()
    torch.testing.assert_close(network.classifier(features.mean(dim=(2, 3))), logits)


@pytest.mark.parametrize("space", SMALL)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_gradients_are_finite_and_reach_the_classifier(space, seed):
    network = build(space, code_of(space, seed))
    network(torch.randn(2, 1, 64, 64)).square().sum().backward()
    gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
    unused = {name for name, gradient in gradients.items() if gradient is None}
    assert all(".first." in name or ".second." in name for name in unused)  # DARTS cells may ignore one of their inputs
    assert all(torch.isfinite(gradient).all() for gradient in gradients.values() if gradient is not None)
    # the bias: the weights get no gradient where the cell is cut off and all features are zero
    assert gradients[next(name for name in reversed(gradients) if name.startswith("classifier"))].abs().sum() > 0


@pytest.mark.parametrize(
    ("space", "code"),
    [
        ("nasbench101", [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1] + [0] * 6 + [2, 1, 0, 0, 0]),
        ("nasbench201", [2, 3, 0, 4, 2, 3]),
        ("nasbench301", [0, 3, 1, 5] * 8),
        ("transbench101_micro", [3, 1, 2, 1, 3, 2]),
        ("nasbench_macro", [0, 1, 2, 0, 1, 2, 0, 1]),
        ("shufflenetv2", [0, 1, 2, 3] * 5),
        ("mobilenet", [1, 5, 9, 0] * 5),
    ],
)
def test_training_lowers_the_loss(space, code):
    network = build(space, code)
    generator = torch.Generator().manual_seed(1)
    y = torch.arange(12) % 3
    x = torch.randn(12, 1, 64, 64, generator=generator) + y[:, None, None, None]
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    losses = []
    for _ in range(15):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(x), y)
        loss.backward()
        first = next(network.parameters()).grad
        assert first is not None and first.abs().sum() > 0
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_the_same_torch_seed_gives_the_same_weights():
    first, second = (build("nasbench201", [2, 3, 0, 4, 2, 3]).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_space_object_does_as_well_as_its_name():
    network = build_network(get_search_space("nasbench201"), np.array([2, 3, 0, 4, 2, 3], dtype=np.int8))
    assert network(torch.zeros(2, 3, 8, 8)).shape == (2, 10)


def test_spaces_without_a_network():
    with pytest.raises(UnsupportedSpace, match="fairnas has no network"):
        build_network("fairnas", [0] * 19)
    with pytest.raises(UnsupportedSpace, match="mine has no network"):
        build_network(CategoricalSearchSpace("mine", [2, 2]), [0, 1])
    with pytest.raises(UnknownName, match="did you mean 'nasbench201'"):
        build_network("nasbench2O1", [0] * 6)


@pytest.mark.parametrize("code", [[0] * 5, [0, 0, 0, 0, 0, 5], [0.5] * 6])
def test_bad_codes(code):
    with pytest.raises(InvalidArchitecture):
        build_network("nasbench201", code)
