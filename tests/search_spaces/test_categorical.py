import numpy as np
import pytest

from naslib_ext.errors import InvalidArchitecture, UnknownName, UnsupportedSpace
from naslib_ext.search_spaces import CategoricalSearchSpace, get_search_space, list_search_spaces
from naslib_ext.testing.search_space import SearchSpaceContract


class TestEven(SearchSpaceContract):
    @pytest.fixture
    def space(self) -> CategoricalSearchSpace:
        return CategoricalSearchSpace("even", [5] * 6)


class TestUneven(SearchSpaceContract):
    @pytest.fixture
    def space(self) -> CategoricalSearchSpace:
        return CategoricalSearchSpace("uneven", [2, 7, 1, 3, 12])


class TestNamed(SearchSpaceContract):
    @pytest.fixture
    def space(self) -> CategoricalSearchSpace:
        return named()


def named() -> CategoricalSearchSpace:
    return CategoricalSearchSpace("named", [2, 3, 2], [["skip", "conv3"], ["conv3", "conv5", "pool"], ["pool", "skip"]])


def test_positions_that_share_a_name_share_an_operation() -> None:
    space = named()
    assert space.operation_names == ("skip", "conv3", "conv5", "pool")
    assert space.operations([[1, 0, 1], [0, 2, 0]]).tolist() == [[1, 1, 0], [0, 3, 3]]


def test_operations_go_only_where_they_exist() -> None:
    space = named()
    for seed in range(20):
        code = space.place_operations([1, 1, 1, 0], np.random.default_rng(seed))
        assert code.tolist() == [1, 1, 1]
    with pytest.raises(InvalidArchitecture):
        space.place_operations([0, 0, 3, 0], np.random.default_rng(0))


def test_size_is_the_product() -> None:
    space = CategoricalSearchSpace("uneven", [2, 7, 1, 3, 12])
    assert space.size == space.num_functions == len(space.enumerate()) == 504
    assert len(space.neighbors([0, 0, 0, 0, 0])) == 1 + 6 + 0 + 2 + 11


def test_a_large_space_is_not_enumerated() -> None:
    with pytest.raises(UnsupportedSpace):
        CategoricalSearchSpace("large", [10] * 20).enumerate()


@pytest.mark.parametrize("cardinalities", [[], [0], [3, 128]])
def test_bad_cardinalities_are_refused(cardinalities: list[int]) -> None:
    with pytest.raises(InvalidArchitecture):
        CategoricalSearchSpace("bad", cardinalities)


def test_choices_must_match_the_cardinalities() -> None:
    with pytest.raises(InvalidArchitecture):
        CategoricalSearchSpace("bad", [2, 2], [["a", "b"], ["a"]])


@pytest.mark.parametrize("name", list_search_spaces())
def test_every_registered_space_has_its_name(name: str) -> None:
    assert get_search_space(name).name == name


def test_an_unknown_space_is_named() -> None:
    with pytest.raises(UnknownName, match="nasbench201"):
        get_search_space("nasbench202")
