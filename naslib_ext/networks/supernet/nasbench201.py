"""The supernet of NAS-Bench-201 (Dong and Yang, ICLR 2020): all five operations on each of the six edges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from naslib_ext.networks.nasbench201 import operation
from naslib_ext.networks.primitives import ResidualBlock, conv_bn
from naslib_ext.networks.supernet.base import Supernet
from naslib_ext.networks.supernet.mixed import MixedOperation, Term, Terms
from naslib_ext.networks.supernet.norms import batch_statistics
from naslib_ext.search_spaces import Codes
from naslib_ext.search_spaces.nasbench201 import OPERATIONS, STRING_ORDER, NASBench201SearchSpace


class NASBench201Supernet(Supernet):
    """Mixtures are (6, 5), the edges in the order of a code, the operations as the space names them.

    ``discretize`` takes each edge's largest weight, ``none`` included. The stem, the reductions and the last
    normalisation keep scale and shift, as in the benchmark's own weight-sharing networks.

    Args:
        init_channels: C, channels of the first stage.
        cells_per_stage: N.
        num_classes: width of the logits.
        in_channels: channels of an image.
        stages: each but the first begins with a reduction, which halves the image and doubles the channels.
    """

    operations = OPERATIONS
    num_edges = len(NASBench201SearchSpace.edges)

    def __init__(
        self, *, init_channels: int = 16, cells_per_stage: int = 5, num_classes: int = 10, in_channels: int = 3,
        stages: int = 3,
    ) -> None:  # fmt: skip
        super().__init__(
            init_channels=init_channels, cells_per_stage=cells_per_stage, num_classes=num_classes,
            in_channels=in_channels, stages=stages,
        )  # fmt: skip
        self.space = NASBench201SearchSpace()
        self.stem = batch_statistics(conv_bn(in_channels, init_channels, 3), affine=True)
        self.body = nn.ModuleList()
        for stage in range(stages):
            channels = init_channels << stage
            if stage:
                self.body.append(batch_statistics(ResidualBlock(channels // 2, channels, stride=2), affine=True))
            self.body.extend(MixedCell(channels) for _ in range(cells_per_stage))
        self.last = batch_statistics(nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU()), affine=True)
        self.classifier = nn.Linear(channels, num_classes)

    def _features(self, images: Tensor, terms: Terms) -> Tensor:
        x = self.stem(images)
        for layer in self.body:
            x = layer(x, terms) if isinstance(layer, MixedCell) else layer(x)
        out: Tensor = self.last(x)
        return out

    def paths(self, images: Tensor, codes: Codes) -> Iterator[Tensor]:
        """In a network of one cell, codes that agree on the edges into a node share what is computed up to there."""
        cell = self.body[0]
        if len(self.body) > 1 or not isinstance(cell, MixedCell):
            yield from super().paths(images, codes)
            return
        shared = SharedCell(cell, self.stem(images))
        for code in codes.tolist():
            yield self.classifier(self.pool(self.last(shared.output(code))).flatten(1))

    def _chosen(self, code: Codes) -> NDArray[np.int64]:
        return code.astype(np.int64)

    def _discretize(self, weights: NDArray[Any]) -> Codes:
        return weights.argmax(axis=1).astype(np.int8)

    def _counterparts(self, network: Any, chosen: NDArray[np.int64]) -> Iterator[tuple[nn.Module, nn.Module]]:
        yield from ((getattr(self, part), getattr(network, part)) for part in ("stem", "last", "classifier"))
        for shared, own in zip(self.body, network.body, strict=True):
            if not isinstance(shared, MixedCell):
                yield shared, own
                continue
            for place, alone in zip(own.edges, own.operations, strict=True):  # sorted in another way than ours
                edge = shared.places.index(place)
                yield shared.edges[edge].operations[chosen[edge]], alone  # type: ignore[union-attr, index, misc]


class MixedCell(nn.Module):
    """A cell of four nodes with all operations on every edge; node 0 is the input, the last one the output."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.places = NASBench201SearchSpace.edges
        self.order = [self.places.index(edge) for edge in STRING_ORDER]  # into node 1, then 2, then 3
        self.edges = nn.ModuleList(
            MixedOperation(operation(name, channels) for name in OPERATIONS) for _ in self.places
        )

    def forward(self, x: Tensor, terms: Sequence[Sequence[Term]]) -> Tensor:
        nodes: list[Tensor | None] = [x, None, None, None]
        for edge in self.order:
            source, target = self.places[edge]
            before = nodes[source]
            if before is None or not terms[edge]:
                continue  # an empty sum is zero
            term, total = self.edges[edge](before, terms[edge]), nodes[target]
            nodes[target] = term if total is None else total + term
        return nodes[-1] if nodes[-1] is not None else x * 0.0


class SharedCell:
    """A cell on one batch for many single paths: what an operation gave on the first two nodes is computed once.

    Node t hangs on the operations of the edges into it and into the nodes before it: in the cell's order of edges, as
    in an architecture string, on the first t(t+1)/2. So there are 15 + 50 feature maps to keep; those of the 625
    operations on the third node are seldom met again.
    """

    def __init__(self, cell: MixedCell, x: Tensor) -> None:
        self.cell, self.x = cell, x
        self.known: dict[tuple[int, ...], Tensor] = {}

    def output(self, code: Sequence[int]) -> Tensor:
        """The cell's output for the path of ``code`` (6,)."""
        return self._node(tuple(code[edge] for edge in self.cell.order))

    def _node(self, begin: tuple[int, ...]) -> Tensor:
        """The node whose incoming edges end the row ``begin`` of operations."""
        if not begin:
            return self.x
        first = _LENGTHS[_LENGTHS.index(len(begin)) - 1]
        terms = [
            self._term(place, begin[: _LENGTHS[place - first]], begin[place]) for place in range(first, len(begin))
        ]
        return sum(terms[1:], terms[0])

    def _term(self, place: int, begin: tuple[int, ...], number: int) -> Tensor:
        """What operation ``number`` of an edge gives on the node that ``begin`` ends with."""
        key = (place, number, *begin)
        if key in self.known:
            return self.known[key]
        operation: MixedOperation = self.cell.edges[self.cell.order[place]]  # type: ignore[assignment]
        out = operation(self._node(begin), [(number, None)])
        if len(begin) <= _LENGTHS[1]:
            self.known[key] = out
        return out


_LENGTHS = (0, 1, 3, 6)
"""Edges into each node and the nodes before it."""
