import numpy as np
import pytest

from naslib_ext.encodings import one_hot
from naslib_ext.errors import InvalidArchitecture
from naslib_ext.search_spaces import CategoricalSearchSpace, get_search_space, list_search_spaces

SPACE = CategoricalSearchSpace("uneven", [2, 1, 3])


def test_by_hand() -> None:
    features = one_hot(SPACE, [[0, 0, 2], [1, 0, 0]])
    assert features.dtype == np.float32
    assert features.tolist() == [[1, 0, 1, 0, 0, 1], [0, 1, 1, 1, 0, 0]]


@pytest.mark.parametrize("name", list_search_spaces())
def test_every_space(name: str) -> None:
    space = get_search_space(name)
    codes = space.sample(30, np.random.default_rng(0))
    features = one_hot(space, codes)
    assert features.shape == (30, space.cardinalities.sum())
    start = 0
    for position, size in enumerate(space.cardinalities):
        block = features[:, start : start + size]
        np.testing.assert_array_equal(block.argmax(axis=1), codes[:, position])
        np.testing.assert_array_equal(block.sum(axis=1), 1)
        start += size
    assert set(np.unique(features)) <= {0, 1}


def test_distances_are_twice_the_differing_positions() -> None:
    codes = SPACE.enumerate()
    features = one_hot(SPACE, codes)
    distances = ((features[:, None] - features[None]) ** 2).sum(axis=2)
    np.testing.assert_array_equal(distances, 2 * (codes[:, None] != codes[None]).sum(axis=2))


def test_nothing() -> None:
    assert one_hot(SPACE, np.empty((0, 3), dtype=np.int8)).shape == (0, 6)


@pytest.mark.parametrize("codes", [[[0, 0, 3]], [[-1, 0, 0]], [[0, 0]], [0, 0, 0], [[0.0, 0.0, 0.0]]])
def test_what_is_no_architecture_is_refused(codes: list[object]) -> None:
    with pytest.raises(InvalidArchitecture):
        one_hot(SPACE, codes)
