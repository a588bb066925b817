from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import torch

from naslib_ext.optimizers.dsm_nas.controller import Controller, Learning
from naslib_ext.optimizers.dsm_nas.edits import NEVER
from naslib_ext.optimizers.dsm_nas.lstm import LSTM
from naslib_ext.optimizers.dsm_nas.policy import Decisions, log_probabilities
from naslib_ext.optimizers.dsm_nas.subspace_graph import SubspaceGraph
from naslib_ext.search_spaces import CategoricalSearchSpace, get_search_space

from .conftest import SMALL, graph_of, observe

Make = Callable[..., Controller]
UNEVEN = CategoricalSearchSpace("uneven", [2, 3])


def every_decision(controller: Controller, graph: SubspaceGraph) -> Decisions:
    """All (node, layer, operation) of M = 1 as one batch, as a policy on a space without rules can decide them."""
    nodes, slots, _ = graph.nodes()
    edits = controller.edits
    kept = []
    for node, layer in product(range(graph.size), range(edits.num_components)):
        row = np.array([layer])
        allowed = edits.in_vocabulary(np.where(edits.choices(graph.codes[:1], row)[1], 0.0, NEVER), row)[0]
        kept += [(node, layer, operation, allowed) for operation in np.flatnonzero(allowed == 0)]
    chosen, layers, operations, masks = (np.array(part) for part in zip(*kept, strict=True))
    size = len(chosen)
    return Decisions(
        np.repeat(nodes[None], size, axis=0), chosen, slots[chosen], layers[:, None], operations[:, None],
        np.zeros((size, graph.size)), np.zeros((size, 1, edits.num_components)), masks[:, None],
    )  # fmt: skip


def log_of(controller: Controller, decisions: Decisions) -> torch.Tensor:
    """Log-probabilities of many decisions of one policy."""
    weights = {name: value.expand(len(decisions.chosen), -1, -1) for name, value in controller.weights.items()}
    return log_probabilities(controller.shape, weights, decisions)[0]


def test_the_lstm_is_torchs() -> None:
    cell = torch.nn.LSTMCell(4, 6, dtype=torch.float64)
    inputs = torch.randn(1, 5, 4, dtype=torch.float64)
    state, expected = None, []
    for t in range(5):
        state = cell(inputs[:, t], state)
        expected.append(state[0])
    order = [0, 1, 3, 2]  # torch: input, forget, cell, output
    into, recurrent = (
        torch.cat([w.chunk(4)[i] for i in order]).T[None] for w in (cell.weight_ih.detach(), cell.weight_hh.detach())
    )
    bias = torch.cat([(cell.bias_ih + cell.bias_hh).detach().chunk(4)[i] for i in order])
    hidden = LSTM.apply(inputs @ into + bias, recurrent.contiguous())
    torch.testing.assert_close(hidden[0], torch.cat(expected))


