import numpy as np
import pytest
import torch
from torch import nn

from naslib_ext.errors import ConfigError, InvalidArchitecture, NaslibExtError, UnknownName, UnsupportedSpace
from naslib_ext.networks import build_network
from naslib_ext.proxies import FLOOR, get_proxy, list_proxies, score
from naslib_ext.proxies.base import draw_weights, torch_stream
from naslib_ext.search_spaces import get_search_space

SMALL = {"batch_size": 4, "image_size": 8, "sizes": {"init_channels": 4, "cells_per_stage": 1}}
CODES = get_search_space("nasbench201").sample(6, np.random.default_rng(0))


@pytest.mark.parametrize("name", list_proxies())
class TestEveryProxy:
    def test_the_seed_and_the_row_decide(self, name: str) -> None:
        """Not the other rows, their order, torch's own random numbers or the number of threads."""
        torch.manual_seed(1)
        first = score("nasbench201", CODES, name, seed=3, **SMALL)
        torch.manual_seed(2)
        state = torch.get_rng_state()
        again = score("nasbench201", CODES[[5, 5, 0]], name, seed=3, threads=2, **SMALL)
        assert first.shape == (6,) and first.dtype == np.float64
        assert np.array_equal(again, first[[5, 5, 0]])
        assert torch.equal(torch.get_rng_state(), state)

    def test_dead_networks_do_no_harm(self, name: str) -> None:
        (value,) = score("nasbench201", [[1] * 6], name, **SMALL)
        assert np.isfinite(value)
        if name in ("zen", "synflow", "jacov", "naswot"):
            assert value == FLOOR
        if name in ("snip", "grad_norm"):
            assert value == 0

    def test_no_codes(self, name: str) -> None:
        assert score("nasbench201", CODES[:0], name).shape == (0,)

    def test_other_spaces(self, name: str) -> None:
        space = get_search_space("nasbench101")
        codes = space.sample(2, np.random.default_rng(0))
        found = score(space, codes, name, batch_size=4, image_size=8, sizes={"init_channels": 8})
        assert np.isfinite(found).all()


def test_other_seeds_give_other_scores() -> None:
    assert (
        score("nasbench201", CODES, "zen", seed=0, **SMALL) != score("nasbench201", CODES, "zen", seed=1, **SMALL)
    ).any()


def test_weights_are_common_to_what_two_networks_share() -> None:
    """One edit apart: every layer but those of that edge has the same numbers."""
    networks = [build_network("nasbench201", code, init_channels=4) for code in ([2] * 6, [2, 2, 3, 2, 2, 2])]
    for network in networks:
        draw_weights(network, torch_stream(0, "test"))
    pairs = zip(networks[0].state_dict().items(), networks[1].state_dict().values(), strict=True)
    different = {name for (name, first), second in pairs if not torch.equal(first, second)}
    assert {name.split(".operations.")[1] for name in different} == {"3.1.weight"}  # the edge's place in the cell


def test_drawn_weights_are_torchs_in_distribution() -> None:
    layer = nn.Sequential(nn.Linear(100, 400)).requires_grad_(False)
    draw_weights(layer, torch_stream(0, "test"))
    assert layer[0].weight.abs().max() <= 0.1 and layer[0].weight.std() == pytest.approx(0.1 / 3**0.5, rel=0.02)
    draw_weights(layer, torch_stream(0, "test"), gaussian=True)
    assert layer[0].weight.std() == pytest.approx(1, rel=0.02) and not layer[0].bias.any()


def test_the_memory_format_does_not_matter_to_the_draws() -> None:
    first, second = nn.Sequential(nn.Conv2d(4, 8, 3)), nn.Sequential(nn.Conv2d(4, 8, 3))
    second.to(memory_format=torch.channels_last)
    for network in (first, second):
        draw_weights(network, torch_stream(0, "test"))
    assert torch.equal(first[0].weight, second[0].weight)


def test_errors() -> None:
    with pytest.raises(UnknownName, match="did you mean 'synflow'"):
        score("nasbench201", CODES, "sinflow")
    with pytest.raises(ConfigError, match="repeets"):
        score("nasbench201", CODES, "zen", repeets=3)
    with pytest.raises(ConfigError, match=r"zen\.repeats"):
        score("nasbench201", CODES, "zen", repeats=0)
    with pytest.raises(ConfigError, match=r"zen\.threads"):
        score("nasbench201", CODES, "zen", threads=0)
    with pytest.raises(InvalidArchitecture):
        score("nasbench201", CODES + 5, "zen")
    with pytest.raises(UnsupportedSpace):
        score("fairnas", get_search_space("fairnas").sample(1, np.random.default_rng(0)), "zen")
    with pytest.raises(NaslibExtError, match="no rule"):
        draw_weights(nn.Sequential(nn.PReLU()), torch_stream(0, "test"))


def test_names() -> None:
    assert list_proxies() == "zen params flops synflow snip grad_norm fisher jacov naswot".split()
    assert all(get_proxy(name).name == name for name in list_proxies())
