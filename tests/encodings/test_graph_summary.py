"""The dynamic programme against a listing of all paths."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naslib_ext.encodings import graph_summary
from naslib_ext.errors import InvalidArchitecture
from naslib_ext.search_spaces.nasbench101 import OPERATIONS, NASBench101SearchSpace

SPACE = NASBench101SearchSpace()
CONV3X3 = OPERATIONS.index("conv3x3-bn-relu")


def edges_of(code: np.ndarray) -> list[tuple[int, int]]:
    pairs = [(source, target) for source in range(7) for target in range(source + 1, 7)]
    return [pair for pair, bit in zip(pairs, code[:21], strict=True) if bit]


def paths_of(edges: list[tuple[int, int]]) -> list[list[int]]:
    """Every path from the input to the output, as vertices."""
    done, open_paths = [], [[0]]
    while open_paths:
        path = open_paths.pop()
        if path[-1] == 6:
            done.append(path)
        else:
            open_paths += [[*path, target] for source, target in edges if source == path[-1]]
    return done


def brute_force(code: np.ndarray) -> list[float]:
    paths = paths_of(edges_of(code))
    live = {vertex for path in paths for vertex in path}
    operations = [int(code[20 + vertex]) for vertex in sorted(live - {0, 6})]
    used = {pair for path in paths for pair in pairwise(path)}
    lengths = [len(path) - 1 for path in paths]
    convolutions = [sum(code[20 + vertex] == CONV3X3 for vertex in path[1:-1]) for path in paths]
    return [
        *(operations.count(op) for op in range(3)), len(used), len(paths), max(lengths), min(lengths),
        sum(lengths) / len(lengths), max(convolutions),
    ]  # fmt: skip


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, derandomize=True, database=None, max_examples=25)
def test_against_all_paths(seed: int) -> None:
    codes = SPACE.sample(20, np.random.default_rng(seed))
    np.testing.assert_allclose(graph_summary(SPACE, codes), [brute_force(code) for code in codes], rtol=1e-6)


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, derandomize=True, database=None, max_examples=10)
def test_isomorphic_cells_have_the_same_summary(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = SPACE.sample(50, rng)
    np.testing.assert_array_equal(graph_summary(SPACE, SPACE.canonical(codes)), graph_summary(SPACE, codes))
    changed = codes.copy()
    dead = SPACE.operations(codes) < 0
    changed[:, 21:][dead] = rng.integers(0, 3, dead.sum())
    np.testing.assert_array_equal(graph_summary(SPACE, changed), graph_summary(SPACE, codes))


def cell(edges: list[tuple[int, int]], operations: list[int]) -> np.ndarray:
    pairs = [(source, target) for source in range(7) for target in range(source + 1, 7)]
    return np.array([[int(pair in edges) for pair in pairs] + operations], dtype=np.int8)


@pytest.mark.parametrize(
    ("edges", "operations", "expected"),
    [
        ([(0, 6)], [2] * 5, [0, 0, 0, 1, 1, 1, 1, 1, 0]),
        ([(0, 3), (3, 6)], [0, 0, 2, 0, 0], [0, 0, 1, 2, 1, 2, 2, 2, 1]),
        ([(i, i + 1) for i in range(6)], [2, 2, 1, 0, 2], [1, 1, 3, 6, 1, 6, 6, 6, 3]),
        ([(0, 1), (0, 2), (1, 6), (2, 6), (0, 6), (1, 5)], [2, 1, 0, 0, 2], [0, 1, 1, 5, 3, 2, 1, 5 / 3, 1]),
        ([(0, 1), (1, 2), (0, 2), (2, 3), (1, 3), (3, 6), (2, 6)], [2, 2, 2, 0, 0],
         [0, 0, 3, 7, 5, 4, 2, 3, 3]),
    ],
)  # fmt: skip
def test_by_hand(edges: list[tuple[int, int]], operations: list[int], expected: list[float]) -> None:
    features = graph_summary(SPACE, cell(edges, operations))
    assert features.dtype == np.float32 and features.shape == (1, 9)
    np.testing.assert_allclose(features[0], expected, rtol=1e-6)


def test_nothing() -> None:
    assert graph_summary(SPACE, np.empty((0, 26), dtype=np.int8)).shape == (0, 9)


def test_what_is_no_cell_is_refused() -> None:
    with pytest.raises(InvalidArchitecture):
        graph_summary(SPACE, np.zeros((1, 26), dtype=np.int8))
