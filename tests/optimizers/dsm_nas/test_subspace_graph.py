import numpy as np
import pytest
import torch

from naslib_ext.optimizers.dsm_nas.graph_network import incidence
from naslib_ext.optimizers.dsm_nas.subspace_graph import SubspaceGraph
from naslib_ext.search_spaces import CategoricalSearchSpace

SPACE = CategoricalSearchSpace("pair", [2, 3])
CODES = np.array([[0, 2], [1, 0], [0, 1]], dtype=np.int8)


def full(scale: str = "standard") -> SubspaceGraph:
    graph = SubspaceGraph(SPACE, 3, scale)
    for code, score in zip(CODES, (70.0, 90.0, 50.0), strict=True):
        graph.offer(code, score)
    return graph


def test_nodes_are_one_hot_components_and_the_score() -> None:
    features, slots, codes = full().nodes()
    np.testing.assert_array_equal(slots, [2, 0, 1])
    np.testing.assert_array_equal(codes, CODES[[2, 0, 1]])
    np.testing.assert_array_equal(features[:, :-1], [[1, 0, 0, 1, 0], [1, 0, 0, 0, 1], [0, 1, 1, 0, 0]])
    np.testing.assert_allclose(features[:, -1], np.array([-1, 0, 1]) * np.sqrt(1.5))


@pytest.mark.parametrize(("scale", "shown"), [("percent", [50, 70, 90]), ("none", [0, 0, 0])])
def test_how_scores_are_shown(scale: str, shown: list[float]) -> None:
    np.testing.assert_array_equal(full(scale).nodes().features[:, -1], shown)


def test_scores_stay_on_the_scale_of_the_first_centres() -> None:
    graph = full()
    graph.replace(2, CODES[2], 110.0)
    np.testing.assert_allclose(graph.nodes().features[:, -1], np.array([0, 1, 2]) * np.sqrt(1.5))


@pytest.mark.parametrize("number", [1, 2, 4, 10])
def test_edges_are_a_tournament_from_worse_to_better(number: int) -> None:
    sources, targets, mean = incidence(number, torch.float64)
    pairs = (
        set(zip(sources.argmax(dim=1).tolist(), targets.argmax(dim=1).tolist(), strict=True)) if number > 1 else set()
    )
    assert pairs == {(i, j) for i in range(number) for j in range(number) if i < j}
    assert len(sources) == number * (number - 1) // 2
    if number > 1:
        torch.testing.assert_close(mean.sum(dim=1), torch.ones(number, dtype=torch.float64))


def test_ties_run_from_the_lower_slot() -> None:
    graph = SubspaceGraph(SPACE, 3)
    for code in CODES:
        graph.offer(code, 1.0)
    np.testing.assert_array_equal(graph.nodes().slots, [0, 1, 2])
    assert np.isfinite(graph.nodes().features).all(), "equal scores have no spread"


def test_what_is_offered_fills_the_graph_and_then_beats_the_worst() -> None:
    graph = full()
    assert graph.is_full
    graph.offer(np.array([1, 1], dtype=np.int8), 40.0)
    np.testing.assert_array_equal(graph.scores, [70, 90, 50])
    graph.offer(np.array([1, 1], dtype=np.int8), 60.0)
    np.testing.assert_array_equal(graph.scores, [70, 90, 60])
    np.testing.assert_array_equal(graph.codes[2], [1, 1])
