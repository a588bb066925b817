"""The controller: what it draws, how likely, and what it learns."""

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch

from naslib_ext.optimizers import get_optimizer
from naslib_ext.optimizers.one_shot.enas import Controller
from naslib_ext.search_spaces import get_search_space
from naslib_ext.testing.one_shot import small_supernet


def controller(cardinalities: tuple[int, ...], scale: float = 30.0) -> Controller:
    made = Controller(np.array(cardinalities), np.random.default_rng(0))
    with torch.no_grad():
        made.heads.mul_(scale)  # the fresh policy is nearly uniform
    return made


def test_the_likelihoods_of_all_choices_sum_to_one() -> None:
    made = controller((3, 2, 4))
    seen = {}
    for middle in np.linspace(0.005, 0.995, 100):
        rows = np.array(list(product([0.1, 0.4, 0.7, 0.95, middle], repeat=3)))
        choices, likelihood, _ = made(rows)
        likelihoods = likelihood.detach().exp().tolist()
        seen |= {tuple(row): value for row, value in zip(choices.tolist(), likelihoods, strict=True)}
    assert len(seen) == 24
    assert sum(seen.values()) == pytest.approx(1, abs=1e-5)


def test_it_draws_by_these_likelihoods() -> None:
    made = controller((3, 2, 4))
    with torch.no_grad():
        choices, likelihood, entropy = made(np.random.default_rng(0).random((20_000, 3)))
    rows, first, counts = np.unique(choices, axis=0, return_index=True, return_counts=True)
    assert rows.max(axis=0).tolist() == [2, 1, 3]
    np.testing.assert_allclose(counts / 20_000, likelihood[first].exp(), atol=0.015)
    assert float(-likelihood.mean()) == pytest.approx(float(entropy.mean()), rel=0.03)


@pytest.mark.parametrize("random_number", [0.0, 1.0 - 1e-12])
def test_extreme_random_numbers_are_choices(random_number: float) -> None:
    choices, likelihood, _ = controller((3, 2, 4))(np.full((2, 3), random_number))
    assert (choices < [3, 2, 4]).all() and torch.isfinite(likelihood).all()


def test_it_learns_what_is_rewarded() -> None:
    optimizer: Any = get_optimizer("enas")({"search": {"arch_learning_rate": 0.02}})
    optimizer.adapt_search_space(small_supernet())
    rng = np.random.default_rng(0)
    for _ in range(60):
        codes, likelihood, _ = optimizer._draw(20, rng)
        optimizer._climb(likelihood, torch.tensor((codes == 2).mean(axis=1), dtype=torch.float32))
    assert optimizer.distribution[:, 2].min() > 0.5


def test_the_baseline_is_a_moving_average() -> None:
    optimizer: Any = get_optimizer("enas")({"search": {"baseline_decay": 0.75}})
    optimizer.adapt_search_space(small_supernet())
    for reward, expected in ((0.4, 0.4), (0.8, 0.5), (0.5, 0.5)):
        _, likelihood, _ = optimizer._draw(4, np.random.default_rng(0))
        optimizer._climb(likelihood, torch.full((4,), reward))
        assert float(optimizer.architecture.baseline) == pytest.approx(expected)


def test_it_draws_cells_of_darts() -> None:
    """A node's pair of sources is one choice, so that every draw is an architecture."""
    from naslib_ext.optimizers.choices import Choices

    space = get_search_space("nasbench301")
    choices = Choices(space)
    made = Controller(choices.cardinalities, np.random.default_rng(0))
    drawn, _, _ = made(np.random.default_rng(1).random((40, len(choices.cardinalities))))
    assert len(choices.to_codes(drawn)) == 40
