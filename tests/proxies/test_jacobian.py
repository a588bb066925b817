from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

from naslib_ext.proxies import FLOOR, get_proxy, score
from naslib_ext.proxies.base import torch_stream

LABELS = torch.zeros(3, dtype=torch.long)


def value(name: str, network: nn.Module, inputs: torch.Tensor) -> float:
    return get_proxy(name)().score(network, inputs, LABELS, torch_stream(0, "test"))


def test_jacov_of_a_linear_network_is_the_worst() -> None:
    """All images have the same Jacobian, so the correlations are all one: eigenvalues 3, 0 and 0."""
    torch.manual_seed(0)
    found = value("jacov", nn.Linear(6, 2), torch.randn(3, 6))
    expected = -sum(np.log(v + 1e-5) + 1 / (v + 1e-5) for v in (3, 0, 0))
    assert found == pytest.approx(expected, rel=1e-4)


def test_jacov_of_uncorrelated_jacobians_is_the_best() -> None:
    """x^2 has the Jacobian 2x: orthogonal centred images give the identity matrix."""

    class Square(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.square()

    images = torch.tensor([[1.0, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]])
    assert value("jacov", Square(), images) == pytest.approx(-3 * (np.log(1 + 1e-5) + 1 / (1 + 1e-5)), rel=1e-9)


def test_naswot_by_hand() -> None:
    images = torch.tensor([[1.0, 1, -1], [1, -1, -1], [-1, -1, 1]])
    agree = np.array([[3, 2, 0], [2, 3, 1], [0, 1, 3]])
    assert value("naswot", nn.Sequential(nn.ReLU()), images) == pytest.approx(np.log(np.linalg.det(agree)))


def test_images_that_cannot_be_told_apart_give_the_floor() -> None:
    assert value("naswot", nn.Sequential(nn.ReLU()), torch.ones(3, 4)) == FLOOR
    assert value("jacov", nn.Sequential(nn.ReLU()), -torch.ones(3, 4)) == FLOOR


def test_hooks_are_gone_afterwards() -> None:
    network = nn.Sequential(nn.ReLU())
    first = value("naswot", network, torch.eye(3))
    assert value("naswot", network, torch.eye(3)) == first and not network[0]._forward_pre_hooks


@pytest.mark.parametrize(("name", "column", "least"), [("jacov", "jacov", 0.7), ("naswot", "nwot", 0.9)])
def test_it_ranks_as_the_published_column(
    tables: Path, name: str, column: str, least: float, ranked: Callable[..., tuple]
) -> None:
    codes, published = ranked(tables, column)
    assert spearmanr(score("nasbench201", codes, name), published)[0] >= least
