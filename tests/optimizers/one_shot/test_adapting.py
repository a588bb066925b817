"""What ``adapt_search_space`` takes, and what a checkpoint carries."""

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from naslib_ext.networks.supernet import build_supernet
from naslib_ext.optimizers import get_optimizer
from naslib_ext.optimizers.one_shot.base import ADAPTER
from naslib_ext.testing.one_shot import noise_batch, run_steps, small_supernet


def test_anything_else_goes_to_the_bridge(monkeypatch: pytest.MonkeyPatch) -> None:
    bridge: Any = ModuleType(ADAPTER)
    bridge.as_supernet = lambda graph, scope: small_supernet() if (graph, scope) == ("a graph", ["cell"]) else None
    monkeypatch.setitem(sys.modules, ADAPTER, bridge)
    optimizer: Any = get_optimizer("darts")()
    optimizer.adapt_search_space("a graph", "digits", scope=["cell"], dataset_api=None)
    assert optimizer.supernet.num_edges == 6 and optimizer.dataset == "digits"


def test_without_a_gpu_everything_is_in_full_precision() -> None:
    optimizer: Any = get_optimizer("darts")()
    optimizer.device = torch.device("cpu")
    assert not optimizer.precision()._enabled


def test_the_moments_of_both_optimizers_are_kept() -> None:
    optimizer: Any = get_optimizer("enas")(num_aggregate=2)
    optimizer.device = torch.device("cpu")
    optimizer.adapt_search_space(small_supernet())
    fresh = set(optimizer.graph.state_dict())
    run_steps(optimizer, 0, 2)
    added = {name.rsplit(".", 1)[1] for name in set(optimizer.graph.state_dict()) - fresh}
    assert added == {"momentum_buffer", "exp_avg", "exp_avg_sq", "step"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["anasod_dnas", "darts", "gaea", "gdas", "rsws", "enas"])
def test_cells_of_darts(name: str) -> None:
    """Two kinds of cells, and edges that an architecture does not use."""
    torch.manual_seed(0)
    supernet = build_supernet("nasbench301", init_channels=4, layers=4, in_channels=1, num_classes=4)
    optimizer: Any = get_optimizer(name)()
    optimizer.device = torch.device("cpu")
    optimizer.adapt_search_space(supernet)
    optimizer.new_epoch(0)
    images, labels = noise_batch(0, 6)
    images = torch.nn.functional.interpolate(images, scale_factor=2)
    before = optimizer.distribution
    optimizer.step((images, labels), (images, labels))
    assert (optimizer.distribution != before).any() == (name != "rsws")
    codes = optimizer.sample(5, np.random.default_rng(0))
    assert optimizer.space.is_valid(codes).all() and codes.shape == (5, 32)
    assert optimizer.space.is_valid(optimizer.most_likely[None]).all()