def test_the_lstms_gradient() -> None:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(2, 4, 12, generator=generator, dtype=torch.float64, requires_grad=True)
    recurrent = torch.randn(2, 3, 12, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(LSTM.apply, (inputs, recurrent))


@pytest.mark.parametrize("context", ["slot", "centre"])
@pytest.mark.parametrize("use_graph", [True, False])
def test_the_gradient_of_the_loss_is_that_of_finite_differences(
    make_controller: Make, context: str, use_graph: bool
) -> None:
    learning = Learning(entropy_weight=0.3)
    controller = make_controller(scale=6.0, width=3, context=context, use_graph=use_graph, learning=learning)
    observed = observe([graph_of(SMALL, 3, seed=1)])
    decisions, _ = controller.sample(observed, np.random.default_rng(0).random((1, 5)))
    advantage = -1.7

    def loss() -> torch.Tensor:
        logs, entropies = log_probabilities(controller.shape, controller.weights, decisions)
        return -(logs * advantage).sum() - learning.entropy_weight * entropies.sum()

    names = list(controller.weights)
    gradients = dict(zip(names, torch.autograd.grad(loss(), list(controller.weights.values())), strict=True))
    rng, step, largest = np.random.default_rng(2), 1e-6, 0.0
    for name, weight in controller.weights.items():
        for place in rng.integers(weight.numel(), size=4):
            flat = weight.detach().view(-1)
            flat[place] += step
            above = float(loss())
            flat[place] -= 2 * step
            below = float(loss())
            flat[place] += step
            expected = float(gradients[name].reshape(-1)[place])
            assert (above - below) / (2 * step) == pytest.approx(expected, rel=1e-4, abs=1e-8), name
            largest = max(largest, abs(expected))
    assert largest > 1e-3


@pytest.mark.parametrize("space", [SMALL, UNEVEN])
def test_probabilities_add_up_to_one(make_controller: Make, space: CategoricalSearchSpace) -> None:
    controller = make_controller(space, distance=1, scale=8.0)
    decisions = every_decision(controller, graph_of(space, 3, seed=3))
    assert float(log_of(controller, decisions).detach().exp().sum()) == pytest.approx(1, abs=1e-12)


def test_it_samples_what_it_says(make_controller: Make) -> None:
    controller = make_controller(UNEVEN, size=2, distance=1, scale=10.0)
    graph = graph_of(UNEVEN, 2, seed=4)
    everything = every_decision(controller, graph)
    expected = log_of(controller, everything).detach().exp().numpy()
    number = 4_000
    many = controller.keep([0] * number)
    drawn, codes = many.sample(observe([graph] * number), np.random.default_rng(5).random((number, 3)))
    triples = list(zip(everything.chosen, everything.layers[:, 0], everything.operations[:, 0], strict=True))
    found = list(zip(drawn.chosen, drawn.layers[:, 0], drawn.operations[:, 0], strict=True))
    counts = np.array([found.count(triple) for triple in triples])
    assert counts.sum() == number
    assert (np.abs(counts / number - expected) < 5 * np.sqrt(expected / number)).all()
    assert ((codes != graph.codes[drawn.slots]).sum(axis=1) <= 1).all()


def test_no_local_choice_falls_below_the_published_bound(make_controller: Make) -> None:
    """exp(-1.2) = 0.30 of the best choice: tanh logits within 0.6 (METHODS 1.1)."""
    space = CategoricalSearchSpace("five", [5] * 6)
    controller = make_controller(space, distance=1, scale=1e3)
    logs = log_of(controller, every_decision(controller, graph_of(space, 3, seed=0))).detach().numpy()
    bounds = np.log(np.exp(1.5) / (np.exp(1.5) + 2 * np.exp(-1.5))), np.log(0.40), np.log(0.4536)
    assert logs.max() <= sum(bounds) + 0.01


@pytest.mark.parametrize("context", ["slot", "centre"])
def test_permuting_the_centres_permutes_the_policy(make_controller: Make, context: str) -> None:
    """The subspace policy sees centres, not slots; with the centre as context so does the whole policy."""
    controller = make_controller(size=4, distance=1, scale=8.0, context=context)
    graph, permuted = graph_of(SMALL, 4, seed=7), SubspaceGraph(SMALL, 4)
    order = np.array([2, 0, 3, 1])
    for slot in order:
        permuted.offer(graph.codes[slot], graph.scores[slot])
    first, second = (every_decision(controller, one) for one in (graph, permuted))
    logs, logs_permuted = (log_of(controller, one).detach().numpy() for one in (first, second))
    by_slot = np.array([np.logaddexp.reduce(logs[first.slots == slot]) for slot in order])
    by_place = np.array([np.logaddexp.reduce(logs_permuted[second.slots == place]) for place in range(4)])
    np.testing.assert_allclose(by_place, by_slot, rtol=1e-10)
    assert np.ptp(by_slot) > 1e-3
    same = np.allclose(logs, logs_permuted)  # both are in the order of the nodes
    assert same == (context == "centre")


def test_what_is_barred_is_never_chosen(make_controller: Make) -> None:
    controller = make_controller(distance=1, scale=5.0)
    graph = graph_of(SMALL, 3, seed=2)
    new = np.zeros((3, 3, 3), dtype=bool)
    new[1, 2, 0] = new[2, 0, 1] = True
    nodes = {code.tobytes(): node for node, code in enumerate(graph.nodes().codes)}
    observed = observe([graph])._replace(
        prior=np.array([[NEVER, 0.0, 0.0]]), new=[lambda code: new[nodes[code.tobytes()]]]
    )
    seen = set()
    for uniforms in np.random.default_rng(0).random((40, 1, 3)):
        decisions, _ = controller.sample(observed, uniforms)
        seen.add((int(decisions.chosen[0]), int(decisions.layers[0, 0])))
        logs, entropies = log_probabilities(controller.shape, controller.weights, decisions)
        assert np.isfinite([float(logs), float(entropies)]).all()
    assert seen == {(1, 2), (2, 0)}


def test_the_critics_values_shift_the_odds(make_controller: Make) -> None:
    """With equal logits of the policy an edit's odds are the exponential of its gain."""
    controller = make_controller(UNEVEN, size=1, distance=1, scale=0.0)
    graph = SubspaceGraph(UNEVEN, 1)
    graph.offer(np.array([0, 1], dtype=np.int8), 1.0)
    values = np.array([[[0.0, 1.0, 9.0], [0.5, 0.7, 2.0]]])
    new = np.array([[False, True, False], [True, False, True]])
    number = 4_000
    observed = observe([graph] * number)._replace(
        values=np.repeat(values, number, axis=0), new=[lambda _: new] * number
    )
    _, codes = controller.keep([0] * number).sample(observed, np.random.default_rng(1).random((number, 3)))
    gains = {(1, 1): 1.0, (0, 0): -0.2, (0, 2): 1.3}
    total = sum(np.exp(gain) for gain in gains.values())
    for code, gain in gains.items():
        share = (codes == code).all(axis=1).mean()
        assert share == pytest.approx(np.exp(gain) / total, abs=0.04)


@pytest.mark.parametrize("name", ["nasbench101", "nasbench301", "transbench101_macro", "mobilenet", "nasbench_macro"])
def test_edits_lead_to_architectures(make_controller: Make, name: str) -> None:
    space = get_search_space(name)
    controller = make_controller(space, seeds=tuple(range(40)), distance=4, width=2)
    graphs = [graph_of(space, 3, seed) for seed in range(40)]
    decisions, codes = controller.sample(observe(graphs), np.random.default_rng(0).random((40, 9)))
    assert space.is_valid(codes).all()
    centers = np.stack([graph.codes[slot] for graph, slot in zip(graphs, decisions.slots, strict=True)])
    distances = (codes != centers).sum(axis=1)
    assert distances.max() <= 4 and distances.mean() > 1
