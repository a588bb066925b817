"""NASLib's graphs as weight-sharing supernets, so that our one-shot methods train NASLib's own networks.

supernet = as_supernet(NasBench201SearchSpace())
supernet(images, weights)             # NASLib's mixed operations, weighed by (edges, operations)
supernet.standalone(code)             # NASLib's graph of one architecture, with the trained weights
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from naslib_ext.errors import UnsupportedSpace
from naslib_ext.naslib_bridge.adapters.graphs import space_of
from naslib_ext.naslib_bridge.adapters.naslib_names import naslib_object
from naslib_ext.networks.supernet import Supernet
from naslib_ext.networks.supernet.mixed import Term
from naslib_ext.networks.supernet.nasbench201 import NASBench201Supernet
from naslib_ext.networks.supernet.nasbench301 import EDGES, NASBench301Supernet
from naslib_ext.optimizers.one_shot import adapting
from naslib_ext.search_spaces import Codes
from naslib_ext.search_spaces.nasbench201 import NASBench201SearchSpace

Key = tuple[str, int, int]
"""An edge: the name of its cell where a graph has several kinds, and NASLib's numbers of its two nodes."""

OPERATIONS = {
    "Identity": "skip_connect",
    "FactorizedReduce": "skip_connect",
    "Zero": "none",
    "ReLUConvBN3x3": "nor_conv_3x3",
    "ReLUConvBN1x1": "nor_conv_1x1",
    "AvgPool1x1": "avg_pool_3x3",
    "AvgPool": "avg_pool_3x3",
    "MaxPool": "max_pool_3x3",
    "SepConv3x3": "sep_conv_3x3",
    "SepConv5x5": "sep_conv_5x5",
    "DilConv3x3": "dil_conv_3x3",
    "DilConv5x5": "dil_conv_5x5",
}
"""NASLib's name of an operation -> ours."""

FORGOTTEN = ("num_classes", "in_channels", "auxiliary_output")
"""What NASLib's ``unparse`` sets back to the defaults of the graph's class."""


class Rules(NamedTuple):
    """How a space's mixtures are read, and which of NASLib's edges have their rows."""

    supernet: type[Supernet]
    rows: Mapping[Key, int]


RULES = {
    "nasbench201": Rules(
        NASBench201Supernet,
        {("", source + 1, target + 1): row for row, (source, target) in enumerate(NASBench201SearchSpace.edges)},
    ),
    "nasbench301": Rules(
        NASBench301Supernet,
        {
            (cell, source + 1, node + 3): first + row
            for cell, first in (("normal_cell", 0), ("reduction_cell", len(EDGES)))
            for row, (source, node) in enumerate(EDGES)
        },
    ),
}


def register(graph: type) -> None:
    """Has our one-shot methods take objects of NASLib's class ``graph`` in ``adapt_search_space``."""
    adapting.as_supernet.register(graph, as_supernet)


def as_supernet(search_space: Any, scope: Any = None) -> GraphSupernet:
    """The supernet of a blank graph of NASLib, which stays blank.

    Args:
        search_space: NASLib's NAS-Bench-201 or NAS-Bench-301 graph.
        scope: which of its cells are searched, as NASLib's optimizers take it; ``None`` is the graph's own scope.

    Raises ``UnsupportedSpace`` for other graphs and for one that holds an architecture.
    """
    return GraphSupernet(search_space, scope)


