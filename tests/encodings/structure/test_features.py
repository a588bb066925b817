import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naslib_ext.encodings.structure import structure_features, structure_matrix
from naslib_ext.encodings.structure.four_node import reduced
from naslib_ext.errors import InvalidArchitecture
from naslib_ext.search_spaces import CategoricalSearchSpace, SearchSpace, get_search_space, list_search_spaces
from naslib_ext.search_spaces.four_node_cell import FourNodeCellSpace
from naslib_ext.shrinkage import ShrunkSearchSpace

NB201, NB101, NB301 = (get_search_space(f"nasbench{number}") for number in (201, 101, 301))
MICRO = get_search_space("transbench101_micro")
EXAMPLES = settings(max_examples=60)


def features(space: SearchSpace, *code: int) -> dict[str, list[float]]:
    return {name: group[0].tolist() for name, group in structure_features(space, [code]).items()}


@pytest.mark.parametrize("name", list_search_spaces())
def test_every_space_has_features(name: str) -> None:
    space = get_search_space(name)
    codes = space.sample(200, np.random.default_rng(0))
    groups = structure_features(space, codes)
    for group in groups.values():
        assert group.dtype == np.float32 and len(group) == 200 and np.isfinite(group).all() and group.min() >= 0
    np.testing.assert_array_equal(structure_matrix(space, codes), np.concatenate(list(groups.values()), axis=1))
    for one, many in zip(structure_features(space, codes[:3]).values(), groups.values(), strict=True):
        np.testing.assert_array_equal(one, many[:3])
    assert all(len(group) == 0 for group in structure_features(space, codes[:0]).values())


def test_bad_codes_are_refused() -> None:
    with pytest.raises(InvalidArchitecture):
        structure_features(NB201, [[0, 0, 0, 0, 0, 5]])


# four-node cells


@pytest.mark.parametrize("space", [NB201, MICRO], ids=lambda space: space.name)
def test_cells_of_one_function_have_equal_features(space: FourNodeCellSpace) -> None:
    codes = space.enumerate()
    twins = space.canonical(codes)
    np.testing.assert_array_equal(structure_matrix(space, codes), structure_matrix(space, twins))


@pytest.mark.parametrize("space", [NB201, MICRO], ids=lambda space: space.name)
def test_a_reduced_cell_is_the_smallest_of_its_function(space: FourNodeCellSpace) -> None:
    codes = space.enumerate()
    small = reduced(space, codes)
    np.testing.assert_array_equal(structure_matrix(space, small), structure_matrix(space, codes))
    assert ((small != space.none).sum(axis=1) <= (codes != space.none).sum(axis=1)).all()
    assert len(np.unique(small, axis=0)) <= space.num_functions


def test_a_cell_of_nasbench201_by_hand() -> None:
    """3x3 from 0 to 1, skip from 0 to 3, 1x1 from 1 to 3, a pool that leads nowhere."""
    found = features(NB201, 2, 1, 0, 4, 3, 1)
    vocabulary = [(), (2,), (3,), (4,), (2, 2), (2, 3)]  # the first of 40
    assert {path: found["paths"][i] for i, path in enumerate(vocabulary)} == {
        (): 1, (2,): 0, (3,): 0, (4,): 0, (2, 2): 0, (2, 3): 1,
    }  # fmt: skip
    assert sum(found["paths"]) == 2
    skips, nothing, conv3, conv1, pools, paths, longest, shortest, mean, *rest = found["summary"]
    assert (skips, nothing, conv3, conv1, pools) == (1, 3, 1, 1, 0)
    assert (paths, longest, shortest, mean) == (2, 2, 0, 1)
    assert rest == [1, 1, 0, 1, 1, 0, 1], "most of 3x3, 1x1 and pool on a path, their totals, and a direct skip"


def test_equal_paths_count_twice() -> None:
    """The input passes on to 1 and 2, and 3x3 leads from each to the output."""
    found = features(NB201, 0, 0, 1, 1, 2, 2)
    assert found["paths"][1] == 2 and sum(found["paths"]) == 2


def test_a_cell_that_is_cut_off_has_no_paths() -> None:
    found = features(NB201, 1, 1, 1, 2, 2, 2)
    assert not any(found["paths"]) and found["summary"] == [0, 6, *[0] * 14]


def test_a_skip_from_the_input_is_an_operation_where_it_halves_the_resolution() -> None:
    """conv3x3 from 0 to 3 is the same function as skip, then conv3x3, only in NAS-Bench-201."""
    assert features(NB201, 1, 1, 2, 1, 1, 1) == features(NB201, 0, 1, 1, 1, 2, 1)
    assert features(MICRO, 0, 0, 0, 3, 0, 0) != features(MICRO, 1, 0, 0, 0, 3, 0)


