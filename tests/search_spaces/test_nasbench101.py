from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.errors import InvalidArchitecture
from naslib_ext.search_spaces import Codes
from naslib_ext.search_spaces.nasbench101 import MAX_EDGES, SOURCES, TARGETS, VERTEX_NAMES, NASBench101SearchSpace
from naslib_ext.testing.search_space import SearchSpaceContract


class TestContract(SearchSpaceContract):
    @pytest.fixture
    def space(self) -> NASBench101SearchSpace:
        return NASBench101SearchSpace()


@pytest.fixture(scope="module")
def space() -> NASBench101SearchSpace:
    return NASBench101SearchSpace()


def raw(number: int, seed: int = 0) -> Codes:
    """Random bits and operations, valid or not."""
    return np.random.default_rng(seed).integers(0, [2] * 21 + [3] * 5, size=(number, 26)).astype(np.int8)


def matrix_of(code: Codes) -> np.ndarray:
    matrix = np.zeros((7, 7), dtype=int)
    matrix[SOURCES, TARGETS] = code[:21]
    return matrix


def live_by_search(matrix: np.ndarray) -> set[int]:
    """Vertices on a path from 0 to 6, found one by one."""

    def reach(start: int, edges: np.ndarray) -> set[int]:
        seen, todo = {start}, [start]
        while todo:
            new = set(np.flatnonzero(edges[todo.pop()]).tolist()) - seen
            seen |= new
            todo += new
        return seen

    return reach(0, matrix) & reach(6, matrix.T)


def smallest_by_search(code: Codes) -> tuple[int, ...]:
    """A canonical form made otherwise: the least tuple over the relabellings of the live inner vertices."""
    matrix, live = matrix_of(code), sorted(live_by_search(matrix_of(code)) - {0, 6})
    best: list[tuple[int, ...]] = []
    for order in permutations(live):
        kept = [0, *order, 6]
        edges = matrix[np.ix_(kept, kept)]
        if not np.tril(edges).any():
            best.append((*edges.ravel().tolist(), *(int(code[20 + vertex]) for vertex in order)))
    return min(best)


def test_validity_is_the_benchmarks_check(space: NASBench101SearchSpace) -> None:
    codes = raw(3000)
    for code, valid in zip(codes, space.is_valid(codes), strict=True):
        matrix = matrix_of(code)
        live = sorted(live_by_search(matrix))
        assert valid == (6 in live and matrix[np.ix_(live, live)].sum() <= MAX_EDGES)


def test_live_vertices(space: NASBench101SearchSpace) -> None:
    codes = space.sample(500, np.random.default_rng(1))
    operations = space.operations(codes)
    for code, live, row in zip(codes, space.live_vertices(codes), operations, strict=True):
        assert set(np.flatnonzero(live) + 1) == live_by_search(matrix_of(code)) - {0, 6}
        np.testing.assert_array_equal(row, np.where(live, code[21:], -1))


def test_size_is_the_fraction_of_random_codes_that_are_valid(space: NASBench101SearchSpace) -> None:
    assert space.size == 373_754_169  # counted here over all codes, not published
    valid = space.is_valid(raw(200_000)).mean()
    assert valid == pytest.approx(space.size / (2**21 * 3**5), abs=4 * np.sqrt(0.25 / 200_000))


def test_canonical_separates_exactly_what_another_search_separates(space: NASBench101SearchSpace) -> None:
    codes = space.sample(300, np.random.default_rng(2))
    codes = np.concatenate([codes, space.neighbors_of(codes[:20])[0]])  # near ones, so that many are equal
    pairs = set(zip(space.keys(codes), [smallest_by_search(code) for code in codes], strict=True))
    assert len({key for key, _ in pairs}) == len({other for _, other in pairs}) == len(pairs) < len(codes)


