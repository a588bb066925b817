"""What ``adapt_search_space`` takes, and what a checkpoint carries."""

from typing import Any

import numpy as np
import pytest
import torch

from naslib_ext.errors import NaslibExtError, UnsupportedSpace
from naslib_ext.networks.supernet import Supernet, build_supernet
from naslib_ext.optimizers import get_optimizer
from naslib_ext.optimizers.one_shot.adapting import as_supernet
from naslib_ext.testing.one_shot import noise_batch, run_steps, small_supernet


class Graph:
    """Something that a function makes a supernet of."""


def test_other_types_are_what_was_registered_makes_of_them() -> None:
    seen: list[Any] = []

    def adapt(graph: Graph, scope: Any = None) -> Supernet:
        seen.append((graph, scope))
        return small_supernet()

    optimizer: Any = get_optimizer("darts")()
    with pytest.raises(UnsupportedSpace, match="Graph is no supernet"):
        optimizer.adapt_search_space(Graph())
    as_supernet.register(Graph, adapt)
    graph = Graph()
    optimizer.adapt_search_space(graph, "digits", scope=["cell"], dataset_api=None)
    assert seen == [(graph, ["cell"])] and optimizer.supernet.num_edges == 6 and optimizer.dataset == "digits"


@pytest.mark.parametrize("space", ["nasbench201", None])
def test_a_name_is_no_supernet(space: Any) -> None:
    with pytest.raises(UnsupportedSpace, match="is no supernet"):
        get_optimizer("darts")().adapt_search_space(space)


@pytest.mark.parametrize(("name", "rates"), [("darts", "learning_rate or search.arch_learning"), ("rsws", "learning")])
def test_a_divergence_names_the_rates(name: str, rates: str) -> None:
    optimizer: Any = get_optimizer(name)()
    optimizer.device = torch.device("cpu")
    optimizer.adapt_search_space(small_supernet())
    images, labels = noise_batch(0)
    with pytest.raises(NaslibExtError, match=rf"a lower search\.{rates}_rate may help"):
        optimizer.step((images * torch.nan, labels), noise_batch(1))


@pytest.mark.parametrize("name", ["anasod_dnas", "darts", "gaea", "gdas", "rsws", "enas"])
def test_in_half_precision_the_weights_stay_float32(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    optimizer: Any = get_optimizer(name)(**({"num_aggregate": 2, "num_samples": 3} if name == "enas" else {}))
    optimizer.device = torch.device("cpu")
    monkeypatch.setattr(optimizer, "precision", lambda: torch.autocast("cpu", torch.bfloat16))
    optimizer.adapt_search_space(small_supernet())
    run_steps(optimizer, 0, 2)
    assert {value.dtype for value in optimizer.graph.state_dict().values()} == {torch.float32, torch.int64}
    assert optimizer.step(noise_batch(4), noise_batch(5))[0].dtype == torch.bfloat16
    assert np.isfinite(optimizer.select(*noise_batch(7)).accuracies).all()


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