# NAS-Bench-101


@given(seed=st.integers(0, 10_000), data=st.data())
@EXAMPLES
def test_the_numbering_of_vertices_does_not_matter(seed: int, data: st.DataObject) -> None:
    """Any order of the inner vertices, however it points edges, that is an architecture again."""
    code = NB101.sample(1, np.random.default_rng(seed))[0]
    order = np.array(data.draw(st.permutations(range(5))))
    matrix, places = np.zeros((7, 7), dtype=int), np.array([0, *(order + 1), 6])
    matrix[np.triu_indices(7, 1)] = code[:21]
    moved = np.zeros_like(matrix)
    moved[np.ix_(places, places)] = matrix
    operations = np.empty(5, dtype=int)
    operations[order] = code[21:]
    if not np.tril(moved).any():
        other = np.concatenate([moved[np.triu_indices(7, 1)], operations])
        np.testing.assert_array_equal(structure_matrix(NB101, [code]), structure_matrix(NB101, [other]))
    np.testing.assert_array_equal(structure_matrix(NB101, [code]), structure_matrix(NB101, NB101.canonical([code])))


def test_a_cell_of_nasbench101_by_hand() -> None:
    """Input -> 3x3 -> 1x1 -> output, input -> 1x1, and a vertex that leads nowhere."""
    matrix = np.zeros((7, 7), dtype=int)
    for edge in ((0, 1), (1, 2), (2, 6), (0, 2), (1, 3)):
        matrix[edge] = 1
    found = features(NB101, *matrix[np.triu_indices(7, 1)], 2, 1, 0, 0, 0)
    columns = {path: i for i, path in enumerate([(), (0,), (1,), (2,)])}
    assert found["paths"][columns[(1,)]] == 1 and sum(found["paths"]) == 2
    assert found["paths"][4 + 3 * 2 + 1] == 1, "3x3, then 1x1"
    assert sum(found["labels"]) == 6, "2 operations and the output by what is before, 2 and the input by what is behind"
    vertices, edges, pools, conv1, conv3, leaving, entering, paths, longest, shortest, mean, *_ = found["summary"]
    assert (vertices, edges, pools, conv1, conv3, leaving, entering) == (2, 4, 0, 1, 1, 2, 1)
    assert (paths, longest, shortest, mean) == (2, 2, 1, 1.5)


# NAS-Bench-301


def test_the_paths_of_nasbench301_by_hand() -> None:
    """Every node takes both inputs; in the normal cell all operations are 3x3 separable convolutions, but one."""
    cells = np.zeros((2, 4, 2, 2), dtype=int)
    cells[..., 1, 0] = 1
    cells[0, ..., 1], cells[1, ..., 1] = 3, 2  # the reduction cell only skips
    cells[0, 3, 1] = (2, 5)  # the last node: a dilated convolution of node 2, too
    found = features(NB301, *cells.ravel())
    assert sum(found["edges"]) == 16 and found["operations"] == [0, 0, 0, 7, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0]
    paths = np.array(found["paths"]).reshape(2, 2, 210)
    assert paths[1, :, 0].tolist() == [4, 4] and paths[1].sum() == 8
    assert paths[0, 0].sum() == 5 and paths[0, 1].sum() == 4, "node 2 has two paths, each going on to the last node"
    assert paths[0, :, 3].tolist() == [4, 3], "single convolutions: (), (0,), (1,), (3,), ..."


# chains


def test_a_chain_by_hand() -> None:
    space = CategoricalSearchSpace("line", [3] * 5)
    found = features(space, 0, 1, 2, 2, 2)
    assert found["operations"] == [1, 1, 3]
    assert found["stages"] == [1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1]
    assert np.array(found["choices"]).reshape(5, 3).argmax(axis=1).tolist() == [0, 1, 2, 2, 2]


def test_the_stages_of_mobilenet_are_its_units() -> None:
    found = features(get_search_space("mobilenet"), *[1, 2, 0, 0] * 5)
    assert np.array(found["stages"]).reshape(5, 9)[:, :3].tolist() == [[1, 1, 0]] * 5


def test_a_shrunk_space_has_the_features_of_the_whole_one() -> None:
    whole = get_search_space("nasbench201")
    shrunk = ShrunkSearchSpace(whole, whole.sample(100, np.random.default_rng(0)))
    members = shrunk.enumerate()
    for name, features in structure_features(whole, members).items():
        np.testing.assert_array_equal(structure_features(shrunk, members)[name], features)
