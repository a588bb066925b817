from math import comb, prod

import numpy as np
import pytest

from naslib_ext.optimizers.choices import Choices
from naslib_ext.search_spaces import get_search_space, list_search_spaces


@pytest.mark.parametrize("name", list_search_spaces())
def test_codes_and_choices_are_the_same_architectures(name: str) -> None:
    space = get_search_space(name)
    choices, codes = Choices(space), space.sample(50, np.random.default_rng(0))
    chosen = choices.of_codes(codes)
    assert ((chosen >= 0) & (chosen < choices.cardinalities)).all()
    np.testing.assert_array_equal(choices.to_codes(chosen), codes)


def test_all_choices_of_nas_bench_301_are_architectures() -> None:
    space = get_search_space("nasbench301")
    choices = Choices(space)
    assert choices.cardinalities[:8].tolist() == [comb(i + 2, 2) for i in range(4)] * 2
    assert prod(choices.cardinalities.tolist()) == space.size
    drawn = np.random.default_rng(0).integers(choices.cardinalities, size=(200, 24))
    assert len(choices.to_codes(drawn)) == 200


def test_what_is_no_architecture_is_left_out() -> None:
    space = get_search_space("nasbench101")
    kept = Choices(space).to_codes(np.zeros((3, 26), dtype=np.int64))
    assert kept.shape == (0, 26)
