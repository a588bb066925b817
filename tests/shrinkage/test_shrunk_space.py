import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.encodings.paths import has_paths
from naslib_ext.errors import DataFileError, InvalidArchitecture, UnsupportedSpace
from naslib_ext.search_spaces import CategoricalSearchSpace, Codes, SearchSpace, get_search_space
from naslib_ext.shrinkage import ShrunkSearchSpace
from naslib_ext.testing.search_space import SearchSpaceContract

NAMES = ("nasbench101", "nasbench201", "nasbench301", "transbench101_micro", "transbench101_macro", "nasbench_macro",
         "mobilenet")  # fmt: skip


def ball(space: SearchSpace, seeds: int = 3, steps: int = 2) -> Codes:
    """(m, L) a few architectures and what is within ``steps`` edits, so that every member has a neighbour."""
    codes = space.sample(seeds, np.random.default_rng(0))
    for _ in range(steps):
        codes = np.unique(np.concatenate([codes, space.neighbors_of(codes)[0][::3]]), axis=0)
    return codes


class TestContract(SearchSpaceContract):
    @pytest.fixture(params=["nasbench201", "nasbench301", "transbench101_macro", "nasbench_macro", "mobilenet"])
    def space(self, request: pytest.FixtureRequest) -> SearchSpace:
        parent = get_search_space(request.param)
        codes = parent.sample(3, np.random.default_rng(0))
        near = parent.neighbors_of(codes)[0]
        return ShrunkSearchSpace(parent, np.concatenate([codes, near, parent.neighbors_of(near[::9])[0]]))


class TestFunctionsAsMembers(SearchSpaceContract):
    @pytest.fixture
    def space(self) -> SearchSpace:
        parent = get_search_space("nasbench101")
        codes = parent.sample(2, np.random.default_rng(0))
        near = parent.neighbors_of(codes)[0]
        return ShrunkSearchSpace(parent, np.concatenate([codes, near, parent.neighbors_of(near[::9])[0]]))


@pytest.mark.parametrize("name", NAMES)
def test_members_alone_are_valid(name: str) -> None:
    space, rng = get_search_space(name), np.random.default_rng(1)
    codes = ball(space)
    members, others = codes[::2], codes[1::2]
    shrunk = ShrunkSearchSpace(space, members)
    kept = set(space.keys(members))
    assert shrunk.size == len(kept)
    assert shrunk.is_valid(codes).tolist() == [key in kept for key in space.keys(codes)]
    assert set(space.keys(shrunk.sample(200, rng))) <= kept
    assert set(space.keys(shrunk.enumerate())) == kept and len(shrunk.enumerate()) == len(kept)
    outside = next(code for code, key in zip(others, space.keys(others), strict=True) if key not in kept)
    with pytest.raises(InvalidArchitecture):
        shrunk.neighbors(outside)


@pytest.mark.parametrize("name", NAMES)
def test_neighbors_are_the_parents_inside(name: str) -> None:
    space = get_search_space(name)
    shrunk = ShrunkSearchSpace(space, ball(space)[::2])
    for code in shrunk.sample(5, np.random.default_rng(0)):
        around = space.neighbors(code)
        np.testing.assert_array_equal(shrunk.neighbors(code), around[shrunk.is_valid(around)])


def test_sampling_is_uniform() -> None:
    space = get_search_space("nasbench201")
    shrunk = ShrunkSearchSpace(space, ball(space, 1, 1))
    drawn = shrunk.sample(100 * shrunk.size, np.random.default_rng(0))
    counts = np.unique(drawn, axis=0, return_counts=True)[1]
    assert len(counts) == shrunk.size and counts.min() > 50 and counts.max() < 160


def test_mutants_are_uniform_neighbors() -> None:
    space = get_search_space("nasbench201")
    shrunk = ShrunkSearchSpace(space, ball(space, 1, 1))
    code = shrunk.enumerate()[0]
    around = shrunk.neighbors(code)
    mutants = shrunk.mutate(np.repeat(code[None], 200 * len(around), axis=0), np.random.default_rng(0))
    found, counts = np.unique(mutants, axis=0, return_counts=True)
    np.testing.assert_array_equal(found, np.unique(around, axis=0))
    assert counts.min() > 140


def test_a_lonely_member_has_no_neighbors_and_mutates_into_another() -> None:
    space = CategoricalSearchSpace("line", [5] * 4)
    members = np.array([[0, 0, 0, 0], [2, 2, 2, 2], [4, 4, 4, 4]], dtype=np.int8)
    shrunk = ShrunkSearchSpace(space, members)
    assert shrunk.neighbors(members[0]).shape == (0, 4)
    mutants = shrunk.mutate(np.repeat(members[:1], 100, axis=0), np.random.default_rng(0))
    assert {tuple(row) for row in mutants.tolist()} == {(2, 2, 2, 2), (4, 4, 4, 4)}
    alone = ShrunkSearchSpace(space, members[:1])
    np.testing.assert_array_equal(alone.mutate(members[:1], np.random.default_rng(0)), members[:1])


