"""The joint policy of DSM-NAS: a subspace, then M times a component and an operation for it (sections III-B, III-C).

With g_i the graph network's embeddings (K, h) and one LSTM that reads what was decided last:

    step 0        input mean_i g_i            p(i)  = softmax_i  t_G tanh(v . tanh(g_i A + h_0 B))
    step 2m - 1   input of the last decision  p(l)  = softmax_l  t_L tanh(h W_l + b_l)
    step 2m       input embedding of l        p(o)  = softmax_o  t_L tanh(h W_o + b_o)     o a choice of component l

The decision i is read as a learnt embedding of its slot; with ``context="centre"`` as g_i itself, so that the local
policy sees which architecture it edits. To every logit a prior is added: ``NEVER`` for what the space or the search
does not allow, otherwise 0, or what a critic thinks of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from naslib_ext.optimizers.dsm_nas.edits import NEVER, Edits, Floats, Integers, Mask
from naslib_ext.optimizers.dsm_nas.graph_network import graph_network, graph_weights, separate_nodes
from naslib_ext.optimizers.dsm_nas.lstm import LSTM, lstm_cell
from naslib_ext.search_spaces import Codes

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class PolicyShape:
    """Sizes of a policy, and how it reads its input.

    Args:
        num_features: F, of a subspace.
        num_subspaces: K.
        distance: M, edits an architecture.
        num_components: L.
        num_operations: V.
        width: h, of all embeddings and hidden states.
        subspace_limit: t_G, bound of the logits of subspaces.
        local_limit: t_L, bound of the logits of components and operations.
        use_graph: false treats the subspaces as separate points (section V-D).
        context: what the local policy reads of the chosen subspace, its ``"slot"`` or its ``"centre"``.
    """

    num_features: int
    num_subspaces: int
    distance: int
    num_components: int
    num_operations: int
    width: int = 64
    subspace_limit: float = 1.5
    local_limit: float = 0.6
    use_graph: bool = True
    context: str = "slot"

    def weights(self) -> dict[str, tuple[int, int]]:
        """Name -> shape of each weight of one policy."""
        h, components, operations = self.width, self.num_components, self.num_operations
        shapes = graph_weights(self.num_features, h, self.use_graph)
        shapes |= {"input": (h, 4 * h), "recurrent": (h, 4 * h), "input_bias": (1, 4 * h)}
        shapes |= {"A": (h, h), "B": (h, h), "v": (h, 1)}
        if self.context == "slot":
            shapes["slot_embedding"] = (self.num_subspaces, h)
        shapes |= {"layer": (h, components), "layer_bias": (1, components), "layer_embedding": (components, h)}
        shapes |= {"operation": (h, operations), "operation_bias": (1, operations)}
        return shapes | {"operation_embedding": (operations, h)}


class Observation(NamedTuple):
    """S subspace graphs, the worst centre first.

    Attributes:
        nodes: (S, K, F) features.
        slots: (S, K) which slot of the graph each node is.
        codes: (S, K, L) the centres.
        prior: (S, K) logits of the subspaces besides the policy's; ``NEVER`` bars one.
        values: (S, L, C) worth of each choice, whose gain is a logit of the edit besides the policy's; or ``None``.
        new: for each graph a function of a code (L,) to the edits (L, C) that are allowed as the last one; or ``None``.
    """

    nodes: Floats
    slots: Integers
    codes: Codes
    prior: Floats
    values: Floats | None = None
    new: Sequence[Callable[[Codes], Mask]] | None = None


class Decisions(NamedTuple):
    """What S policies decided: all that their log-probabilities need.

    ``nodes`` (S, K, F) as observed; ``chosen`` (S,) the node and ``slots`` (S,) its slot; ``layers`` and ``operations``
    (S, M); and the logits besides the policy's at each decision, (S, K), (S, M, L) and (S, M, V).
    """

    nodes: Floats
    chosen: Integers
    slots: Integers
    layers: Integers
    operations: Integers
    node_priors: Floats
    layer_priors: Floats
    operation_priors: Floats


def row_of(decisions: Decisions, row: int) -> Decisions:
    """The decisions of one policy, as a batch of one."""
    parts: list[Any] = [part[row : row + 1] for part in decisions]
    return Decisions(*parts)


def joined(batches: Iterable[Decisions] | Iterable[Observation]) -> list[Any]:
    """The fields of several batches as those of one; a field that is ``None`` stays so."""
    return [None if parts[0] is None else _join(parts) for parts in zip(*batches, strict=True)]


def _join(parts: Sequence[Any]) -> Any:
    return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else [item for part in parts for item in part]


def embed(shape: PolicyShape, weights: Weights, nodes: Tensor) -> Tensor:
    """(S, K, h) embeddings of the subspaces."""
    return graph_network(weights, nodes) if shape.use_graph else separate_nodes(weights, nodes)


def sample(
    shape: PolicyShape, weights: Weights, edits: Edits, observed: Observation, uniforms: NDArray[np.float64]
) -> tuple[Decisions, Codes]:
    """Draws one architecture from each of S policies, without gradients.

    Args:
        shape, weights: the policies.
        edits: what can be done to the architectures.
        observed: the graphs.
        uniforms: (S, 1 + 2M) uniform numbers, one a decision.

    Returns:
        The decisions, and beta = alpha (+) delta, the architectures (S, L).
    """
    with torch.no_grad():
        walk = _Walk(weights, embed(shape, weights, torch.from_numpy(observed.nodes)))
        rows = np.arange(len(observed.nodes))
        walk.step(walk.embeddings.mean(dim=1))
        chosen = _draw(subspace_logits(shape, weights, walk.embeddings, walk.hidden), observed.prior, uniforms[:, 0])
        slots, codes = observed.slots[rows, chosen], observed.codes[rows, chosen]
        of_slot = shape.context == "slot"
        walk.step(weights["slot_embedding"][rows, slots] if of_slot else walk.embeddings[rows, chosen])
        taken: list[tuple[Integers, Integers, Floats, Floats]] = []
        for number in range(shape.distance):
            priors = _EditPriors(edits, observed, codes, last=number == shape.distance - 1)
            of_layers = priors.of_layers()
            logits = local_logits(shape, weights, "layer", walk.hidden)
            layers = _draw(logits, of_layers, uniforms[:, 1 + 2 * number])
            walk.step(weights["layer_embedding"][rows, layers])
            of_operations = priors.of_operations(layers)
            logits = local_logits(shape, weights, "operation", walk.hidden)
            operations = _draw(logits, of_operations, uniforms[:, 2 + 2 * number])
            if number < shape.distance - 1:
                walk.step(weights["operation_embedding"][rows, operations])
            codes = edits.apply(codes, layers, operations)
            taken.append((layers, operations, of_layers, of_operations))
    layers, operations, of_layers, of_operations = (np.stack(parts, axis=1) for parts in zip(*taken, strict=True))
    return Decisions(observed.nodes, chosen, slots, layers, operations, observed.prior, of_layers, of_operations), codes


class _EditPriors:
    """Logits of one edit besides the policy's: which are possible, and what they are worth.

    The prior of a component sums up those of its choices, so that without a policy all possible edits of equal worth
    are equally likely. Where nothing but validity restricts them, components are equally likely instead, as published.
    """

    def __init__(self, edits: Edits, observed: Observation, codes: Codes, last: bool) -> None:
        self.edits, self.codes, self.rows = edits, codes, np.arange(len(codes))
        self.logits: Floats | None = None
        if last and observed.new is not None:
            allowed = np.stack([new(code) for new, code in zip(observed.new, codes, strict=True)])
            nothing_new = ~allowed.any(axis=(1, 2))
            if nothing_new.any():
                allowed[nothing_new] = edits.neighborhood(codes[nothing_new])[1]
        elif observed.values is not None:
            allowed = edits.neighborhood(codes)[1]
        else:
            return
        gains = np.zeros(allowed.shape)
        if observed.values is not None:
            gains += observed.values
            gains -= np.take_along_axis(observed.values, codes[:, :, None].astype(np.int64), axis=2)
        self.logits = np.where(allowed, gains, NEVER)

    def of_layers(self) -> Floats:
        """(S, L)."""
        if self.logits is None:
            return np.zeros(self.codes.shape)
        most = self.logits.max(axis=2)
        total: Floats = most + np.log(np.exp(self.logits - most[:, :, None]).sum(axis=2))
        return total

    def of_operations(self, layers: Integers) -> Floats:
        """(S, V) at the components ``layers`` (S,)."""
        if self.logits is None:
            return self.edits.in_vocabulary(np.where(self.edits.choices(self.codes, layers)[1], 0.0, NEVER), layers)
        return self.edits.in_vocabulary(self.logits[self.rows, layers], layers)


class _Walk:
    """The LSTM of S policies, one step at a time."""

    def __init__(self, weights: Weights, embeddings: Tensor) -> None:
        self.weights, self.embeddings = weights, embeddings
        self._hidden = self._cell = embeddings.new_zeros(len(embeddings), embeddings.shape[2])

    @property
    def hidden(self) -> Tensor:
        """(S, 1, h) the present hidden state."""
        return self._hidden[:, None]

    def step(self, inputs: Tensor) -> None:
        """Reads ``inputs`` (S, h)."""
        gates = torch.baddbmm(self.weights["input_bias"], inputs[:, None], self.weights["input"])
        gates = torch.baddbmm(gates, self.hidden, self.weights["recurrent"])
        self._hidden, self._cell = lstm_cell(gates[:, 0], self._cell)


def _draw(logits: Tensor, priors: Floats, uniforms: NDArray[np.float64]) -> Integers:
    """(S,) one choice of each row of ``logits`` (S, 1, n), by inverting its distribution function at ``uniforms``."""
    total = logits[:, 0].double().numpy() + priors
    reached = np.exp(total - total.max(axis=1, keepdims=True)).cumsum(axis=1)
    chosen: Integers = (reached > uniforms[:, None] * reached[:, -1:]).argmax(axis=1)
    return chosen


def log_probabilities(shape: PolicyShape, weights: Weights, decisions: Decisions) -> tuple[Tensor, Tensor]:
    """(S,) log-probability of what each policy decided, and (S,) the sum of the entropies of its 1 + 2M decisions."""
    embeddings = embed(shape, weights, torch.from_numpy(decisions.nodes))
    kind = embeddings.dtype
    chosen = _indicator(decisions.chosen[:, None], shape.num_subspaces, kind)
    layers = _indicator(decisions.layers, shape.num_components, kind)
    operations = _indicator(decisions.operations, shape.num_operations, kind)
    if shape.context == "centre":
        of_subspace = torch.bmm(chosen, embeddings)
    else:
        slots = _indicator(decisions.slots[:, None], shape.num_subspaces, kind)
        of_subspace = torch.bmm(slots, weights["slot_embedding"])
    of_layers = torch.bmm(layers, weights["layer_embedding"])
    of_operations = torch.bmm(operations, weights["operation_embedding"])
    local = torch.stack([of_layers, of_operations], dim=2).flatten(1, 2)[:, :-1]
    inputs = torch.cat([embeddings.mean(dim=1, keepdim=True), of_subspace, local], dim=1)
    hidden = LSTM.apply(torch.baddbmm(weights["input_bias"], inputs, weights["input"]), weights["recurrent"])
    total = entropy = embeddings.new_zeros(len(embeddings))
    for logits, priors, taken in (
        (subspace_logits(shape, weights, embeddings, hidden[:, :1]), decisions.node_priors[:, None], chosen),
        (local_logits(shape, weights, "layer", hidden[:, 1::2]), decisions.layer_priors, layers),
        (local_logits(shape, weights, "operation", hidden[:, 2::2]), decisions.operation_priors, operations),
    ):
        logs = torch.log_softmax(logits + torch.from_numpy(priors).to(kind), dim=2)
        total = total + (logs * taken).sum(dim=(1, 2))
        entropy = entropy - (logs * logs.exp()).sum(dim=(1, 2))
    return total, entropy


def subspace_logits(shape: PolicyShape, weights: Weights, embeddings: Tensor, hidden: Tensor) -> Tensor:
    """(S, 1, K) from embeddings (S, K, h) and the first hidden state (S, 1, h)."""
    mixed = torch.tanh(torch.bmm(embeddings, weights["A"]) + torch.bmm(hidden, weights["B"]))
    return shape.subspace_limit * torch.tanh(torch.bmm(mixed, weights["v"])).transpose(1, 2)


def local_logits(shape: PolicyShape, weights: Weights, kind: str, hidden: Tensor) -> Tensor:
    """(S, m, L) or (S, m, V) from hidden states (S, m, h); ``kind`` is ``"layer"`` or ``"operation"``."""
    return shape.local_limit * torch.tanh(torch.baddbmm(weights[f"{kind}_bias"], hidden, weights[kind]))


def _indicator(indices: Integers, number: int, kind: torch.dtype) -> Tensor:
    return (torch.from_numpy(indices)[..., None] == torch.arange(number)).to(kind)
