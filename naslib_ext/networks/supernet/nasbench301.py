"""The supernet of the DARTS cells (Liu et al., ICLR 2019, section 2.1): every node takes all nodes before it.

Differences from the paper: the operations are those of the stand-alone networks, so poolings have no normalisation of
their own, and there is no operation "none", which no code of the space holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from naslib_ext.networks.nasbench301 import NUM_NODES, operation
from naslib_ext.networks.primitives import FactorizedReduce, conv_bn, relu_conv_bn
from naslib_ext.networks.supernet.base import Supernet
from naslib_ext.networks.supernet.mixed import MixedOperation, Term, Terms
from naslib_ext.networks.supernet.norms import batch_statistics
from naslib_ext.search_spaces import Codes
from naslib_ext.search_spaces.nasbench301 import OPERATIONS, NASBench301SearchSpace

EDGES = tuple((source, node) for node in range(NUM_NODES) for source in range(node + 2))
"""A cell's 14 edges: sources 0 and 1 are the two cells before, node i is the source i + 2 of later ones."""


class NASBench301Supernet(Supernet):
    """Mixtures are (28, 7): the 14 ``EDGES`` of the normal cell, then those of the reduction cell.

    ``discretize`` is DARTS' rule (section 2.4): each node keeps the two inputs whose best operations weigh most, with
    these operations. Only the stem's normalisation has scale and shift, as in DARTS' search network.

    Args:
        init_channels: channels of the first cells: 16 in DARTS' search.
        layers: number of cells, two of them reductions: 8 in DARTS' search.
        num_classes: width of the logits.
        in_channels: channels of an image.
        stem_multiplier: channels of the stem are ``stem_multiplier * init_channels``.
    """

    operations = OPERATIONS
    num_edges = 2 * len(EDGES)

    def __init__(
        self, *, init_channels: int = 16, layers: int = 8, num_classes: int = 10, in_channels: int = 3,
        stem_multiplier: int = 3,
    ) -> None:  # fmt: skip
        super().__init__(
            init_channels=init_channels, layers=layers, num_classes=num_classes, in_channels=in_channels,
            stem_multiplier=stem_multiplier,
        )  # fmt: skip
        self.space = NASBench301SearchSpace()
        before = last = stem_multiplier * init_channels
        channels, halved = init_channels, False
        self.stem = batch_statistics(conv_bn(in_channels, last, 3), affine=True)
        self.cells = nn.ModuleList()
        for layer in range(layers):
            reduction = layer in (layers // 3, 2 * layers // 3)
            channels *= 2 if reduction else 1
            self.cells.append(MixedCell(before, last, channels, reduction, halved))
            before, last, halved = last, NUM_NODES * channels, reduction
        self.classifier = nn.Linear(last, num_classes)

    def _features(self, images: Tensor, terms: Terms) -> Tensor:
        halves = terms[: len(EDGES)], terms[len(EDGES) :]
        before = last = self.stem(images)
        for cell in self.cells:
            before, last = last, cell(before, last, halves[cell.reduction])  # type: ignore[index]
        return last

    def _chosen(self, code: Codes) -> NDArray[np.int64]:
        chosen = np.full((2, len(EDGES)), -1)
        for cell, row in enumerate(code.reshape(2, 2 * NUM_NODES, 2).tolist()):
            for place, (source, choice) in enumerate(row):
                chosen[cell, EDGES.index((source, place // 2))] = choice
        return chosen.reshape(-1)

    def _discretize(self, weights: NDArray[Any]) -> Codes:
        best, code = weights.max(axis=1).reshape(2, -1), []
        operations = weights.argmax(axis=1).reshape(2, -1)
        for cell in range(2):
            for node in range(NUM_NODES):
                into = np.array([place for place, (_, target) in enumerate(EDGES) if target == node])
                kept = np.sort(np.argsort(-best[cell, into], kind="stable")[:2])  # ascending sources
                code += [value for place in into[kept] for value in (EDGES[place][0], operations[cell, place])]
        return np.array(code, dtype=np.int8)

    def _counterparts(self, network: Any, chosen: NDArray[np.int64]) -> Iterator[tuple[nn.Module, nn.Module]]:
        yield from ((getattr(self, part), getattr(network, part)) for part in ("stem", "classifier"))
        rows = chosen.reshape(2, -1)
        for shared, own in zip(self.cells, network.cells, strict=True):
            yield from ((getattr(shared, part), getattr(own, part)) for part in ("first", "second"))
            numbers = rows[int(shared.reduction)]  # type: ignore[arg-type]
            for place, alone in zip(np.flatnonzero(numbers >= 0), own.operations, strict=True):
                yield shared.edges[place].operations[numbers[place]], alone  # type: ignore[union-attr, index]


class MixedCell(nn.Module):
    """A cell with all operations on all ``EDGES``; arguments as for ``naslib_ext.networks.nasbench301.Cell``."""

    def __init__(self, before: int, last: int, channels: int, reduction: bool, halved: bool) -> None:
        super().__init__()
        self.reduction = reduction
        first = FactorizedReduce(before, channels) if halved else relu_conv_bn(before, channels, 1)
        self.first = batch_statistics(first, affine=False)
        self.second = batch_statistics(relu_conv_bn(last, channels, 1), affine=False)
        strides = (2 if reduction and source < 2 else 1 for source, _ in EDGES)
        self.edges = nn.ModuleList(
            MixedOperation(operation(name, channels, stride) for name in OPERATIONS) for stride in strides
        )

    def forward(self, before: Tensor, last: Tensor, terms: Sequence[Sequence[Term]]) -> Tensor:
        states = [self.first(before), self.second(last)]
        stride = 2 if self.reduction else 1
        for node in range(NUM_NODES):
            total: Tensor | None = None
            for edge, (source, target) in enumerate(EDGES):
                if target == node and terms[edge]:
                    term = self.edges[edge](states[source], terms[edge])
                    total = term if total is None else total + term
            states.append(states[1][:, :, ::stride, ::stride] * 0.0 if total is None else total)  # an empty sum
        return torch.cat(states[2:], dim=1)