def test_relabelled_cells_share_one_canonical_code(space: NASBench101SearchSpace) -> None:
    codes = space.sample(300, np.random.default_rng(3))
    canonical = space.canonical(codes)
    alternatives = 0
    for order in permutations(range(1, 6)):
        kept = np.array([0, *order, 6])
        matrices = np.stack([matrix_of(code) for code in codes])[:, kept][:, :, kept]
        forwards = np.tril(matrices).sum(axis=(1, 2)) == 0
        relabelled = np.concatenate([matrices[:, SOURCES, TARGETS], codes[:, 20 + kept[1:6]]], axis=1)[forwards]
        np.testing.assert_array_equal(space.canonical(relabelled), canonical[forwards])
        alternatives += int(forwards.sum())
    assert alternatives > 2 * len(codes)


def test_dead_vertices_do_not_matter(space: NASBench101SearchSpace) -> None:
    codes = space.sample(2000, np.random.default_rng(4))
    changed = codes.copy()
    changed[:, 21:] = np.where(space.live_vertices(codes), codes[:, 21:], 2 - codes[:, 21:])
    assert (changed != codes).any()
    np.testing.assert_array_equal(space.canonical(changed), space.canonical(codes))
    canonical = space.canonical(codes)
    dead = ~space.live_vertices(canonical)
    assert not canonical[:, 21:][dead].any()
    for code, vertices in zip(canonical, dead, strict=True):
        matrix = matrix_of(code)
        assert not matrix[1:6][vertices].any() and not matrix[:, 1:6][:, vertices].any()


def test_2532_cells_of_up_to_five_vertices(space: NASBench101SearchSpace) -> None:
    codes = []
    for size in (2, 3, 4, 5):
        sources, targets = np.triu_indices(size, 1)
        wirings = np.arange(2 ** len(sources))[:, None] >> np.arange(len(sources)) & 1
        colours = np.stack(np.unravel_index(np.arange(3 ** (size - 2)), (3,) * (size - 2) or (1,)), axis=1)
        colours = colours[:, : size - 2]
        adjacency = np.zeros((len(wirings), len(colours), 7, 7), dtype=np.int8)
        adjacency[:, :, sources, targets] = wirings[:, None]
        ops = np.full((len(wirings), len(colours), 7), -1, dtype=np.int8)
        ops[..., 0], ops[..., 1 : size - 1], ops[..., size - 1] = 0, colours + 2, 1
        # only cells whose input reaches the output can be codes; all ten edges are one too many
        reached = adjacency.sum(axis=(2, 3)) <= MAX_EDGES
        reached &= np.linalg.matrix_power(np.eye(7, dtype=int) + adjacency, 6)[..., 0, size - 1] > 0
        codes.append(space.from_adjacency(adjacency[reached], ops[reached]))
    assert len(set(space.keys(np.concatenate(codes)))) == 2_532


def test_423624_distinct_cells(space: NASBench101SearchSpace) -> None:
    wirings = np.zeros((2**21, 26), dtype=np.int8)
    wirings[:, :21] = np.arange(2**21)[:, None] >> np.arange(21) & 1
    wirings = wirings[space.is_valid(wirings)]
    assert len(wirings) * 3**5 == space.size
    graphs = distinct(space.canonical(wirings))
    colours = np.stack(np.unravel_index(np.arange(3**5), (3,) * 5), axis=1).astype(np.int8)
    coloured = np.repeat(graphs, len(colours), axis=0)
    coloured[:, 21:] = np.tile(colours, (len(graphs), 1))
    assert len(distinct(space.canonical(coloured))) == 423_624 == space.num_functions


def distinct(codes: Codes) -> Codes:
    radices = np.concatenate([[1], np.cumprod([2] * 21 + [3] * 4)])
    return codes[np.unique(codes @ radices, return_index=True)[1]]


