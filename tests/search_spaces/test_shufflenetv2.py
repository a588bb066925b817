import pytest

from naslib_ext.search_spaces.shufflenetv2 import ShuffleNetV2SearchSpace
from naslib_ext.testing.search_space import SearchSpaceContract


class TestContract(SearchSpaceContract):
    @pytest.fixture
    def space(self) -> ShuffleNetV2SearchSpace:
        return ShuffleNetV2SearchSpace()


def test_size() -> None:
    assert ShuffleNetV2SearchSpace().size == 4**20
