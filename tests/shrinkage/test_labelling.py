import numpy as np
import pytest

from naslib_ext.search_spaces import get_search_space
from naslib_ext.shrinkage.labelling import REACH, next_labels, schedule
from naslib_ext.shrinkage.lissnas import Settings
from naslib_ext.testing.made_up import WIDE, smooth


@pytest.mark.parametrize(
    ("labels", "rounds", "expected"),
    [
        (200, 4, [50, 100, 150, 200]),
        (300, 4, [75, 150, 225, 300]),
        (100, 4, [50, 66, 83, 100]),
        (40, 4, [40]),
        (51, 4, [50, 51]),
        (200, 1, [200]),
    ],
)
def test_the_schedule(labels: int, rounds: int, expected: list[int]) -> None:
    assert schedule(labels, rounds) == expected


@pytest.mark.parametrize("key", ["code", "canonical"])
def test_labels_are_new_good_and_distinct(key: str) -> None:
    space = get_search_space("nasbench201")
    rng = np.random.default_rng(0)
    known = space.sample(50, rng)
    codes = next_labels(
        space, lambda codes: smooth(space, codes), 60, 100, known, rng, Settings(size=200, initial=1000), key
    )
    keys = space.keys(codes, key)
    assert len(codes) == len(set(keys)) == 60 and not set(keys) & set(space.keys(known, key))
    assert smooth(space, codes).min() > np.quantile(smooth(space, space.enumerate()), 0.9)


def test_a_large_shrunk_space_is_not_labelled_all_over() -> None:
    rng = np.random.default_rng(0)
    codes = next_labels(
        WIDE, lambda codes: smooth(WIDE, codes), 20, 20, WIDE.sample(5, rng), rng, Settings(size=1000), "code"
    )
    best = np.sort(smooth(WIDE, WIDE.enumerate()))[::-1]
    assert len(codes) == 20 and smooth(WIDE, codes).min() > best[2 * REACH * 20]
