import numpy as np
import pytest

from naslib_ext.search_spaces import get_search_space
from naslib_ext.search_spaces.distinct import distinct, hashes


def test_hashes_tell_similar_rows_apart() -> None:
    space = get_search_space("nasbench201")
    codes = space.enumerate()
    assert len(np.unique(hashes(codes))) == len(codes)
    assert len(np.unique(hashes(np.pad(codes, ((0, 0), (9, 5)))))) == len(codes)
    assert len(distinct(space, np.repeat(codes, 2, axis=0), "code")) == len(codes)


@pytest.mark.parametrize("key", ["code", "canonical"])
def test_the_first_of_each_architecture_is_kept_in_order(key: str) -> None:
    space = get_search_space("nasbench201")
    codes = space.sample(20_000, np.random.default_rng(0))
    first: dict[bytes, int] = {}
    for row, own in enumerate(space.keys(codes, key)):
        first.setdefault(own, row)
    assert distinct(space, codes, key).tolist() == list(first.values())
