import pytest

from naslib_ext.search_spaces.fairnas import OPERATIONS, FairNASSearchSpace
from naslib_ext.testing.search_space import SearchSpaceContract


class TestContract(SearchSpaceContract):
    @pytest.fixture
    def space(self) -> FairNASSearchSpace:
        return FairNASSearchSpace()


def test_size_and_operations() -> None:
    assert FairNASSearchSpace().size == 6**19
    assert OPERATIONS == ("mb3_k3", "mb3_k5", "mb3_k7", "mb6_k3", "mb6_k5", "mb6_k7")
