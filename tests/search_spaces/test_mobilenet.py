from itertools import product

import numpy as np
import pytest

from naslib_ext.errors import InvalidArchitecture
from naslib_ext.search_spaces.mobilenet import OPERATIONS, MobileNetSearchSpace
from naslib_ext.testing.search_space import SearchSpaceContract


class TestContract(SearchSpaceContract):
    @pytest.fixture
    def space(self) -> MobileNetSearchSpace:
        return MobileNetSearchSpace()


@pytest.fixture(scope="module")
def space() -> MobileNetSearchSpace:
    return MobileNetSearchSpace()


def every_first_unit(space: MobileNetSearchSpace) -> np.ndarray:
    """All 10^4 values of the first unit, before four fixed ones."""
    units = np.array(list(product(range(10), repeat=4)), dtype=np.int8)
    return np.concatenate([units, np.tile(np.ones(16, dtype=np.int8), (len(units), 1))], axis=1)


def test_validity_and_size_by_counting_one_unit(space: MobileNetSearchSpace) -> None:
    codes = every_first_unit(space)
    valid = space.is_valid(codes)
    expected = [a > 0 and b > 0 and (c > 0 or d == 0) for a, b, c, d in codes[:, :4].tolist()]
    assert valid.tolist() == expected
    assert space.size == int(valid.sum()) ** 5


def test_edit_distance_needs_no_detour(space: MobileNetSearchSpace) -> None:
    rng = np.random.default_rng(0)
    for a, b in zip(space.sample(20, rng), space.sample(20, rng), strict=True):
        distance = int(space.edit_distance(a[None], b[None])[0])
        while distance:
            near = space.neighbors(a)
            left = space.edit_distance(near, np.broadcast_to(b, near.shape))
            a, distance = near[left.argmin()], distance - 1
            assert left.min() == distance


def test_operations_are_in_the_released_codes_order() -> None:
    assert OPERATIONS[:3] == ("mb3_k3", "mb4_k3", "mb6_k3")
    assert OPERATIONS[3:] == ("mb3_k5", "mb4_k5", "mb6_k5", "mb3_k7", "mb4_k7", "mb6_k7")


def test_sampled_depths_are_uniform(space: MobileNetSearchSpace) -> None:
    depths = (space.sample(10_000, np.random.default_rng(0)).reshape(-1, 5, 4) > 0).sum(axis=2)
    np.testing.assert_allclose(np.bincount(depths.ravel())[2:] / depths.size, 1 / 3, atol=0.015)


@pytest.mark.parametrize("total", [9, 21])
def test_too_few_or_too_many_layers_are_refused(space: MobileNetSearchSpace, total: int) -> None:
    with pytest.raises(InvalidArchitecture):
        space.place_operations([total, *[0] * 8], np.random.default_rng(0))


@pytest.mark.parametrize("total", [10, 13, 20])
def test_placing_any_number_of_layers(space: MobileNetSearchSpace, total: int) -> None:
    code = space.place_operations([total - 1, *[0] * 7, 1], np.random.default_rng(0))
    assert (code > 0).sum() == total and (code == 9).sum() == 1