def test_a_function_is_one_member_and_all_its_codes_are_valid() -> None:
    space = get_search_space("nasbench101")
    codes = space.sample(200, np.random.default_rng(0))
    shrunk = ShrunkSearchSpace(space, codes)
    assert shrunk.size == shrunk.num_functions == len(set(space.keys(codes, "canonical")))
    assert shrunk.is_valid(codes).all() and shrunk.key == "canonical"


def test_isomorphs_can_be_removed_where_the_parent_keeps_them() -> None:
    space = get_search_space("nasbench201")
    everything = space.enumerate()
    by_function = ShrunkSearchSpace(space, everything, "canonical")
    assert by_function.size == by_function.num_functions == 6466
    by_code = ShrunkSearchSpace(space, everything)
    assert (by_code.size, by_code.num_functions) == (15_625, 6466)
    canonical = by_code.canonical(everything)
    assert len(np.unique(canonical, axis=0)) == 6466
    np.testing.assert_array_equal(space.canonical(canonical), space.canonical(everything))


def test_encodings_know_the_parents_cells() -> None:
    space = get_search_space("nasbench101")
    shrunk = ShrunkSearchSpace(space, ball(space))
    assert has_paths(shrunk) and isinstance(shrunk, type(space)) and shrunk.name == "nasbench101_shrunk"


def test_operations_are_placed_on_members() -> None:
    space = get_search_space("nasbench301")
    shrunk, rng = ShrunkSearchSpace(space, ball(space)), np.random.default_rng(0)
    code = shrunk.sample(1, rng)[0]
    operations = shrunk.operations(code[None])[0]
    for shape in ((16,), (2, 8)):
        counts = np.stack([np.bincount(row, minlength=7) for row in operations.reshape(shape).reshape(-1, shape[-1])])
        placed = shrunk.place_operations(counts.reshape(-1, 7) if len(shape) > 1 else counts[0], rng)
        assert shrunk.is_valid(placed[None])[0]
    with pytest.raises(InvalidArchitecture, match="no member"):
        shrunk.place_operations(np.array([16, 0, 0, 0, 0, 0, 0]), rng)


@pytest.mark.parametrize("name", ["nasbench101", "nasbench301"])
def test_files_round_trip_without_pickles(name: str, tmp_path: Path) -> None:
    space = get_search_space(name)
    shrunk = ShrunkSearchSpace(space, ball(space))
    path = tmp_path / "shrunk.npz"
    shrunk.save(path)
    loaded = ShrunkSearchSpace.load(path)
    np.testing.assert_array_equal(loaded.enumerate(), shrunk.enumerate())
    assert loaded.parent is space and loaded.key == shrunk.key
    np.load(path, allow_pickle=False)
    before = path.read_bytes()
    loaded.save(path)
    assert path.read_bytes() == before


def test_a_space_of_ones_own_is_saved_and_loaded(tmp_path: Path) -> None:
    space = CategoricalSearchSpace("mine", [3, 4, 5])
    ShrunkSearchSpace(space, space.enumerate()[:7]).save(tmp_path / "a.npz")
    assert ShrunkSearchSpace.load(tmp_path / "a.npz", space).parent is space
    assert ShrunkSearchSpace.load(tmp_path / "a.npz").size == 7
    with pytest.raises(DataFileError, match="not of 'nasbench201'"):
        ShrunkSearchSpace.load(tmp_path / "a.npz", get_search_space("nasbench201"))


def test_bad_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="no such file"):
        ShrunkSearchSpace.load(tmp_path / "none.npz")
    (tmp_path / "bad.npz").write_bytes(b"nonsense")
    with pytest.raises(DataFileError, match="damaged"):
        ShrunkSearchSpace.load(tmp_path / "bad.npz")


def test_members_must_be_there_and_valid() -> None:
    space = get_search_space("nasbench301")
    with pytest.raises(InvalidArchitecture, match="at least one"):
        ShrunkSearchSpace(space, np.empty((0, 32), dtype=np.int8))
    with pytest.raises(InvalidArchitecture, match="row 0"):
        ShrunkSearchSpace(space, np.zeros((1, 32), dtype=np.int8))


def test_a_shrunk_space_shrinks_again() -> None:
    space = get_search_space("nasbench201")
    first = ShrunkSearchSpace(space, ball(space))
    second = ShrunkSearchSpace(first, first.enumerate()[:5])
    assert second.parent is space and second.size == 5
    with pytest.raises(InvalidArchitecture):
        ShrunkSearchSpace(second, first.enumerate())


def test_a_million_members_are_compact() -> None:
    """Under 1 GB while it is built, and 40 bytes a member afterwards."""
    space, rng = get_search_space("nasbench301"), np.random.default_rng(0)
    codes = space.sample(1_000_000, rng)
    tracemalloc.start()
    shrunk = ShrunkSearchSpace(space, codes)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert shrunk.size > 990_000
    assert peak < 5e8 and kept < 45 * shrunk.size
    assert shrunk.is_valid(codes[:1000]).all() and not shrunk.is_valid(space.sample(1000, rng)).any()
    with pytest.raises(UnsupportedSpace):
        space.enumerate()
