from math import comb

import numpy as np
import pytest

from naslib_ext.optimizers.dsm_nas.edits import NEVER, Edits
from naslib_ext.search_spaces import CategoricalSearchSpace, get_search_space


@pytest.mark.parametrize(("distance", "expected"), [(1, 25), (2, 265), (3, 1545), (4, 5385), (6, 15625)])
def test_the_size_of_a_subspace(distance: int, expected: int) -> None:
    """sum_m C(6, m) 4^m architectures (METHODS 1.3); the paper's C(6, 4) 5^4 is an upper bound."""
    assert sum(comb(6, m) * 4**m for m in range(distance + 1)) == expected
    space = get_search_space("nasbench201")
    reached = space.sample(1, np.random.default_rng(0))
    edits = Edits(space)
    for _ in range(distance):
        edited, valid = edits.neighborhood(reached)
        reached = np.unique(edited[valid], axis=0)
    assert len(reached) == expected


def test_components_with_equally_many_choices_share_a_vocabulary() -> None:
    assert Edits(get_search_space("nasbench201")).num_operations == 5
    assert Edits(get_search_space("nasbench101")).num_operations == 2 + 3
    assert Edits(get_search_space("nasbench301")).num_operations == 2 + 3 + 4 + 5 + 7
    assert Edits(get_search_space("mobilenet")).num_operations == 10


def test_outputs_of_the_policy_stand_for_choices() -> None:
    edits = Edits(CategoricalSearchSpace("mixed", [3, 2, 3]))
    codes = np.zeros((3, 3), dtype=np.int8)
    layers = np.array([0, 1, 2])
    priors = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, NEVER], [0.6, 0.7, 0.8]])
    outputs = edits.in_vocabulary(priors, layers)
    np.testing.assert_array_equal(
        outputs, [[NEVER, NEVER, 0.1, 0.2, 0.3], [0.4, 0.5, NEVER, NEVER, NEVER], [NEVER, NEVER, 0.6, 0.7, 0.8]]
    )
    np.testing.assert_array_equal(edits.apply(codes, layers, np.array([4, 1, 3])), [[2, 0, 0], [0, 1, 0], [0, 0, 1]])
    assert not codes.any(), "a centre is not edited in place"


@pytest.mark.parametrize("name", ["nasbench101", "nasbench201", "nasbench301", "transbench101_macro", "mobilenet"])
def test_neighborhoods_are_all_valid_changes_of_one_component(name: str) -> None:
    space = get_search_space(name)
    codes = space.sample(5, np.random.default_rng(1))
    edited, valid = Edits(space).neighborhood(codes)
    for code, choices, allowed in zip(codes, edited, valid, strict=True):
        for layer, size in enumerate(space.cardinalities):
            changed = np.repeat(code[None], size, axis=0)
            changed[:, layer] = np.arange(size)
            np.testing.assert_array_equal(choices[layer, :size], changed)
            np.testing.assert_array_equal(allowed[layer, :size], space.is_valid(changed))
            assert not allowed[layer, size:].any() and allowed[layer, code[layer]]


def test_the_first_layers_of_a_unit_stay_and_absent_ones_are_the_last() -> None:
    space = get_search_space("mobilenet")
    code = np.array([[1, 2, 3, 0] * 5], dtype=np.int8)
    valid = Edits(space).neighborhood(code)[1][0]
    assert not valid[[0, 1], 0].any(), "never absent"
    assert valid[2, 0] and valid[3].all()
    code[0, 3] = 4
    assert not Edits(space).neighborhood(code)[1][0, 2, 0], "the fourth layer would be without its third"
