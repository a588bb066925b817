"""The two-layer graph network of DSM-NAS, dense, for many graphs at once, each with its own weights.

GRAPE's layer (You et al., NeurIPS 2020, reference [50] of the paper) as DSM-NAS's released code has it. For nodes n_i
and edges e_ij that run from i to j, one edge between any two nodes:

    m_ij = ReLU(ReLU([n_i ; e_ij ; 0] P) U + u)       message at the source of an edge
    m_ji = ReLU(ReLU([n_j ; 0 ; e_ij] P) U + u)       message at its target
    n_i' = ReLU([n_i ; mean_j m_ij] Q)
    e_ij' = ReLU([e_ij ; n_i' ; n_j'] W)

A node's messages hold its own embedding and never its neighbour's, which it sees through the edges alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import torch
from torch import Tensor

Weights = Mapping[str, Tensor]
LAYERS = 2


def graph_weights(num_features: int, width: int, use_graph: bool = True) -> dict[str, tuple[int, int]]:
    """Name -> shape of the weights; products with P, Q and W of a concatenation are sums of products of its parts."""
    shapes = {"nodes": (num_features, width), "nodes_bias": (1, width)}
    for layer in range(LAYERS):
        if use_graph:
            shapes |= {f"P{layer}": (width, width), f"P{layer}_edges": (width, 2 * width)}
            shapes |= {f"U{layer}": (width, width), f"U{layer}_bias": (1, width), f"Q{layer}_messages": (width, width)}
        shapes[f"Q{layer}"] = (width, width)
    if use_graph:  # the edges behind the last layer are never used
        shapes |= {"edges": (num_features, width), "edges_bias": (1, width)}
        shapes |= {"W": (width, width), "W_nodes": (width, 2 * width)}
    return shapes


def graph_network(weights: Weights, nodes: Tensor) -> Tensor:
    """(S, K, h) embeddings of the subspaces of S graphs.

    Args:
        weights: tensors (S, *shape) for the names and shapes of ``graph_weights``.
        nodes: (S, K, F) features, the worst centre first. The edges follow from that order: from every node to all
            behind it, with the difference of the features.
    """
    sources, targets, mean = incidence(nodes.shape[1], nodes.dtype)
    embeddings = torch.baddbmm(weights["nodes_bias"], nodes, weights["nodes"])
    edges = torch.baddbmm(weights["edges_bias"], (targets - sources) @ nodes, weights["edges"])
    ends = torch.cat([sources, targets])
    for layer in range(LAYERS):
        of_edges = torch.cat(torch.bmm(edges, weights[f"P{layer}_edges"]).chunk(2, dim=2), dim=1)
        messages = torch.relu(ends @ torch.bmm(embeddings, weights[f"P{layer}"]) + of_edges)
        messages = torch.relu(torch.baddbmm(weights[f"U{layer}_bias"], messages, weights[f"U{layer}"]))
        own = torch.bmm(embeddings, weights[f"Q{layer}"])
        embeddings = torch.relu(torch.baddbmm(own, mean @ messages, weights[f"Q{layer}_messages"]))
        if layer < LAYERS - 1:
            at_source, at_target = torch.bmm(embeddings, weights["W_nodes"]).chunk(2, dim=2)
            edges = torch.relu(torch.bmm(edges, weights["W"]) + sources @ at_source + targets @ at_target)
    return embeddings


def separate_nodes(weights: Weights, nodes: Tensor) -> Tensor:
    """(S, K, h) the same without a graph (section V-D): two fully connected layers, each subspace for itself."""
    embeddings = torch.baddbmm(weights["nodes_bias"], nodes, weights["nodes"])
    for layer in range(LAYERS):
        embeddings = torch.relu(torch.bmm(embeddings, weights[f"Q{layer}"]))
    return embeddings


@cache
def incidence(num_nodes: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """Sources and targets of the K(K-1)/2 edges as indicators (E, K) each, and the mean over messages (K, 2E)."""
    lower, upper = np.triu_indices(num_nodes, 1)
    indicators = torch.eye(num_nodes, dtype=dtype)
    sources, targets = indicators[torch.from_numpy(lower)], indicators[torch.from_numpy(upper)]
    return sources, targets, torch.cat([sources, targets]).T.contiguous() / max(num_nodes - 1, 1)
