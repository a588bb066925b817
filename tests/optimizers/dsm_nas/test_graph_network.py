from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import Tensor

from naslib_ext.optimizers.dsm_nas.graph_network import graph_network, graph_weights, separate_nodes

F, H = 7, 5


def random_weights(size: int, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(size, *shape, generator=generator, dtype=torch.float64) / 2
        for name, shape in graph_weights(F, H).items()
    }


def random_nodes(size: int, number: int, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(size, number, F, generator=generator, dtype=torch.float64)


def published(weights: Mapping[str, Tensor], nodes: Tensor) -> Tensor:
    """One graph as the released code computes it: loops over ordered pairs, concatenations with zeros."""
    w = {name: value[0] for name, value in weights.items()}
    number = len(nodes)
    n = [node @ w["nodes"] + w["nodes_bias"][0] for node in nodes]
    e = {
        (i, j): (nodes[j] - nodes[i]) @ w["edges"] + w["edges_bias"][0]
        for i in range(number)
        for j in range(i + 1, number)
    }
    for layer in range(2):
        out, back = w[f"P{layer}_edges"].chunk(2, dim=1)
        p = torch.cat([w[f"P{layer}"], out, back])
        q = torch.cat([w[f"Q{layer}"], w[f"Q{layer}_messages"]])
        after = []
        for i in range(number):
            messages = []
            for j in range(number):
                if i != j:
                    zero = torch.zeros(H, dtype=nodes.dtype)
                    m = torch.relu(torch.cat([n[i], e.get((i, j), zero), e.get((j, i), zero)]) @ p)
                    messages.append(torch.relu(m @ w[f"U{layer}"] + w[f"U{layer}_bias"][0]))
            after.append(torch.relu(torch.cat([n[i], torch.stack(messages).mean(0)]) @ q))
        n = after
        w_all = torch.cat([w["W"], *w["W_nodes"].chunk(2, dim=1)])
        e = {(i, j): torch.relu(torch.cat([edge, n[i], n[j]]) @ w_all) for (i, j), edge in e.items()}
    return torch.stack(n)


@pytest.mark.parametrize("number", [2, 4, 10])
def test_it_is_the_released_layer(number: int) -> None:
    weights, nodes = random_weights(1), random_nodes(1, number)
    torch.testing.assert_close(graph_network(weights, nodes)[0], published(weights, nodes[0]))


def test_it_is_a_message_passing_of_torch_geometric() -> None:
    geometric = pytest.importorskip("torch_geometric.nn")
    number = 5
    weights, nodes = random_weights(1), random_nodes(1, number)
    w = {name: value[0] for name, value in weights.items()}

    class Layer(geometric.MessagePassing):  # type: ignore[misc, name-defined]
        """Messages come from the node itself: every edge is there in both directions, with its own half of P."""

        def __init__(self, layer: int) -> None:
            super().__init__(aggr="mean")
            self.layer = layer

        def forward(self, n: Tensor, index: Tensor, features: Tensor) -> Tensor:
            received = self.propagate(index, x=n, features=features)
            return torch.relu(n @ w[f"Q{self.layer}"] + received @ w[f"Q{self.layer}_messages"])

        def message(self, x_i: Tensor, features: Tensor) -> Tensor:
            m = torch.relu(x_i @ w[f"P{self.layer}"] + features)
            return torch.relu(m @ w[f"U{self.layer}"] + w[f"U{self.layer}_bias"])

    lower, upper = (torch.from_numpy(ends) for ends in np.triu_indices(number, 1))
    index = torch.cat([torch.stack([upper, lower]), torch.stack([lower, upper])], dim=1)  # source of messages, receiver
    n = nodes[0] @ w["nodes"] + w["nodes_bias"]
    e = (nodes[0][upper] - nodes[0][lower]) @ w["edges"] + w["edges_bias"]
    for layer in range(2):
        halves = w[f"P{layer}_edges"].chunk(2, dim=1)
        n = Layer(layer)(n, index, torch.cat([e @ halves[0], e @ halves[1]]))
        at_source, at_target = w["W_nodes"].chunk(2, dim=1)
        e = torch.relu(e @ w["W"] + n[lower] @ at_source + n[upper] @ at_target)
    torch.testing.assert_close(graph_network(weights, nodes)[0], n)


def test_graphs_side_by_side_do_not_mix() -> None:
    weights, nodes = random_weights(3), random_nodes(3, 4)
    together = graph_network(weights, nodes)
    for row in range(3):
        alone = graph_network({name: value[row : row + 1] for name, value in weights.items()}, nodes[row : row + 1])
        torch.testing.assert_close(together[row], alone[0])


def test_one_subspace_has_no_messages() -> None:
    weights, nodes = random_weights(1), random_nodes(1, 1)
    n = nodes @ weights["nodes"] + weights["nodes_bias"]
    expected = torch.relu(torch.relu(n @ weights["Q0"]) @ weights["Q1"])
    torch.testing.assert_close(graph_network(weights, nodes), expected)
    torch.testing.assert_close(separate_nodes(weights, nodes), expected)


def test_without_a_graph_subspaces_know_nothing_of_each_other() -> None:
    weights, nodes = random_weights(1), random_nodes(1, 4)
    changed = nodes.clone()
    changed[:, 0] += 1
    torch.testing.assert_close(separate_nodes(weights, nodes)[:, 1:], separate_nodes(weights, changed)[:, 1:])
    assert not torch.allclose(graph_network(weights, nodes)[:, 1:], graph_network(weights, changed)[:, 1:])
