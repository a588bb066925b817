from itertools import combinations, permutations, product
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.errors import InvalidArchitecture
from naslib_ext.search_spaces import Codes
from naslib_ext.search_spaces.nasbench301 import NASBench301SearchSpace
from naslib_ext.testing.search_space import SearchSpaceContract

Node = tuple[tuple[int, int], tuple[int, int]]


class TestContract(SearchSpaceContract):
    @pytest.fixture
    def space(self) -> NASBench301SearchSpace:
        return NASBench301SearchSpace()


@pytest.fixture(scope="module")
def space() -> NASBench301SearchSpace:
    return NASBench301SearchSpace()


def nodes_with(sources: int) -> list[Node]:
    """Every state of a node that can choose among that many sources."""
    return [((a, p), (b, q)) for a, b in combinations(range(sources), 2) for p, q in product(range(7), repeat=2)]


def edits_of(node: Node, sources: int) -> set[Node]:
    """The single edits of a node, from their definition."""
    found = set()
    for edge in (0, 1):
        (source, operation), other = node[edge], node[1 - edge]
        changed = [(source, op) for op in range(7) if op != operation]
        changed += [(new, operation) for new in range(sources) if new not in (source, other[0])]
        found |= {(min(new, other), max(new, other)) for new in changed}
    return found


def with_nodes(code: Codes, place: int, nodes: list[Node]) -> Codes:
    """Copies of ``code`` with one node (0..7) replaced."""
    codes = np.repeat(code[None], len(nodes), axis=0)
    codes[:, 4 * place : 4 * place + 4] = np.reshape(nodes, (-1, 4))
    return codes


@pytest.mark.parametrize("place", [0, 1, 2, 3, 7])
def test_edit_distance_is_the_shortest_path_in_the_graph_of_edits(space: NASBench301SearchSpace, place: int) -> None:
    sources = place % 4 + 2
    nodes = nodes_with(sources)
    index = {node: row for row, node in enumerate(nodes)}
    adjacent = np.zeros((len(nodes), len(nodes)), dtype=np.float32)
    for node in nodes:
        adjacent[index[node], [index[other] for other in edits_of(node, sources)]] = 1
    shortest, reached = np.full(adjacent.shape, -1), np.eye(len(nodes), dtype=np.float32)
    for steps in range(6):
        shortest[(reached > 0) & (shortest < 0)] = steps
        reached = ((reached + reached @ adjacent) > 0).astype(np.float32)
    assert shortest.min() == 0
    codes = with_nodes(space.sample(1, np.random.default_rng(place))[0], place, nodes)
    for row, code in enumerate(codes):
        np.testing.assert_array_equal(space.edit_distance(np.broadcast_to(code, codes.shape), codes), shortest[row])


def test_edit_distance_adds_over_nodes(space: NASBench301SearchSpace) -> None:
    rng = np.random.default_rng(0)
    a, b = space.sample(50, rng), space.sample(50, rng)
    total = np.zeros(50, dtype=int)
    for place in range(8):
        mixed = a.copy()
        mixed[:, 4 * place : 4 * place + 4] = b[:, 4 * place : 4 * place + 4]
        total += space.edit_distance(a, mixed)
    np.testing.assert_array_equal(space.edit_distance(a, b), total)


def test_neighbors_are_exactly_the_edits(space: NASBench301SearchSpace) -> None:
    for code in space.sample(20, np.random.default_rng(1)):
        expected = set()
        for place in range(8):
            values = code[4 * place : 4 * place + 4].tolist()
            edits = edits_of(((values[0], values[1]), (values[2], values[3])), place % 4 + 2)
            expected |= {tuple(row) for row in with_nodes(code, place, sorted(edits)).tolist()}
        neighbors = space.neighbors(code)
        assert len(neighbors) == 120 and {tuple(row) for row in neighbors.tolist()} == expected


def test_mutation_draws_as_naslib_does(space: NASBench301SearchSpace) -> None:
    codes = np.repeat(space.sample(1, np.random.default_rng(2)), 40_000, axis=0)
    mutants = space.mutate(codes, np.random.default_rng(3))
    same_sources = (codes[:, 0::2] == mutants[:, 0::2]).all(axis=1)
    # NASLib keeps an operation draw with chance 6/7 and a source draw at node i with chance i/(i+2)
    operations, sources = 6 / 7, np.mean([0 / 2, 1 / 3, 2 / 4, 3 / 5])
    assert same_sources.mean() == pytest.approx(operations / (operations + sources), abs=0.015)


