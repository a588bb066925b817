from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.encodings.difference import (
    difference,
    difference_vector,
    num_differences,
    paper_num_differences,
)
from naslib_ext.encodings.difference_dataset import DifferenceDataset, generate, other_contexts, sample_pairs
from naslib_ext.errors import DataFileError, InvalidArchitecture, UnsupportedSpace
from naslib_ext.search_spaces import CategoricalSearchSpace, SearchSpace, get_search_space, list_search_spaces

SPACES = [get_search_space(name) for name in list_search_spaces()]
SMALL = CategoricalSearchSpace("small", [3, 2, 4])
FEW = settings(max_examples=10, deadline=None)

spaces = pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
seeds = st.integers(0, 2**32 - 1)


def counted(space: SearchSpace, k: int) -> int:
    """|D^k| over all pairs."""
    codes = space.enumerate()
    first, second = (codes[index.ravel()] for index in np.indices((len(codes), len(codes))))
    apart = space.edit_distance(first, second) == k
    return len(np.unique(difference_vector(space, first[apart], second[apart]), axis=0))


# the map


@spaces
@given(seed=seeds)
@FEW
def test_differences_are_antisymmetric_and_zero_for_equals_alone(space: SearchSpace, seed: int) -> None:
    a, b = space.sample(40, np.random.default_rng(seed)).reshape(2, 20, -1)
    there, back = difference_vector(space, a, b), difference_vector(space, b, a)
    assert there.dtype == np.int8 and (there == -back).all()
    assert set(np.unique(there)) <= {-1, 0, 1}
    assert (there.any(axis=1) == (a != b).any(axis=1)).all()
    assert not difference_vector(space, a, a).any()


@spaces
@given(seed=seeds)
@FEW
def test_one_edit_changes_few_entries(space: SearchSpace, seed: int) -> None:
    code = space.sample(1, np.random.default_rng(seed))[0]
    neighbors = space.neighbors(code)
    parts = difference(space, np.repeat(code[None], len(neighbors), axis=0), neighbors)
    edges, operations = (np.abs(part).sum(axis=1) for part in parts)
    assert len(np.unique(np.concatenate(parts, axis=1), axis=0)) == len(neighbors)
    if space.name == "nasbench101":
        assert set(zip(edges.tolist(), operations.tolist(), strict=True)) <= {(1, 0), (0, 2)}
    elif space.name == "nasbench301":
        assert set(zip(edges.tolist(), operations.tolist(), strict=True)) == {(2, 2), (0, 2)}
    else:
        assert parts.adjacency.shape[1] == 0 and (operations == 2).all()


def test_the_papers_example() -> None:
    """Figure 1: the second cell has another edge, and its operations are the same."""
    space = get_search_space("nasbench101")
    base = np.zeros(26, dtype=np.int8)
    base[[0, 6, 11, 15, 18, 20]] = 1  # 0-1-2-3-4-5-6
    base[21:] = [1, 2, 0, 0, 0]
    other = base.copy()
    other[1] = 1  # 0-2
    parts = difference(space, base[None], other[None])
    assert np.flatnonzero(parts.adjacency[0]).tolist() == [1] and parts.adjacency[0, 1] == 1
    assert not parts.operations.any()


def test_pairs_must_match() -> None:
    with pytest.raises(InvalidArchitecture, match="2 and 1"):
        difference(SMALL, [[0, 0, 0], [1, 1, 1]], [[0, 0, 0]])


# cardinalities


@pytest.mark.parametrize("k", range(5))
def test_block_spaces_are_counted(k: int) -> None:
    assert num_differences(SMALL, k) == counted(SMALL, k)


@pytest.mark.parametrize("k", range(4))
def test_equal_positions_follow_the_corrected_theorem(k: int) -> None:
    n, r = 3, 4
    space = CategoricalSearchSpace("equal", [r] * n)
    assert space.size == r**n  # Theorem 1
    assert counted(space, k) == num_differences(space, k) == comb(n, k) * (r * (r - 1)) ** k
    assert paper_num_differences(n, r, k) == comb(n, k) * r**k


def test_known_spaces() -> None:
    assert num_differences(get_search_space("nasbench201"), 1) == 120
    assert num_differences(get_search_space("nasbench101"), 1) == 21 * 2 + 5 * 6
    assert num_differences(get_search_space("shufflenetv2"), 1) == 20 * 12
    assert paper_num_differences(20, 4, 1) == 80
    # a moved edge: an ordered pair of different sources with any operation; a changed one: 42 pairs at any source
    assert num_differences(get_search_space("nasbench301"), 1) == 2 * sum(
        sources * (sources - 1) * 7 * (sources > 2) + sources * 42 for sources in range(2, 6)
    )
    with pytest.raises(UnsupportedSpace, match="more than 5"):
        num_differences(get_search_space("nasbench101"), 6)