class GraphSupernet(Supernet):
    """All architectures of NASLib's graph in one network, NASLib's, with our mixtures and codes.

    As NASLib's one-shot optimizers do it, every edge gets a ``MixedOp`` and the choice is shared data of the edges, so
    that all cells of a kind have one. Rows and columns of a mixture are those of ``build_supernet``'s network of the
    same space; NASLib's ``Zero`` stays out where that has no ``none``. The normalisations are as NASLib makes them:
    all of NAS-Bench-301's keep running statistics, and those outside NAS-Bench-201's cells. In training mode, and where
    ``paths`` are scored, in any mode, each batch has its own: one running mean cannot serve all paths.

    Attributes:
        graph: NASLib's graph, parsed.
    """

    def __init__(self, search_space: Any, scope: Any = None) -> None:
        super().__init__()
        self.space = space_of(search_space)
        if self.space.name not in RULES or not hasattr(search_space, "update_edges"):  # light objects have no network
            kinds = " and ".join(RULES)
            raise UnsupportedSpace(f"{self.space.name}: only NASLib's graphs of {kinds} are supernets here")
        self._rules = RULES[self.space.name]
        self.operations, self.num_edges = self._rules.supernet.operations, self._rules.supernet.num_edges
        self.graph = search_space.clone()
        self.scope = scope or self.graph.OPTIMIZER_SCOPE
        self._edges: dict[int, Any] = {}
        self.graph.update_edges(self._find_row, scope=self.scope, private_edge_data=False)
        if sorted(self._edges) != list(range(self.num_edges)):
            raise UnsupportedSpace(f"NASLib's {self.space.name} graph is not blank, or its scope lacks cells")
        self.graph.update_edges(self._mix, scope=self.scope, private_edge_data=True)
        self.graph.parse()

    def forward(  # type: ignore[override]
        self, images: Tensor, choice: Tensor | ArrayLike, active: ArrayLike | None = None
    ) -> Tensor:
        terms = self._terms(choice, active)
        for row, data in self._edges.items():
            data.set("terms", terms[row], shared=True)
        try:
            logits: Tensor = self.graph(images)
        finally:
            for data in self._edges.values():  # as in NASLib: what autograd computed can be neither copied nor saved
                data.remove("terms")
        return logits

    def paths(self, images: Tensor, codes: Codes) -> Iterator[Tensor]:
        with _batch_statistics(self.graph):
            yield from super().paths(images, codes)

    def standalone(self, code: ArrayLike) -> Any:
        """NASLib's graph of the architecture ``code`` with a copy of the shared weights, as NASLib's one-shot
        optimizers make their final architecture: parsed, its ``get_hash()`` is the architecture's spec."""
        chosen = self.chosen(code)
        with torch.random.fork_rng(devices=[]):  # a graph draws weights before it gets these
            graph = self.graph.clone().unparse()
            for name in FORGOTTEN:
                if hasattr(self.graph, name):
                    setattr(graph, name, getattr(self.graph, name))

            def discretize(edge: Any) -> None:
                number = chosen[self._row(edge)]
                if number < 0:
                    edge.data.delete()
                else:
                    edge.data.set("op", edge.data.op.get_embedded_ops()[number])

            graph.update_edges(discretize, scope=self.scope, private_edge_data=True)
            graph.prepare_evaluation()
        graph.parse()
        return graph.to(next(self.parameters()).device).train(self.training)

    def _chosen(self, code: Codes) -> NDArray[np.int64]:
        return self._rules.supernet._chosen(self, code)

    def _discretize(self, weights: NDArray[Any]) -> Codes:
        return self._rules.supernet._discretize(self, weights)

    def _row(self, edge: Any) -> int:
        return self._rules.rows[edge.data.get("cell_name", ""), edge.head, edge.tail]

    def _find_row(self, edge: Any) -> None:
        if isinstance(edge.data.op, list):
            self._edges[self._row(edge)] = edge.data

    def _mix(self, edge: Any) -> None:
        by_name = {OPERATIONS[operation.get_op_name]: operation for operation in edge.data.op}
        mixed = _mixed_operation()([by_name[name] for name in self.operations])
        mixed.empty = by_name["none"]
        edge.data.set("op", mixed)


@contextmanager
def _batch_statistics(module: nn.Module) -> Iterator[None]:
    """Normalisations of ``module`` use the statistics of the batch at hand; their running ones stay as they are."""
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d) and layer.track_running_stats]
    modes = [layer.training for layer in norms]
    for layer in norms:
        layer.training, layer.track_running_stats = True, False
    try:
        yield
    finally:
        for layer, mode in zip(norms, modes, strict=True):
            layer.training, layer.track_running_stats = mode, True


@cache
def _mixed_operation() -> Any:
    """Our subclass of NASLib's ``MixedOp``, which is not imported before a graph is there."""

    class ChosenOperations(naslib_object("naslib.search_spaces.core.primitives", "MixedOp")):  # type: ignore[misc]
        """The sum of an edge's ``terms``, pairs of an operation's number and its weight; ``empty`` without any."""

        empty: Any

        def get_weights(self, edge_data: Any) -> Sequence[Term]:
            terms: Sequence[Term] = edge_data.terms
            return terms

        def process_weights(self, weights: Sequence[Term]) -> Sequence[Term]:
            return weights

        def apply_weights(self, x: Tensor, weights: Sequence[Term]) -> Tensor:
            total: Tensor | None = None
            for number, weight in weights:
                out = self.primitives[number](x, None)
                out = out if weight is None else weight * out
                total = out if total is None else total + out
            return self.empty(x) if total is None else total

    return ChosenOperations
