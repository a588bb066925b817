from pathlib import Path

import numpy as np
import pytest

from naslib_ext.search_spaces.nasbench_macro import NASBenchMacroSearchSpace
from naslib_ext.testing.search_space import SearchSpaceContract


class TestContract(SearchSpaceContract):
    @pytest.fixture
    def space(self) -> NASBenchMacroSearchSpace:
        return NASBenchMacroSearchSpace()


def test_the_table_holds_every_code(tables: Path) -> None:
    space = NASBenchMacroSearchSpace()
    with np.load(tables / "nasbench_macro.npz") as table:
        codes = table["codes"]
    assert len(codes) == space.size == 6_561
    assert set(space.keys(codes)) == set(space.keys(space.enumerate()))


def test_strings_are_eight_digits() -> None:
    space = NASBenchMacroSearchSpace()
    assert space.to_string([0, 1, 2, 0, 0, 1, 2, 2]) == "01200122"
    assert space.from_string("01200122").tolist() == [0, 1, 2, 0, 0, 1, 2, 2]
