from pathlib import Path

import numpy as np
import pytest

from naslib_ext.errors import InvalidArchitecture
from naslib_ext.search_spaces import SearchSpace, get_search_space
from naslib_ext.search_spaces.nasbench201 import NASBench201SearchSpace
from naslib_ext.testing.search_space import SearchSpaceContract


class TestContract(SearchSpaceContract):
    @pytest.fixture
    def space(self) -> SearchSpace:
        return get_search_space("nasbench201")


@pytest.fixture(scope="module")
def space() -> NASBench201SearchSpace:
    return NASBench201SearchSpace()


def test_canonical_is_exactly_the_published_partition(space: NASBench201SearchSpace, tables: Path) -> None:
    with np.load(tables / "nasbench201.npz") as table:
        codes, classes = table["codes"], table["isomorph_index"]
    keys = space.keys(codes, "canonical")
    assert len(set(keys)) == len(set(classes.tolist())) == 6_466 == space.num_functions
    assert len(set(zip(keys, classes.tolist(), strict=True))) == 6_466


def test_the_table_holds_every_code_and_its_string(space: NASBench201SearchSpace, tables: Path) -> None:
    with np.load(tables / "nasbench201.npz") as table:
        codes, strings = table["codes"], table["arch_str"].astype(str)
    assert set(space.keys(codes)) == set(space.keys(space.enumerate())) and len(codes) == space.size == 15_625
    for row in range(0, len(codes), 25):
        assert space.to_string(codes[row]) == strings[row]
        np.testing.assert_array_equal(space.from_string(strings[row]), codes[row])


def test_samples_are_never_cut_off(space: NASBench201SearchSpace) -> None:
    codes = space.sample(5_000, np.random.default_rng(0))
    assert (codes[:, [0, 1, 2]] != 1).any(axis=1).all() and (codes[:, [2, 4, 5]] != 1).any(axis=1).all()


@pytest.mark.parametrize("text", ["|conv~0|+|none~0|none~1|+|none~0|none~1|none~2|", "|none~0|+|none~0|none~1|"])
def test_bad_strings_are_refused(space: NASBench201SearchSpace, text: str) -> None:
    with pytest.raises(InvalidArchitecture):
        space.from_string(text)
