"""Parameters against the published table, and the rules that make a network of a cell."""

from itertools import permutations

import numpy as np
import pytest
import torch

from naslib_ext.networks import build_network
from naslib_ext.networks.measure import count_params
from naslib_ext.networks.nasbench101 import Cell, prune, vertex_channels
from naslib_ext.search_spaces import get_search_space

SPACE = get_search_space("nasbench101")


@pytest.fixture(scope="module")
def table(tables):
    with np.load(tables / "nasbench101_20k.npz") as data:
        return SPACE.from_adjacency(data["adjacency"], data["ops"]), data["cifar10/params"]


@pytest.fixture(scope="module")
def uneven(table):
    """(n,) bool: cells whose channels do not divide evenly among three or five sources of the output."""
    from_inner = [position for position in SPACE_TO_OUTPUT if position != 5]
    live = SPACE.live_vertices(table[0])
    return np.isin((table[0][:, from_inner] * live).sum(axis=1), (3, 5))


SPACE_TO_OUTPUT = [5, 10, 14, 17, 19, 20]
"""Positions of the edges to the output in a code."""


def params(code):
    with torch.device("meta"):
        return count_params(build_network("nasbench101", code))


def relabelled(code):
    """Every code of the same cell with its inner vertices in another order."""
    vertices = SPACE.to_spec(code)
    matrix, operations = np.array(vertices[:49]).reshape(7, 7), np.array(vertices[49:])
    for order in permutations(range(1, 6)):
        index = np.array([0, *order, 6])
        moved = matrix[np.ix_(index, index)]
        if not np.tril(moved).any():
            yield SPACE.from_spec((*moved.ravel(), *operations[index]))


def test_params(table, uneven):
    codes, published = table
    rows = np.random.default_rng(0).choice(np.flatnonzero(~uneven), 100, replace=False)
    assert [params(codes[row]) for row in rows] == published[rows].tolist()


def test_params_where_channels_do_not_divide_evenly(table, uneven):
    """The widest source of the output depends on the order of the vertices, which the table keeps on most rows."""
    codes, published = table
    rows = np.random.default_rng(1).choice(np.flatnonzero(uneven), 40, replace=False)
    assert np.mean([params(codes[row]) == published[row] for row in rows]) > 0.6
    assert all(any(params(code) == published[row] for code in relabelled(codes[row])) for row in rows)


def test_dead_vertices_leave_no_trace():
    code = np.zeros(26, dtype=np.int8)
    code[[0, 10]] = 1  # input -> vertex 1 -> output
    dangling = code.copy()
    dangling[[6, 23]] = 1, 2  # vertex 1 -> vertex 2, which leads nowhere
    assert params(code) == params(dangling)
    matrix, operations = prune(dangling.tolist())
    assert matrix.tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 0]] and operations == ["maxpool3x3"]


def test_only_input_and_output():
    code = np.zeros(26, dtype=np.int8)
    code[5] = 1
    network = build_network("nasbench101", code, init_channels=4)
    assert network(torch.zeros(2, 3, 8, 8)).shape == (2, 10)


def test_channels():
    matrix = np.array([[0, 1, 1, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]])
    assert vertex_channels(matrix, 9) == [0, 5, 5, 4, 9]


def test_wider_sources_are_cut_and_the_input_is_projected_and_added():
    matrix = np.array([[0, 1, 0, 0, 1], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]])
    cell = Cell(matrix, ["maxpool3x3"] * 3, 4, 9).eval()
    x = torch.randn(2, 4, 6, 6)
    pool = torch.nn.MaxPool2d(3, 1, 1)
    wide = pool(cell.projections["1"](x))
    expected = torch.cat([pool(wide), pool(wide[:, :4])], dim=1) + cell.projections["4"](x)
    torch.testing.assert_close(cell(x), expected)
