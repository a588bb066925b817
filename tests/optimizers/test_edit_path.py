from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naslib_ext.optimizers.edit_path import align, walk
from naslib_ext.search_spaces import SearchSpace, get_search_space, list_search_spaces
from naslib_ext.search_spaces.nasbench101 import SOURCES, TARGETS

EXACT = [get_search_space(name) for name in list_search_spaces() if name != "nasbench101"]
CELLS = get_search_space("nasbench101")
FEW = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def distance(space: SearchSpace, a: np.ndarray, b: np.ndarray) -> int:
    return int(space.edit_distance(a[None], b[None])[0])


@pytest.mark.parametrize("space", EXACT, ids=lambda space: space.name)
@given(seed=seeds)
@FEW
def test_a_walk_is_a_shortest_path(space: SearchSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    start, goal = space.sample(2, rng)
    aligned = align(space, start, goal)
    assert (aligned[0] == start).all() and (aligned[1] == goal).all()
    length, here = distance(space, start, goal), start
    for step in range(1, length + 1):
        further = walk(space, here, goal, 1, rng)
        assert space.is_valid(further[None])[0]
        assert distance(space, further, goal) == length - step
        assert (space.neighbors(here) == further).all(axis=1).any()
        here = further
    assert (here == goal).all()
    assert (walk(space, start, goal, 99, rng) == goal).all()
    assert (walk(space, goal, goal, 3, rng) == goal).all()


def matched_distance(a: np.ndarray, b: np.ndarray) -> int:
    """Least edits over all matchings of the inner vertices, edges may turn around: none is shorter."""
    matrices = []
    for code in (a, b):
        matrix = np.zeros((7, 7), dtype=int)
        matrix[SOURCES, TARGETS] = code[:21]
        matrices.append(matrix)
    best = 99
    for order in permutations(range(1, 6)):
        names = np.array([0, *order, 6])
        moved = matrices[1][np.ix_(names, names)]
        best = min(best, int((matrices[0] != moved).sum() + (a[21:] != b[21:][names[1:6] - 1]).sum()))
    return best


@given(seed=seeds)
@FEW
def test_cells_are_matched(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = CELLS.canonical(CELLS.sample(2, rng))
    first, second = align(CELLS, a, b)
    assert (CELLS.canonical(np.stack([first, second])) == np.stack([a, b])).all()
    assert matched_distance(a, b) <= distance(CELLS, first, second) <= distance(CELLS, a, b)
    back = align(CELLS, b, a)
    assert distance(CELLS, *back) == distance(CELLS, first, second)


@given(seed=seeds)
@FEW
def test_isomorphic_cells_are_no_edits_apart(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = CELLS.sample(1, rng)[0]
    isomorphic = CELLS.canonical(a[None])[0]
    assert distance(CELLS, *align(CELLS, a, isomorphic)) == 0


@given(seed=seeds)
@FEW
def test_walks_between_cells_stay_valid_and_come_nearer(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start, goal = align(CELLS, *CELLS.sample(2, rng))
    length = distance(CELLS, start, goal)
    half = walk(CELLS, start, goal, (length + 1) // 2, rng)
    assert CELLS.is_valid(half[None])[0]
    assert distance(CELLS, start, half) + distance(CELLS, half, goal) == length
