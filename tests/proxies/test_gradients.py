from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softmax

from naslib_ext.proxies import get_proxy, score
from naslib_ext.proxies.base import torch_stream

X = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))
LABELS = torch.tensor([0, 1, 2, 0, 1])


@pytest.fixture
def linear() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3))


def value(name: str, network: nn.Module, inputs: Tensor = X, **settings: bool) -> float:
    return get_proxy(name)(**settings).score(network, inputs, LABELS, torch_stream(0, "test"))


def logit_gradient(network: nn.Module) -> Tensor:
    """(batch, classes) gradient of the mean cross-entropy by hand."""
    one_hot = nn.functional.one_hot(LABELS, 3)
    return ((softmax(network(X), dim=1) - one_hot) / len(X)).detach()


def test_grad_norm_by_hand(linear: nn.Module) -> None:
    expected = (logit_gradient(linear).T @ X).norm().item()
    assert value("grad_norm", linear) == pytest.approx(expected, rel=1e-5)


def test_snip_by_hand(linear: nn.Module) -> None:
    expected = (linear[0].weight * (logit_gradient(linear).T @ X)).abs().sum().item()
    assert value("snip", linear) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("per_weight", "times"), [(True, 4), (False, 1)])
def test_fisher_by_hand(linear: nn.Module, per_weight: bool, times: int) -> None:
    product = linear(X).detach() * logit_gradient(linear)
    expected = product.square().mean(dim=0).sum().item() / 2 * times
    assert value("fisher", linear, per_weight=per_weight) == pytest.approx(expected, rel=1e-5)


def test_fisher_sums_over_pixels_before_squaring() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 3, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    images = torch.randn(5, 2, 4, 4)
    activation = network[0](images).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(cross_entropy(activation.mean(dim=(2, 3)), LABELS), activation)
    expected = (activation * gradient).sum(dim=(2, 3)).square().mean(dim=0).sum().item() / 2
    assert value("fisher", network, images, per_weight=False) == pytest.approx(expected, rel=1e-4)


def test_synflow_by_hand(linear: nn.Module) -> None:
    """One layer: the flow is the sum of the absolute weights; two: it goes through both, once for each layer."""
    flow = linear[0].weight.abs().sum().item()
    assert value("synflow", linear) == pytest.approx(np.log(flow), rel=1e-6)
    two = nn.Sequential(nn.Linear(4, 6, bias=False), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3, bias=False))
    through = (two[3].weight.abs() @ two[0].weight.abs()).sum().item()
    assert value("synflow", two, log=False) == pytest.approx(2 * through, rel=1e-6)


def test_synflow_leaves_the_network_alone(linear: nn.Module) -> None:
    before = linear[0].weight.clone()
    value("synflow", linear)
    assert torch.equal(linear[0].weight, before) and linear[0].weight.dtype == torch.float32


def test_layers_that_are_not_run_count_nothing(linear: nn.Module) -> None:
    class Unused(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.idle = linear, nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.used(x)

    for name in ("snip", "grad_norm", "synflow", "fisher"):
        assert value(name, Unused()) == value(name, linear)


CORRELATIONS = {"synflow": 0.99, "snip": 0.85, "grad_norm": 0.85, "fisher": 0.7}
"""What random images for CIFAR-10's leave; synflow needs no images."""


@pytest.mark.parametrize("name", CORRELATIONS)
def test_it_ranks_as_the_published_column(tables: Path, name: str, ranked: Callable[..., tuple]) -> None:
    codes, published = ranked(tables, name)
    computed = score("nasbench201", codes, name, batch_size=8)
    assert spearmanr(computed, published)[0] >= CORRELATIONS[name]
