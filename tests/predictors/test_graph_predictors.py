"""Graph networks and the perceptron: the contract on several spaces, and what is particular to each."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.encodings.graphs import graph_tensors
from naslib_ext.predictors import Predictor, get_predictor
from naslib_ext.predictors.graph_network import GraphEncoder, tensors
from naslib_ext.predictors.training import Line, hinge, minimise, num_steps, squared
from naslib_ext.search_spaces import get_search_space
from naslib_ext.testing.predictor import PredictorContract

QUICK = {"steps": 150, "epochs": 1, "width": 32, "learning_rate": 0.02, "layers": 2}


class TestGCN(PredictorContract):
    @pytest.fixture
    def predictor(self) -> Predictor:
        return get_predictor("gcn")(**QUICK, dropout=0)


class TestBRPNAS(PredictorContract):
    @pytest.fixture
    def predictor(self) -> Predictor:
        return get_predictor("brp_nas")(**QUICK, dropout=0)


class TestPerceptron(PredictorContract):
    @pytest.fixture
    def predictor(self) -> Predictor:
        return get_predictor("mlp")(**QUICK)


class TestPerceptronOnChains(PredictorContract):
    space_name = "nasbench_macro"

    @pytest.fixture
    def predictor(self) -> Predictor:
        return get_predictor("mlp")(**QUICK, encoding="structure")


@pytest.mark.parametrize("name", ["gcn", "brp_nas", "mlp"])
def test_they_rank_the_real_table(name: str, tables: Path) -> None:
    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    codes = benchmark.space.enumerate()
    scores = benchmark.query(codes, "test_accuracy", 200)
    train, held_out, _ = np.split(np.random.default_rng(0).permutation(len(codes)), [100, 2_000])
    np.random.seed(5)
    before = torch.get_rng_state()
    predictor = get_predictor(name)(steps=250, epochs=1, width=64).bind(benchmark.space)
    predictor.fit(codes[train], scores[train])
    assert torch.equal(torch.get_rng_state(), before), "global random numbers"
    assert kendalltau(predictor.query(codes[held_out]), scores[held_out])[0] > 0.5


def test_relations_are_antisymmetric_and_agree_with_the_scores() -> None:
    space = get_search_space("nasbench101")
    codes = space.sample(60, np.random.default_rng(0))
    predictor = get_predictor("brp_nas")(**QUICK).bind(space)
    predictor.fit(codes, codes.sum(axis=1))
    a, b = codes[:30], codes[30:]
    there = predictor.difference(a, b)
    np.testing.assert_allclose(there, -predictor.difference(b, a))
    np.testing.assert_allclose(there, predictor.query(b) - predictor.query(a), atol=1e-9)
    assert not predictor.difference(a, a).any()


def test_isomorphic_cells_are_one_graph_to_the_encoder() -> None:
    """In any order of the vertices: a mean over them knows no order but their place, which is left out here."""
    space = get_search_space("nasbench101")
    graphs = graph_tensors(space, space.sample(8, np.random.default_rng(0)))
    features, adjacency = tensors(graphs)
    features = features[..., :-1]
    order = torch.tensor([0, 3, 1, 5, 2, 4, 6])
    network = GraphEncoder(features.shape[2], 16, 3, 0.0).eval()
    moved = network(features[:, order], adjacency[:, order][:, :, order])
    torch.testing.assert_close(moved, network(features, adjacency))


def test_information_flows_both_ways() -> None:
    """On a path of four vertices three layers carry what happens at either end to the other."""
    adjacency = torch.diag(torch.ones(3), 1)[None]
    network = GraphEncoder(2, 8, 3, 0.0)
    features = torch.rand(1, 4, 2, requires_grad=True)
    hidden = features
    looped = adjacency + torch.eye(4)
    for layer in network.layers:
        hidden = layer(hidden, looped.transpose(1, 2), looped)
    for end, other in ((0, 3), (3, 0)):
        (gradient,) = torch.autograd.grad(hidden[0, end].sum(), features, retain_graph=True)
        assert gradient[0, other].abs().sum() > 0


@pytest.mark.parametrize("name", ["nasbench301", "transbench101_macro"])
def test_other_graphs(name: str) -> None:
    space = get_search_space(name)
    codes = space.sample(200, np.random.default_rng(0))
    scores = (space.operations(codes) == 3).sum(axis=1)
    predictor = get_predictor("gcn")(steps=60, epochs=1, width=32, learning_rate=0.01, loss="squared").bind(space)
    predictor.fit(codes, scores)
    assert np.corrcoef(predictor.query(codes), scores)[0, 1] > 0.5


def test_losses() -> None:
    outputs, targets = torch.tensor([0.0, 1.0, 0.95]), torch.tensor([0.0, 1.0, 2.0])
    assert squared(outputs, targets) == pytest.approx(1.1025 / 3)
    assert hinge(outputs, targets) == pytest.approx((0 + 0 + 0.15) / 3)  # the pair (1, 2) is ordered wrongly
    assert hinge(outputs, torch.ones(3)) == 0


def test_steps_and_lines() -> None:
    settings = {"steps": 100, "epochs": 10, "batch_size": 8}
    assert [num_steps(settings, n) for n in (3, 80, 800)] == [100, 100, 1_000]
    line = Line(np.array([0.0, 1.0, 2.0]), np.array([5.0, 7.0, 9.0]))
    np.testing.assert_allclose(line.scores(np.array([3.0])), [11.0])
    assert (Line(np.zeros(3), np.array([1.0, 2.0, 3.0])).scores(np.arange(3.0)) < 2.001).all()


def test_every_label_is_seen() -> None:
    seen = torch.zeros(10)

    class Watch(torch.nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen[x[:, 0].long()] += 1
            return super().forward(x)[:, 0]

    x = torch.arange(10.0)[:, None]
    options = {"steps": 40, "batch_size": 4, "learning_rate": 0.01, "weight_decay": 0.0}
    minimise(Watch(1, 1), [x], x[:, 0], squared, np.random.default_rng(0), **options)
    assert seen.sum() == 160 and seen.min() > 8
