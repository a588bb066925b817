"""The path encoding against walks through the cells one by one, and the published numbers of paths."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naslib_ext.encodings.by_name import ENCODINGS, features_of
from naslib_ext.encodings.one_hot import one_hot
from naslib_ext.encodings.paths import path_encoding
from naslib_ext.errors import InvalidArchitecture, UnknownName
from naslib_ext.search_spaces import SearchSpace, get_search_space, list_search_spaces

PUBLISHED = {"nasbench101": (364, 40), "nasbench201": (155, 30), "transbench101_micro": (84, 20)}
"""White et al.: sums of 3^i for i = 0..5 and 0..3, of 5^i for i = 1..3 and 1..2; the same with four operations."""

CELLS = [*PUBLISHED, "nasbench301"]


def walk(edges: dict[int, list[tuple[int, int | None]]], node: int, ends: set[int]) -> Iterator[tuple[int, ...]]:
    """The operations of every way from ``node`` to one of ``ends``; edges are (target, operation on the way)."""
    if node in ends:
        yield ()
    for target, operation in edges.get(node, []):
        for rest in walk(edges, target, ends):
            yield rest if operation is None else (operation, *rest)


def paths_of(space: SearchSpace, code: np.ndarray) -> set[tuple[int, tuple[int, ...]]]:
    """(block, operations) of every path of one cell after the other, by recursion."""
    if space.name == "nasbench101":
        matrix = np.zeros((7, 7), dtype=int)
        matrix[np.triu_indices(7, 1)] = code[:21]
        held = [None, *code[21:].tolist(), None]
        edges = {i: [(j, held[j]) for j in range(7) if matrix[i, j]] for i in range(7)}
        return {(0, path) for path in walk(edges, 0, {6})}
    if space.name == "nasbench301":
        found = set()
        for number, cell in enumerate(space.to_spec(code)):
            edges = {}
            for position, (source, operation) in enumerate(cell):
                edges.setdefault(source, []).append((position // 2 + 2, operation))
            for source in (0, 1):
                ways = walk(edges, source, {2, 3, 4, 5})
                found |= {(2 * number + source, path) for path in ways}
        return found
    edges = {}
    for (source, target), operation in zip(space.edges, code.tolist(), strict=True):
        edges.setdefault(source, []).append((target, operation))
    return {(0, path) for path in walk(edges, 0, {3})}


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("truncated", [False, True])
def test_two_cells_are_equal_exactly_when_their_paths_are(name: str, truncated: bool) -> None:
    space = get_search_space(name)
    codes = space.sample(60, np.random.default_rng(0))
    codes = np.concatenate([codes, space.mutate(codes, np.random.default_rng(1)), space.canonical(codes)])
    kept = {"nasbench101": 3}.get(name, 2) if truncated else 9
    expected = [frozenset(path for path in paths_of(space, code) if len(path[1]) <= kept) for code in codes]
    features = path_encoding(space, codes, truncated)
    assert features.sum(axis=1).tolist() == [len(paths) for paths in expected]
    seen: dict[bytes, frozenset] = {}
    for row, paths in zip(features, expected, strict=True):
        assert seen.setdefault(row.tobytes(), paths) == paths
    assert len(seen) == len(set(expected))


@pytest.mark.parametrize(("name", "sizes"), PUBLISHED.items())
def test_the_published_numbers_of_paths(name: str, sizes: tuple[int, int]) -> None:
    space = get_search_space(name)
    codes = space.sample(2000, np.random.default_rng(0))
    for truncated, size in zip((False, True), sizes, strict=True):
        features = path_encoding(space, codes, truncated)
        assert features.dtype == np.float32 and features.shape == (2000, size)
        assert set(np.unique(features)) == {0, 1}
    full = path_encoding(space, codes)
    np.testing.assert_array_equal(path_encoding(space, codes, truncated=True), full[:, : sizes[1]])


def test_the_positions_of_nas_bench_201_are_the_published_ones() -> None:
    """Edge (0, 3) first; then pairs of operations with the first one as the lower digit."""
    space = get_search_space("nasbench201")
    code = [1, 2, 3, 4, 0, 2]  # edges (0,1) (0,2) (0,3) (1,2) (1,3) (2,3)
    expected = {3, 5 + 1 + 5 * 0, 5 + 2 + 5 * 2, 30 + 1 + 5 * 4 + 25 * 2}
    assert set(np.flatnonzero(path_encoding(space, [code])[0])) == expected


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_isomorphic_cells_have_the_same_paths(seed: int) -> None:
    for name in ("nasbench101", "nasbench301"):
        space = get_search_space(name)
        codes = space.sample(5, np.random.default_rng(seed))
        np.testing.assert_array_equal(
            path_encoding(space, codes, True), path_encoding(space, space.canonical(codes), True)
        )


@pytest.mark.parametrize("name", [name for name in list_search_spaces() if name not in CELLS])
def test_chains_are_one_hot(name: str) -> None:
    space = get_search_space(name)
    codes = space.sample(10, np.random.default_rng(0))
    np.testing.assert_array_equal(path_encoding(space, codes), one_hot(space, codes))


@pytest.mark.parametrize("name", CELLS)
def test_nothing_and_what_is_no_architecture(name: str) -> None:
    space = get_search_space(name)
    assert len(path_encoding(space, np.empty((0, space.num_positions), dtype=np.int8))) == 0
    with pytest.raises(InvalidArchitecture):
        path_encoding(space, [[99] * space.num_positions])


@pytest.mark.parametrize("name", list_search_spaces())
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_by_name(name: str, encoding: str) -> None:
    space = get_search_space(name)
    codes = space.sample(20, np.random.default_rng(0))
    features = features_of(space, codes, encoding)
    assert features.shape[0] == 20 and features.dtype == np.float32
    assert features.min() >= 0 and features.max() <= 1
    np.testing.assert_array_equal(features_of(space, codes[:3], encoding), features[:3])
    if space.key == "canonical":
        np.testing.assert_array_equal(features_of(space, space.canonical(codes), encoding), features)


def test_an_unknown_encoding_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'adjacency'"):
        features_of(get_search_space("nasbench201"), [[0] * 6], "adjacenzy")