def test_size(space: NASBench301SearchSpace) -> None:
    cell = np.prod([len(nodes_with(sources)) for sources in (2, 3, 4, 5)], dtype=object)
    assert space.size == cell**2 == 1_076_746_950_455_072_400


def test_the_table_holds_valid_codes(space: NASBench301SearchSpace, tables: Path) -> None:
    with np.load(tables / "nasbench301_12k.npz") as table:
        cells = table["codes"]
    codes = space.from_cells(cells)
    assert len(set(space.keys(codes))) == len(codes) == 12_439
    for row in range(0, len(cells), 500):
        np.testing.assert_array_equal(space.from_spec(cells[row]), codes[row])
        for node in range(8):
            pairs = cells[row].reshape(8, 2, 2)[node].tolist()
            assert codes[row].reshape(8, 2, 2)[node].tolist() == sorted(pairs)


def relabelled(cell: list[list[int]], order: tuple[int, ...]) -> list[list[int]] | None:
    """The cell with node i at place ``order[i]``; None where an edge would point backwards."""
    nodes: dict[int, list[list[int]]] = {}
    for node in range(4):
        edges = [[s if s < 2 else 2 + order[s - 2], op] for s, op in cell[2 * node : 2 * node + 2]]
        if any(source >= order[node] + 2 for source, _ in edges):
            return None
        nodes[order[node]] = sorted(edges)
    return [edge for node in range(4) for edge in nodes[node]]


def test_canonical_is_the_smallest_relabelling(space: NASBench301SearchSpace) -> None:
    codes = space.sample(60, np.random.default_rng(4))
    for code, canonical in zip(codes, space.canonical(codes), strict=True):
        smallest = []
        for cell in code.reshape(2, 8, 2).tolist():
            alternatives = [relabelled(cell, order) for order in permutations(range(4))]
            smallest += min(found for found in alternatives if found is not None)
        assert np.ravel(smallest).tolist() == canonical.tolist()


def test_relabelled_cells_share_one_canonical_code(space: NASBench301SearchSpace) -> None:
    different = 0
    for code in space.sample(60, np.random.default_rng(5)):
        normal, reduction = code.reshape(2, 8, 2).tolist()
        for order in permutations(range(4)):
            other = relabelled(reduction, order)
            if other is not None:
                twin = np.array([normal, other], dtype=np.int8).reshape(1, 32)
                different += int((twin != code).any())
                np.testing.assert_array_equal(space.canonical(twin), space.canonical(code[None]))
    assert different


def test_specs_are_naslibs_compact_form(space: NASBench301SearchSpace) -> None:
    code = space.sample(1, np.random.default_rng(6))[0]
    spec = space.to_spec(code)
    assert len(spec) == 2 and all(len(cell) == 8 and len(edge) == 2 for cell in spec for edge in cell)
    unsorted = [[cell[edge ^ 1] for edge in range(8)] for cell in spec]
    np.testing.assert_array_equal(space.from_spec(unsorted), code)
    np.testing.assert_array_equal(space.from_spec(code.reshape(2, 8, 2)), code)


def test_equal_sources_are_refused(space: NASBench301SearchSpace) -> None:
    code = space.sample(1, np.random.default_rng(7))[0]
    twice, backwards = code.copy(), code.copy()
    twice[:4:2] = 0
    backwards[:4] = [1, 0, 0, 0]
    assert not space.is_valid(np.stack([twice, backwards])).any()
    with pytest.raises(InvalidArchitecture):
        space.from_spec(twice.reshape(2, 8, 2))


def test_sampled_sources_are_uniform_pairs(space: NASBench301SearchSpace) -> None:
    codes = space.sample(20_000, np.random.default_rng(8))
    pairs = codes[:, 12] * 5 + codes[:, 14]
    shares = np.unique(pairs, return_counts=True)[1] / len(codes)
    assert len(shares) == 10
    np.testing.assert_allclose(shares, 0.1, atol=0.01)
    np.testing.assert_allclose(np.bincount(codes[:, 1::2].ravel()) / codes[:, 1::2].size, 1 / 7, atol=0.005)