class Ascending(SearchSpace):
    """Three digits that never fall: a space with a rule of its own."""

    def __init__(self) -> None:
        super().__init__("ascending", [4, 4, 4])

    def _satisfies(self, codes: np.ndarray) -> np.ndarray:
        return (codes[:, 1:] >= codes[:, :-1]).all(axis=1)


@pytest.mark.parametrize("k", range(5))
def test_spaces_with_rules_are_listed(k: int) -> None:
    assert num_differences(Ascending(), k) == counted(Ascending(), k)


def test_large_spaces_with_rules_have_their_neighbours_listed() -> None:
    space = get_search_space("transbench101_macro")
    codes = space.enumerate()
    neighbors, owners = space.neighbors_of(codes)
    assert num_differences(space, 1) == len(np.unique(difference_vector(space, codes[owners], neighbors), axis=0))
    with pytest.raises(UnsupportedSpace, match="rules of its own"):
        num_differences(space, 2)


def test_absent_layers_of_mobilenet() -> None:
    """One edit: 72 at each of the first two layers of a unit, 90 at each of the other two."""
    assert num_differences(get_search_space("mobilenet"), 1) == 5 * (2 * 72 + 2 * 90)


@given(seed=seeds, k=st.integers(1, 5))
@FEW
def test_every_small_difference_of_nasbench101_has_a_pair(seed: int, k: int) -> None:
    """The argument of ``num_differences``: the construction gives valid cells for any k <= 5 changed positions."""
    space, rng = get_search_space("nasbench101"), np.random.default_rng(seed)
    changed = rng.permutation(26)[:k]
    a = np.zeros(26, dtype=np.int8)
    b = a.copy()
    a[changed] = rng.integers(0, space.cardinalities[changed])
    b[changed] = (a[changed] + rng.integers(1, space.cardinalities[changed])) % space.cardinalities[changed]
    leaves = [int(np.flatnonzero(np.triu_indices(7, 1)[0] == vertex)[-1]) for vertex in range(1, 6)]
    ways = [(5,), *((vertex - 1, leaves[vertex - 1]) for vertex in range(1, 6))]
    free = next(way for way in ways if not set(way) & set(changed.tolist()))
    a[list(free)] = b[list(free)] = 1
    assert space.is_valid(np.stack([a, b])).all()
    assert space.edit_distance(a[None], b[None])[0] == k


# Algorithm 1


@spaces
@pytest.mark.parametrize("k", [1, 3])
def test_pairs_are_k_edits_apart_and_contexts_share_the_difference(space: SearchSpace, k: int) -> None:
    rng = np.random.default_rng(k)
    a, b = sample_pairs(space, 25, k, rng)
    assert (space.edit_distance(a, b) == k).all()
    assert all(x != y for x, y in zip(space.keys(a), space.keys(b), strict=True))
    first, second = other_contexts(space, a, b, 4, rng)
    assert first.shape == second.shape == (25, 4, space.num_positions)
    assert (first[:, 0] == a).all() and (second[:, 0] == b).all()
    vectors = difference_vector(space, first.reshape(100, -1), second.reshape(100, -1)).reshape(25, 4, -1)
    assert (vectors == vectors[:, :1]).all()
    contexts = [len(np.unique(codes, axis=0)) for codes in first]
    assert np.mean(contexts) > 2  # others are found


def test_there_are_no_pairs_further_apart_than_the_space() -> None:
    with pytest.raises(UnsupportedSpace, match="4 edits"):
        sample_pairs(SMALL, 3, 4, np.random.default_rng(0))


def test_deltas_are_the_targets(tables: Path, tmp_path: Path) -> None:
    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    data = generate(benchmark.space, 50, 2, benchmark.free["zen"], np.random.default_rng(0))
    assert data.deltas.shape == (50, 4)
    zen = [benchmark.query(codes.reshape(200, 6), "zen").reshape(50, 4) for codes in (data.first, data.second)]
    np.testing.assert_array_equal(data.deltas, zen[1] - zen[0])
    np.testing.assert_array_equal(data.means, data.deltas.mean(axis=1))
    path = tmp_path / "pairs.npz"
    data.save(path)
    loaded = DifferenceDataset.load(path)
    assert loaded.space is benchmark.space and loaded.k == 2
    for name in ("first", "second", "deltas", "vectors"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(data, name))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataFileError, match="sha256"):
        DifferenceDataset.load(path)
    with pytest.raises(DataFileError, match="cannot read"):
        DifferenceDataset.load(tmp_path / "none.npz")


def test_a_space_without_a_name_is_restored(tmp_path: Path) -> None:
    space = CategoricalSearchSpace("mine", [3, 4, 5])
    generate(space, 5, 1, lambda codes: codes.sum(axis=1), np.random.default_rng(0)).save(tmp_path / "mine.npz")
    assert DifferenceDataset.load(tmp_path / "mine.npz").space.cardinalities.tolist() == [3, 4, 5]
