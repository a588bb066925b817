from dataclasses import replace

import numpy as np
import pytest

from naslib_ext.benchmarks.grouped_training import GroupResult, train_group
from naslib_ext.benchmarks.made_images import make_shapes
from naslib_ext.benchmarks.schedule import CARRIED_SCHEDULE
from naslib_ext.search_spaces import get_search_space

SPACE = get_search_space("nasbench201")
CODES = SPACE.check([[2, 2, 2, 2, 2, 2], [0, 3, 4, 2, 0, 2], [0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1]])
IMAGES = make_shapes((320, 100, 100))
SCHEDULE = replace(CARRIED_SCHEDULE, epochs=2, network={**CARRIED_SCHEDULE.network, "init_channels": 4})


def train(codes: np.ndarray, seed: int = 0, **changes: float) -> GroupResult:
    return train_group(SPACE, codes, IMAGES, replace(SCHEDULE, **changes), seed)


@pytest.fixture(scope="module")
def together() -> GroupResult:
    return train(CODES)


def test_shapes_and_units(together: GroupResult) -> None:
    assert together.val_accuracy.shape == together.train_loss.shape == (4, 2) and together.test_accuracy.shape == (4,)
    assert together.val_accuracy.dtype == np.float32
    assert together.val_accuracy.min() >= 0 and together.val_accuracy.max() <= 100


def test_the_others_of_a_group_do_not_matter(together: GroupResult) -> None:
    """But for rounding, which a training amplifies."""
    for a in range(len(CODES)):
        alone = train(CODES[[a]])
        np.testing.assert_allclose(alone.train_loss[0], together.train_loss[a], rtol=1e-3)
        np.testing.assert_allclose(alone.val_accuracy[0], together.val_accuracy[a], atol=3)


def test_it_learns_where_the_cell_lets_images_through(together: GroupResult) -> None:
    loss = together.train_loss
    assert (loss[:3, 1] < loss[:3, 0]).all()
    assert loss[3, 1] > np.log(10) - 0.1, "all edges are cut: chance"


def test_a_seed_is_a_training(together: GroupResult) -> None:
    again, other = train(CODES), train(CODES, seed=1)
    np.testing.assert_array_equal(again.train_loss, together.train_loss)
    assert (other.train_loss[:3] != together.train_loss[:3]).all()


def test_divergence_is_nan() -> None:
    result = train(CODES[:2], lr=1e30)
    assert np.isnan(result.val_accuracy[:, -1]).all() and np.isnan(result.test_accuracy).all()
