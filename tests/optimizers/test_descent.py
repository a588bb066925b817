"""Constraints that random draws do not meet."""

import numpy as np
import pytest

from naslib_ext.configuration import complete
from naslib_ext.errors import ConfigError
from naslib_ext.optimizers import get_optimizer
from naslib_ext.optimizers.base import FreeScores
from naslib_ext.optimizers.descent import descend
from naslib_ext.search_spaces import CategoricalSearchSpace, Codes, get_search_space

LARGE = CategoricalSearchSpace("large", [5] * 24)
FREE: FreeScores = {"size": lambda codes: np.asarray(codes).sum(axis=1) * 1.0, "last": lambda codes: codes[:, -1] * 1.0}


def test_single_edits_lead_to_the_bound_and_no_further() -> None:
    def excess(codes: Codes) -> np.ndarray:
        return np.maximum(codes.sum(axis=1) - 7.0, 0)

    start = np.full(24, 4, dtype=np.int8)
    assert excess(descend(LARGE, start, excess)[None])[0] == 0
    within = np.zeros(24, dtype=np.int8)
    assert descend(LARGE, within, excess) is within
    assert descend(LARGE, start, lambda codes: codes.sum(axis=1) + 1.0).sum() == 0, "as far as it goes"


@pytest.mark.parametrize("name", ["rs", "re", "structure_bo"])
def test_a_search_goes_on_where_few_architectures_keep_to_the_constraints(name: str) -> None:
    """Sums of 24 draws from 0 to 4 have the mean 48 and the deviation 7: one below 13 never comes."""
    optimizer = get_optimizer(name)({"search": {"constraints": {"size": 12, "last": 1}, "num_init": 5}})
    optimizer.bind(LARGE, seed=0, budget=20, free=FREE)
    while len(codes := optimizer.ask(3)):
        optimizer.tell(codes, codes[:, :5].sum(axis=1))
    asked = optimizer.history[0]
    assert len(np.unique(asked, axis=0)) == 20
    assert asked.sum(axis=1).max() <= 12 and asked[:, -1].max() <= 1


@pytest.mark.parametrize("name", ["rs", "ls", "structure_bo"])
def test_constraints_that_bar_everything_are_an_error(name: str) -> None:
    for space in (LARGE, CategoricalSearchSpace("small", [3, 3])):
        message = rf"search\.constraints: found no architecture of {space.name} within \{{'size': -1\.0\}}"
        with pytest.raises(ConfigError, match=message):
            get_optimizer(name)({"search": {"constraints": {"size": -1}}}).bind(space, free=FREE).ask(1)


def test_a_used_up_region_ends_the_search() -> None:
    space = get_search_space("nasbench101")  # too large to list
    free: FreeScores = {"size": lambda codes: np.asarray(codes).sum(axis=1) * 1.0}
    optimizer = get_optimizer("rs")({"search": {"constraints": {"size": 1}}}).bind(space, budget=50, free=free)
    asked = 0
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, [0.0])
        asked += 1
    assert 1 <= asked < 50


def test_supernets_take_no_constraints() -> None:
    with pytest.raises(ConfigError, match=r"search\.constraints: darts trains a supernet"):
        complete({"optimizer": "darts", "search": {"constraints": {"flops": 1}}})
