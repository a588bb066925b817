from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn

from naslib_ext.networks import build_network
from naslib_ext.proxies import FLOOR, score
from naslib_ext.proxies.base import draw_weights, torch_stream
from naslib_ext.proxies.zen import VARIANTS, ZenScore


class Features(nn.Sequential):
    def features(self, x: Tensor) -> Tensor:
        return self(x)


def zen(network: nn.Module, **settings: float) -> float:
    inputs, labels = torch.empty(4, 3, 5, 5), torch.zeros(4, dtype=torch.long)
    return ZenScore(**settings).score(network, inputs, labels, torch_stream(0, "test"))


def drawn(network: nn.Module) -> tuple[Tensor, Tensor]:
    """The two images that the first repeat draws; the network gets the weights that it draws."""
    generator = torch_stream(0, "test")
    draw_weights(network, generator, gaussian=True)
    return torch.randn(4, 3, 5, 5, generator=generator), torch.randn(4, 3, 5, 5, generator=generator)


def test_a_linear_network_by_hand() -> None:
    """f(x) - f(x + m x2) = m W x2, whatever x is."""
    network = Features(nn.Conv2d(3, 2, 1)).requires_grad_(False)
    value = zen(network, repeats=1, mixup=0.5)
    _, second = drawn(network)
    change = torch.einsum("oc,bchw->bohw", network[0].weight[:, :, 0, 0], 0.5 * second).abs().sum(dim=(1, 2, 3)).mean()
    assert value == pytest.approx(float(change.log()), abs=1e-5)


def test_twice_the_disturbance_adds_log_two() -> None:
    network = Features(nn.Conv2d(3, 2, 3))
    assert zen(network, mixup=2.0) - zen(network, mixup=1.0) == pytest.approx(np.log(2), abs=1e-5)


def test_the_variance_is_the_running_one_of_both_images() -> None:
    network = Features(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))
    value = zen(network, repeats=1, mixup=1.0)
    first, second = drawn(network)
    with torch.no_grad():
        maps = [network[0](x) for x in (first, first + second)]
        variances = [x.var(dim=(0, 2, 3)) for x in maps]
        running = 0.9 * (0.9 + 0.1 * variances[0]) + 0.1 * variances[1]
        normal = [nn.functional.batch_norm(x, None, None, training=True) for x in maps]
        change = (normal[0] - normal[1]).abs().sum(dim=(1, 2, 3)).mean()
    assert value == pytest.approx(float(change.log() + running.mean().log() / 2), abs=1e-4)


def test_running_variances_carry_over_repeats_but_not_over_calls() -> None:
    network = Features(nn.Conv2d(3, 2, 1, bias=False), nn.BatchNorm2d(2))
    assert zen(network, repeats=3) == zen(network, repeats=3)
    assert network[1].num_batches_tracked == 6


def test_shortcuts_can_be_cut() -> None:
    whole, cut = (
        score("nasbench201", [[2] * 6], "zen", batch_size=2, image_size=8, shortcuts=shortcuts)
        for shortcuts in (True, False)
    )
    assert np.isfinite(cut).all() and whole != cut


def test_variants_are_settings_of_score() -> None:
    for settings in VARIANTS.values():
        assert score("nasbench201", [[0] * 6], "zen", **{**settings, "image_size": 4, "batch_size": 2}) != FLOOR


def test_it_leaves_a_network_that_can_run() -> None:
    network = build_network("nasbench201", [3] * 6)
    ZenScore().score(network, torch.empty(2, 3, 8, 8), torch.zeros(2, dtype=torch.long), torch_stream(0, "test"))
    assert network(torch.randn(2, 3, 8, 8)).shape == (2, 10)


@pytest.mark.parametrize("count", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_it_ranks_as_the_published_column(tables: Path, count: int) -> None:
    with np.load(tables / "nasbench201.npz") as table:
        rows = np.random.default_rng(0).permutation(len(table["codes"]))[:count]
        codes, published = table["codes"][rows], table["cifar10/zen"][rows]
    computed = score("nasbench201", codes, "zen", repeats=1)
    assert spearmanr(computed, published)[0] >= (0.95 if count < 100 else 0.99)
    assert np.array_equal(computed == FLOOR, published < -1e7)


def test_the_floor_is_where_the_table_has_it(tables: Path) -> None:
    with np.load(tables / "nasbench201.npz") as table:
        dead = table["cifar10/zen"] < -1e7
        codes = np.concatenate([table["codes"][dead][:8], table["codes"][~dead][:8]])
    computed = score("nasbench201", codes, "zen", repeats=1, batch_size=2, image_size=8)
    assert (computed[:8] == FLOOR).all() and (computed[8:] > -1e3).all()
