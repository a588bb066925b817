"""Light objects find the architectures that NASLib's graphs find with the same random numbers, in the five spaces."""

import random

import numpy as np
import pytest

from naslib_ext.naslib_bridge.adapters import code_to_graph, graph_to_code
from naslib_ext.search_spaces import get_search_space

light = pytest.importorskip("naslib_ext.naslib_bridge.adapters.light")
moves = pytest.importorskip("naslib_ext.naslib_bridge.adapters.moves")

SPACES = list(moves.MOVES)


def numbers(spec):
    return np.asarray(spec, dtype=int).tolist()


def seed(value):
    random.seed(value)
    np.random.seed(value)


@pytest.mark.parametrize("name", SPACES)
def test_moves_stay_inside_the_space(name):
    space, own = get_search_space(name), moves.MOVES[name]
    seed(1)
    for _ in range(30):
        parent = own.sample(space)
        found = [own.mutate(space, parent), *own.neighbors(space, parent)]
        assert len(found) > 2
        for spec in (parent, *found):
            assert own.own_form(space, spec) == spec and hash(spec) is not None
            assert space.is_valid(space.from_spec(spec)[None])[0]
        assert parent not in found[1:] and len(set(found[1:])) == len(found) - 1


@pytest.mark.parametrize(("name", "count"), [("nasbench201", 24), ("nasbench301", 120), ("transbench101_micro", 18)])
def test_neighbourhoods_that_are_single_edits(name, count):
    space, own = get_search_space(name), moves.MOVES[name]
    seed(2)
    center = own.sample(space)
    found = {space.from_spec(spec).tobytes() for spec in own.neighbors(space, center)}
    assert len(found) == count
    assert found == {code.tobytes() for code in space.neighbors(space.from_spec(center))}


def test_nasbench101_neighbours_are_the_used_part_of_the_single_edits():
    """NASLib leaves dangling edges and dead operations alone."""
    space, own = get_search_space("nasbench101"), moves.MOVES["nasbench101"]
    seed(3)
    for _ in range(20):
        center = own.sample(space)
        found = {space.from_spec(spec).tobytes() for spec in own.neighbors(space, center)}
        edits = space.neighbors(space.from_spec(center))
        assert found <= {code.tobytes() for code in edits}
        changes = (space.canonical(edits) != space.canonical(space.from_spec(center)[None])).any(axis=1)
        assert {code.tobytes() for code in edits[changes]} <= found


def test_macro_neighbours_differ_in_all_three_counts():
    own = moves.MOVES["transbench101_macro"]
    seed(4)
    for _ in range(20):
        center = own.sample(None)
        found = own.neighbors(None, center)
        assert len(found) == 12
        own_counts, *others = [(sum(d > 0 for d in s), sum(d > 2 for d in s), sum(d in (2, 4) for d in s))
                               for s in (center, *found)]  # fmt: skip
        assert len(set(others)) == 12
        assert all(mine != other for counts in others for mine, other in zip(own_counts, counts, strict=True))


def test_an_nasbench301_node_keeps_its_edges_in_the_order_given():
    space = get_search_space("nasbench301")
    spec = moves.MOVES["nasbench301"].own_form(space, [[[1, 3], [0, 2]] * 4] * 2)
    assert spec == (((1, 3), (0, 2)) * 4,) * 2
    assert space.to_spec(space.from_spec(spec)) == (((0, 2), (1, 3)) * 4,) * 2


@pytest.mark.naslib
@pytest.mark.slow
@pytest.mark.parametrize("name", SPACES)
def test_sampling_mutation_and_neighbours_equal_the_graphs(naslib, light_of, graph_of, name, monkeypatch):
    graph, api = graph_of(name)
    if name == "nasbench301":  # 120 graphs would take a minute
        monkeypatch.setattr(naslib.search_spaces.nasbench301.graph, "NasBench301SearchSpace", Unbuilt)
    found = []
    for blank in (light_of(name), graph):
        naslib.utils.set_seed(6)
        rows = []
        for _ in range(2):
            parent = blank.clone()
            parent.sample_random_architecture(dataset_api=api)
            rows.append(parent.get_hash())
            for _ in range(2):
                child = blank.clone()
                child.mutate(parent, dataset_api=api)
                rows.append(child.get_hash())
                parent = child
        rows += [model.arch.get_hash() for model in parent.get_nbhd(dataset_api=api)]
        mixed = light_of(name).clone()
        mixed.mutate(parent)  # a light child of a graph
        found.append([numbers(row) for row in (*rows, mixed.get_hash())])
    assert found[0] == found[1] and len(found[0]) >= 14


class Unbuilt:
    """NAS-Bench-301's graph without its networks: as many random numbers, and the architecture."""

    def __init__(self):
        moves.draw_identities(8)

    def set_compact(self, compact):
        self.compact = compact

    def get_hash(self):
        return self.compact


@pytest.mark.naslib
@pytest.mark.slow
@pytest.mark.parametrize("name", SPACES)
def test_encodings_are_naslibs(naslib, light_of, graph_of, name):
    from naslib.utils.encodings import EncodingType

    names = ["ADJACENCY_ONE_HOT", "GCN", "SEMINAS"]
    if name.startswith("nasbench"):
        names += ["PATH", "BONAS"]
    for code in light_of(name).space.sample(2, np.random.default_rng(8)):
        arch, graph = code_to_graph(code, light_of(name)), code_to_graph(code, graph_of(name)[0])
        for encoding in names:
            ours, theirs = arch.encode(EncodingType[encoding]), graph.encode(EncodingType[encoding])
            if isinstance(theirs, dict):
                assert ours.keys() == theirs.keys()
                assert all(np.array_equal(ours[key], theirs[key]) for key in theirs)
            else:
                assert np.array_equal(ours, theirs)


@pytest.mark.naslib
@pytest.mark.slow
@pytest.mark.parametrize("name", SPACES)
def test_codes_graphs_and_specs(light_of, graph_of, name):
    graph, api = graph_of(name)
    space = light_of(name).space
    for code in space.sample(3, np.random.default_rng(9)):
        for blank in (graph, light_of(name)):
            found = code_to_graph(code, blank, dataset_api=api)
            assert numbers(found.get_hash()) == numbers(space.to_spec(code))
            assert graph_to_code(found)[0].name == name
            assert graph_to_code(found)[1].tolist() == code.tolist()
    with pytest.raises(ValueError, match="not an architecture"):
        code_to_graph(np.full(space.num_positions, 9), graph)
