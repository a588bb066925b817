import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naslib_ext.encodings.graphs import graph_tensors
from naslib_ext.search_spaces import SearchSpace, get_search_space, list_search_spaces

SPACES = [get_search_space(name) for name in list_search_spaces()]
FEW = settings(max_examples=10, deadline=None)
spaces = pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
seeds = st.integers(0, 2**32 - 1)


def paths(adjacency: np.ndarray) -> np.ndarray:
    """Number of ways from each vertex to each other, as the adjacency of a graph without cycles has them."""
    power, total = np.eye(len(adjacency)), np.zeros_like(adjacency)
    for _ in adjacency:
        power = power @ adjacency
        total += power
    assert not power.any()  # no cycles
    return total


@spaces
@given(seed=seeds)
@FEW
def test_graphs_are_acyclic_and_tell_architectures_apart(space: SearchSpace, seed: int) -> None:
    codes = space.sample(30, np.random.default_rng(seed))
    features, adjacency = graph_tensors(space, codes)
    n, vertices, _ = features.shape
    assert n == 30 and adjacency.shape == (30, vertices, vertices)
    assert (features[..., :-1].sum(axis=2) == 1).all() and set(np.unique(adjacency)) <= {0, 1}
    assert not np.tril(adjacency).any()
    assert features[0, 0, -1] == 0 and features[0, -1, -1] == 1
    flat = np.concatenate([features.reshape(n, -1), adjacency.reshape(n, -1)], axis=1)
    shown = space.canonical(codes) if space.key == "canonical" else codes
    assert len(np.unique(flat, axis=0)) == len(np.unique(shown, axis=0))


def test_four_node_cells_have_their_ways() -> None:
    """From the input to the output: by one edge, by (0,1)(1,3), by (0,2)(2,3), and by three edges."""
    for name in ("nasbench201", "transbench101_micro"):
        space = get_search_space(name)
        features, adjacency = graph_tensors(space, space.sample(3, np.random.default_rng(0)))
        assert paths(adjacency[0])[0, 7] == 4
        assert adjacency[0].sum() == 3 + 3 + 4 and (adjacency == adjacency[0]).all()
        assert features.shape[2] == space.num_operations + 3


def test_cells_of_nasbench101_have_their_edges() -> None:
    space = get_search_space("nasbench101")
    codes = space.sample(50, np.random.default_rng(1))
    features, adjacency = graph_tensors(space, codes)
    canonical = space.canonical(codes)
    assert (adjacency.sum(axis=(1, 2)) == canonical[:, :21].sum(axis=1)).all()
    assert (features[:, 1:6, 3].sum(axis=1) == 5 - space.live_vertices(codes).sum(axis=1)).all()
    same = graph_tensors(space, canonical)
    np.testing.assert_array_equal(same.features, features)
    np.testing.assert_array_equal(same.adjacency, adjacency)


def test_the_two_cells_of_nasbench301() -> None:
    """A chain: each node adds the previous node and input 0, so the longest way has four edges in use."""
    space = get_search_space("nasbench301")
    cell = [[0, 3], [1, 4], [0, 0], [2, 5], [0, 0], [3, 5], [0, 0], [4, 6]]
    code = space.from_spec((cell, cell))
    features, adjacency = graph_tensors(space, code[None])
    assert features.shape == (1, 22, 18)
    own = adjacency[0, :11, :11]
    assert adjacency[0, :11, 11:].sum() == adjacency[0, 11:, :11].sum() == 0
    np.testing.assert_array_equal(own, adjacency[0, 11:, 11:])
    assert own[:, 10].sum() == 8 and own[0, 2:10].sum() == 4 and own[1, 2:10].sum() == 1
    assert own[5, 7] == own[2, 5] == own[3, 5] == 1 and own[2:4, 7].sum() == 0
    assert features[0, 2, 3] == 1 and features[0, 13, 10] == 1  # sep_conv_3x3 of the normal, of the reduction cell


def test_absent_layers_are_stepped_over() -> None:
    space = get_search_space("mobilenet")
    code = np.array([1, 2, 0, 0] + [3, 4, 5, 0] + [1, 1, 1, 1] * 3, dtype=np.int8)
    adjacency = graph_tensors(space, code[None]).adjacency[0]
    assert adjacency.sum() == 2 + 3 + 12 + 1
    assert adjacency[2, 5] == 1 and adjacency[7, 9] == 1 and paths(adjacency)[0, 21] == 1
    macro = get_search_space("transbench101_macro")
    adjacency = graph_tensors(macro, macro.from_string("64-1234-basic")[None]).adjacency[0]
    assert adjacency[4, 7] == 1 and adjacency.sum() == 5