def test_the_table(space: NASBench101SearchSpace, tables: Path) -> None:
    with np.load(tables / "nasbench101_20k.npz") as table:
        adjacency, ops = table["adjacency"], table["ops"]
    codes = space.from_adjacency(adjacency, ops)
    assert len(codes) == 20_001 and space.is_valid(codes).all()
    assert len(set(space.keys(codes))) == 20_001
    for row in range(0, 20_001, 100):
        used = int((ops[row] >= 0).sum())
        spec = (*adjacency[row, :used, :used].ravel().tolist(), *ops[row, :used].tolist())
        np.testing.assert_array_equal(space.from_spec(spec), codes[row])
        padded = (*adjacency[row].ravel().tolist(), *ops[row].tolist())
        np.testing.assert_array_equal(space.from_spec(padded), codes[row])


def test_specs_are_naslibs(space: NASBench101SearchSpace) -> None:
    code = space.sample(1, np.random.default_rng(5))[0]
    spec = space.to_spec(code)
    assert len(spec) == 56 and all(type(value) is int for value in spec)
    matrix, names = np.reshape(spec[:49], (7, 7)), [VERTEX_NAMES[op] for op in spec[49:]]
    assert names[0] == "input" and names[6] == "output"
    np.testing.assert_array_equal(space.from_spec({"matrix": matrix, "ops": names}), code)


def test_a_small_cell_is_padded_as_naslib_does(space: NASBench101SearchSpace) -> None:
    matrix = [[0, 1, 1], [0, 0, 1], [0, 0, 0]]
    code = space.from_spec({"matrix": matrix, "ops": ["input", "conv3x3-bn-relu", "output"]})
    assert np.argwhere(matrix_of(code)).tolist() == [[0, 1], [0, 6], [1, 6]]
    assert code[21:].tolist() == [2, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("matrix", "ops"),
    [
        ([[0, 1], [1, 0]], [0, 1]),  # a cycle
        ([[0, 0], [0, 0]], [0, 1]),  # cut off
        ([[0, 2], [0, 0]], [0, 1]),
        ([[0, 1], [0, 0]], [0, 4]),  # no output
        ([[0, 1], [0, 0]], [1, 0]),
        ([[0, 1, 1], [0, 0, 1], [0, 0, 0]], [0, 1, 4]),  # something behind the output
        ([[0, 1, 1], [0, 0, 1], [0, 0, 0]], [0, -1, 1]),  # edges at a vertex that is not used
        ([[0, 1], [0, 0]], ["input", "conv9x9"]),
    ],
)
def test_bad_cells_are_refused(space: NASBench101SearchSpace, matrix: list[list[int]], ops: list[int]) -> None:
    with pytest.raises(InvalidArchitecture):
        space.from_spec({"matrix": np.array(matrix), "ops": ops})


def test_more_than_nine_live_edges_are_refused(space: NASBench101SearchSpace) -> None:
    code = np.ones((1, 26), dtype=np.int8)
    assert not space.is_valid(code)[0]
    code[0, np.flatnonzero(TARGETS == 6)] = 0
    code[0, 5] = 1  # only input -> output is left of the output's edges: all else dangles
    assert space.is_valid(code)[0] and not space.live_vertices(code).any()


@pytest.mark.parametrize("number", range(6))
def test_placing_any_number_of_operations(space: NASBench101SearchSpace, number: int) -> None:
    rng = np.random.default_rng(number)
    counts = np.bincount(rng.integers(0, 3, number), minlength=3)
    code = space.place_operations(counts, rng)
    assert space.live_vertices(code[None]).sum() == number
    assert not code[21:][~space.live_vertices(code[None])[0]].any()
    with pytest.raises(InvalidArchitecture):
        space.place_operations([2, 2, 2], rng)


def test_neighbors_are_all_valid_changes_of_one_position(space: NASBench101SearchSpace) -> None:
    code = space.sample(1, np.random.default_rng(6))[0]
    expected = []
    for position, cardinality in enumerate([2] * 21 + [3] * 5):
        for value in set(range(cardinality)) - {int(code[position])}:
            changed = code.copy()
            changed[position] = value
            expected.append(changed)
    valid = np.array(expected)[space.is_valid(np.array(expected))]
    assert sorted(space.neighbors(code).tolist()) == sorted(valid.tolist())
