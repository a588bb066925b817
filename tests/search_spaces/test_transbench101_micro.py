from pathlib import Path

import numpy as np
import pytest

from naslib_ext.search_spaces import SearchSpace, get_search_space
from naslib_ext.search_spaces.transbench101_micro import TransBench101MicroSearchSpace
from naslib_ext.testing.search_space import SearchSpaceContract


class TestContract(SearchSpaceContract):
    @pytest.fixture
    def space(self) -> SearchSpace:
        return get_search_space("transbench101_micro")


@pytest.fixture(scope="module")
def space() -> TransBench101MicroSearchSpace:
    return TransBench101MicroSearchSpace()


def test_the_table_holds_every_code(space: TransBench101MicroSearchSpace, tables: Path) -> None:
    with np.load(tables / "transbench101_micro.npz") as table:
        codes = table["codes"]
    assert len(codes) == space.size == 4_096
    assert set(space.keys(codes)) == set(space.keys(space.enumerate()))


def test_strings(space: TransBench101MicroSearchSpace) -> None:
    code = space.from_string("64-41414-1_02_333")
    assert code.tolist() == [1, 0, 2, 3, 3, 3]
    assert space.to_string(code) == "64-41414-1_02_333"


def test_what_does_not_reach_the_output_does_not_matter(space: TransBench101MicroSearchSpace) -> None:
    # only 0 -> 3 reaches the output: edges (1,3) and (2,3) are none
    codes = space.enumerate()
    codes = codes[(codes[:, 3] == 3) & (codes[:, 4] == 0) & (codes[:, 5] == 0)]
    assert len(np.unique(space.canonical(codes), axis=0)) == 1


def test_samples_are_never_cut_off(space: TransBench101MicroSearchSpace) -> None:
    codes = space.sample(5_000, np.random.default_rng(0))
    assert (codes[:, [0, 1, 3]] > 0).any(axis=1).all() and (codes[:, 3:] > 0).any(axis=1).all()
