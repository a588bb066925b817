"""What every search space must do, as tests to inherit.

    class TestMine(SearchSpaceContract):
        @pytest.fixture
        def space(self) -> SearchSpace:
            return MySearchSpace()

Every test draws its architectures from ``space.sample`` with seeds that hypothesis chooses, always the same ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naslib_ext.errors import InvalidArchitecture, UnsupportedSpace
from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.testing.made_up import FEW

SEEDS = st.integers(min_value=0, max_value=2**32 - 1)


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


class SearchSpaceContract:
    """Subclass it and override the fixture ``space``."""

    @pytest.fixture
    def space(self) -> SearchSpace:
        raise NotImplementedError("a subclass of SearchSpaceContract overrides the fixture 'space'")

    # drawing

    @given(seed=SEEDS)
    @FEW
    def test_samples_are_valid_codes(self, space: SearchSpace, seed: int) -> None:
        codes = space.sample(50, _rng(seed))
        assert codes.shape == (50, space.num_positions) and codes.dtype == np.int8
        assert space.is_valid(codes).all()

    @given(seed=SEEDS)
    @FEW
    def test_the_same_seed_gives_the_same_architectures(self, space: SearchSpace, seed: int) -> None:
        first, second = space.sample(20, _rng(seed)), space.sample(20, _rng(seed))
        np.testing.assert_array_equal(first, second)
        np.testing.assert_array_equal(space.mutate(first, _rng(seed)), space.mutate(second, _rng(seed)))

    def test_samples_vary_and_size_counts_them(self, space: SearchSpace) -> None:
        distinct = np.unique(space.sample(500, _rng(0)), axis=0)
        assert 1 < len(distinct) <= space.size
        assert space.num_functions is None or space.num_functions <= space.size

    # sameness

    @given(seed=SEEDS)
    @FEW
    def test_canonical_is_valid_and_idempotent(self, space: SearchSpace, seed: int) -> None:
        codes = space.sample(50, _rng(seed))
        before = codes.copy()
        canonical = space.canonical(codes)
        assert space.is_valid(canonical).all()
        np.testing.assert_array_equal(space.canonical(canonical), canonical)
        np.testing.assert_array_equal(codes, before, "canonical must not write into its argument")

    @given(seed=SEEDS)
    @FEW
    def test_keys_agree_with_equality(self, space: SearchSpace, seed: int) -> None:
        codes = np.repeat(space.sample(20, _rng(seed)), 2, axis=0)
        assert len(set(space.keys(codes, "code"))) == len(np.unique(codes, axis=0))
        assert len(set(space.keys(codes, "canonical"))) == len(np.unique(space.canonical(codes), axis=0))

    # single edits

    @given(seed=SEEDS)
    @FEW
    def test_neighbors_are_the_valid_single_edits(self, space: SearchSpace, seed: int) -> None:
        code = space.sample(1, _rng(seed))[0]
        neighbors = space.neighbors(code)
        assert space.is_valid(neighbors).all()
        assert len(np.unique(neighbors, axis=0)) == len(neighbors) > 0
        assert (neighbors != code).any(axis=1).all()
        np.testing.assert_array_equal(space.neighbors(code), neighbors, "the order is fixed")
        assert (space.edit_distance(np.broadcast_to(code, neighbors.shape), neighbors) == 1).all()

    @given(seed=SEEDS)
    @FEW
    def test_neighbors_are_symmetric(self, space: SearchSpace, seed: int) -> None:
        code = space.sample(1, _rng(seed))[0]
        neighbors = space.neighbors(code)
        back, owners = space.neighbors_of(neighbors)
        found = np.bincount(owners[(back == code).all(axis=1)], minlength=len(neighbors))
        assert (found == 1).all()

    @given(seed=SEEDS)
    @FEW
    def test_neighbors_of_many_are_those_of_each(self, space: SearchSpace, seed: int) -> None:
        codes = space.sample(4, _rng(seed))
        together, owners = space.neighbors_of(codes)
        assert (np.diff(owners) >= 0).all()
        for row, code in enumerate(codes):
            np.testing.assert_array_equal(together[owners == row], space.neighbors(code))

    @given(seed=SEEDS)
    @FEW
    def test_a_mutant_is_a_neighbor(self, space: SearchSpace, seed: int) -> None:
        rng = _rng(seed)
        codes = np.repeat(space.sample(2, rng), 10, axis=0)
        mutants = space.mutate(codes, rng)
        assert mutants.shape == codes.shape and mutants.dtype == np.int8
        for code, mutant in zip(codes, mutants, strict=True):
            assert mutant.tolist() in space.neighbors(code).tolist()

    @given(seed=SEEDS)
    @FEW
    def test_edit_distance_is_a_metric(self, space: SearchSpace, seed: int) -> None:
        rng = _rng(seed)
        a, b, c = (space.sample(30, rng) for _ in range(3))
        assert (space.edit_distance(a, a) == 0).all()
        assert ((space.edit_distance(a, b) == 0) == (a == b).all(axis=1)).all()
        np.testing.assert_array_equal(space.edit_distance(a, b), space.edit_distance(b, a))
        assert (space.edit_distance(a, c) <= space.edit_distance(a, b) + space.edit_distance(b, c)).all()

    # the operation view

    @given(seed=SEEDS)
    @FEW
    def test_operations_can_be_placed_again(self, space: SearchSpace, seed: int) -> None:
        if not space.operation_names:
            with pytest.raises(UnsupportedSpace):
                space.operations(space.sample(1, _rng(seed)))
            return
        rng = _rng(seed)
        operations = space.operations(space.sample(5, rng))
        assert operations.min() >= -1 and operations.max() < space.num_operations
        for counts in _count(space, operations):
            placed = space.place_operations(counts, rng)
            assert space.is_valid(placed[None]).all()
            np.testing.assert_array_equal(_count(space, space.operations(placed[None]))[0], counts)

    def test_impossible_counts_are_refused(self, space: SearchSpace) -> None:
        if not space.operation_names:
            pytest.skip("no operation view")
        impossible = (
            np.full(space.num_operations, 1000),
            np.full(space.num_operations, -1),
            np.zeros(space.num_operations + 1, dtype=int),
            np.full(space.num_operations, 0.5),
        )
        for counts in impossible:
            with pytest.raises(InvalidArchitecture):
                space.place_operations(counts, _rng(0))

    # specs and text

    @given(seed=SEEDS)
    @FEW
    def test_specs_and_strings_round_trip(self, space: SearchSpace, seed: int) -> None:
        for code in space.sample(5, _rng(seed)):
            spec = space.to_spec(code)
            hash(spec)
            np.testing.assert_array_equal(space.from_spec(spec), code)
            np.testing.assert_array_equal(space.from_string(space.to_string(code)), code)
            np.testing.assert_array_equal(space.from_string(" ".join(map(str, code))), code)

    @pytest.mark.parametrize("spec", [(), (1,), (99,) * 500, "nonsense", None, ((1, 2), (3,)), {"matrix": 1}])
    def test_a_bad_spec_is_refused(self, space: SearchSpace, spec: Any) -> None:
        with pytest.raises(InvalidArchitecture):
            space.from_spec(spec)

    @pytest.mark.parametrize("text", ["", "nonsense", "1", "99-99-99"])
    def test_a_bad_string_is_refused(self, space: SearchSpace, text: str) -> None:
        with pytest.raises(InvalidArchitecture):
            space.from_string(text)

    # errors

    def test_values_out_of_range_are_invalid(self, space: SearchSpace) -> None:
        code = space.sample(1, _rng(0))[0]
        for position, cardinality in enumerate(space.cardinalities):
            for value in (-1, int(cardinality), 1000):  # 1000 does not fit into int8
                wrong = np.stack([code, code]).astype(np.int64)
                wrong[1, position] = value
                assert space.is_valid(wrong).tolist() == [True, False]
                with pytest.raises(InvalidArchitecture, match="row 1"):
                    space.check(wrong)

    def test_every_method_refuses_an_invalid_code(self, space: SearchSpace) -> None:
        wrong = np.full((1, space.num_positions), 127, dtype=np.int8)
        for name, method in _methods(space).items():
            try:
                method(wrong)
            except InvalidArchitecture:
                continue
            pytest.fail(f"{name} took an invalid code")
        for of_one in (space.neighbors, space.to_spec, space.to_string):
            with pytest.raises(InvalidArchitecture):
                of_one(wrong[0])

    def test_a_wrong_shape_or_type_is_refused(self, space: SearchSpace) -> None:
        length = space.num_positions
        floats, flat = np.zeros((2, length)), np.zeros(length, dtype=np.int8)
        for wrong in (floats, flat, np.zeros((2, length + 1), dtype=np.int8), np.zeros((1, 2, length), dtype=np.int8)):
            with pytest.raises(InvalidArchitecture):
                space.is_valid(wrong)
            with pytest.raises(InvalidArchitecture):
                space.canonical(wrong)

    # nothing in, nothing out

    def test_no_architectures_are_fine_everywhere(self, space: SearchSpace) -> None:
        empty = space.sample(0, _rng(0))
        assert empty.shape == (0, space.num_positions) and empty.dtype == np.int8
        assert space.is_valid(empty).shape == (0,)
        assert space.keys(empty) == [] and space.edit_distance(empty, empty).shape == (0,)
        for codes in (space.check(empty), space.canonical(empty), space.mutate(empty, _rng(0))):
            assert codes.shape == empty.shape and codes.dtype == np.int8
        neighbors, owners = space.neighbors_of(empty)
        assert neighbors.shape == empty.shape and owners.shape == (0,)
        if space.operation_names:
            assert space.operations(empty).shape[0] == 0


def _count(space: SearchSpace, operations: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """(n, k) how often each operation id occurs in each row."""
    counts: np.ndarray[Any, Any] = (operations[:, :, None] == np.arange(space.num_operations)).sum(axis=1)
    return counts


def _methods(space: SearchSpace) -> dict[str, Callable[[Codes], object]]:
    """The vectorised methods that take codes."""
    methods: dict[str, Callable[[Codes], object]] = {
        "check": space.check,
        "canonical": space.canonical,
        "neighbors_of": space.neighbors_of,
        "mutate": lambda codes: space.mutate(codes, _rng(0)),
        "edit_distance": lambda codes: space.edit_distance(codes, codes),
    }
    return methods | ({"operations": space.operations} if space.operation_names else {})
