"""The NASLib side of an ask/tell optimizer: what NASLib's ``Trainer`` and runners call."""

from __future__ import annotations

import logging
from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.errors import UnsupportedSpace
from naslib_ext.naslib_bridge.base import MetaOptimizer, metric
from naslib_ext.search_spaces import Codes, SearchSpace, get_search_space

logger = logging.getLogger(__name__)

LAST_EPOCH = -1
"""NASLib's name for the longest training schedule."""


class NaslibProtocol(MetaOptimizer):
    """Drives an ask/tell optimizer over NASLib's graphs, one query an epoch.

    Graphs are handled through NASLib's own protocol alone (``get_type get_hash set_spec query clone``), so that
    NASLib's search spaces and light architecture objects work alike.
    """

    config: Any

    @property
    @abstractmethod
    def space(self) -> SearchSpace:
        """The search space it is bound to."""

    @property
    @abstractmethod
    def incumbent(self) -> tuple[Codes, float] | None:
        """(code, score) of the best architecture so far."""

    @property
    @abstractmethod
    def history(self) -> tuple[Codes, NDArray[np.float64]]:
        """All architectures told (n, L) and their scores (n,)."""

    @abstractmethod
    def bind(self, space: SearchSpace, seed: int = 0, budget: int | None = None) -> Any:
        """Starts a search from nothing."""

    @abstractmethod
    def ask(self, n: int = 1) -> Codes:
        """(at most n, L) the next architectures to evaluate."""

    @abstractmethod
    def tell(self, codes: ArrayLike, scores: ArrayLike) -> None:
        """Reports scores (n,) of architectures (n, L)."""

    def adapt_search_space(self, search_space: Any, scope: Any = None, dataset_api: Any = None, **_: Any) -> None:
        """Binds the optimizer to the space of ``search_space``, with the seed and budget of its configuration.

        Args:
            search_space: a NASLib graph or a light architecture object.
            scope: unused here, as in NASLib's own discrete optimizers.
            dataset_api: NASLib's benchmark dictionary, handed on to ``query``.

        Raises ``UnsupportedSpace`` for a graph that no benchmark answers for, ``UnknownName`` for an unknown type.
        """
        if not getattr(search_space, "QUERYABLE", False):
            raise UnsupportedSpace(f"{type(search_space).__name__} cannot be queried")
        config = self.config or {}
        search = config.get("search") or {}
        self.search_space = search_space.clone()
        self.scope = scope
        self.dataset_api = dataset_api
        self.dataset = config.get("dataset")
        self._graphs: dict[bytes, Any] = {}
        space = getattr(search_space, "space", None) or get_search_space(search_space.get_type())
        self.bind(space, int(search.get("seed", config.get("seed", 0))), search.get("epochs"))

    def new_epoch(self, epoch: int) -> None:
        """Queries one architecture; nothing once the space is exhausted."""
        codes = self.ask(1)
        if not len(codes):
            logger.info("epoch %d: the search space is exhausted", epoch)
            return
        graph = self._graph_of(codes[0])
        value = graph.query(metric("VAL_ACCURACY"), self.dataset, epoch=LAST_EPOCH, dataset_api=self.dataset_api)
        self.tell(codes, [value])
        self._forget_graphs()

    def _graph_of(self, code: Any) -> Any:
        key = code.tobytes()
        if key not in self._graphs:
            graph = self.search_space.clone()
            graph.set_spec(self.space.to_spec(code), dataset_api=self.dataset_api)
            self._graphs[key] = graph
        return self._graphs[key]

    def _forget_graphs(self) -> None:
        """Keeps the graphs of the incumbent and of the newest architecture; one of NASLib's weighs 10 MB."""
        kept = [code.tobytes() for code in (self._shown(True), self._shown(False))]
        self._graphs = {key: graph for key, graph in self._graphs.items() if key in kept}

    def _shown(self, report_incumbent: bool) -> Codes:
        """The incumbent's code, or the newest's; the newest stands in while every query has failed."""
        if report_incumbent and self.incumbent is not None:
            return self.incumbent[0]
        return self.history[0][-1]

    def train_statistics(self, report_incumbent: bool = True) -> tuple[float, float, float, float]:
        """(train, validation, test accuracy, training time) of the incumbent, or of the newest architecture."""
        graph = self._graph_of(self._shown(report_incumbent))
        names = ("TRAIN_ACCURACY", "VAL_ACCURACY", "TEST_ACCURACY", "TRAIN_TIME")
        train, valid, test, seconds = (
            graph.query(metric(name), self.dataset, dataset_api=self.dataset_api) for name in names
        )
        return train, valid, test, seconds

    def test_statistics(self) -> Any:
        """All that the benchmark knows of the incumbent."""
        graph = self._graph_of(self._shown(report_incumbent=True))
        return graph.query(metric("RAW"), self.dataset, dataset_api=self.dataset_api)

    def get_final_architecture(self) -> Any:
        """The graph of the best architecture found. Raises ``NaslibExtError`` before data."""
        if self.incumbent is None:
            raise UnsupportedSpace(f"{type(self).__name__} has no architecture yet")
        return self._graph_of(self.incumbent[0])

    def get_op_optimizer(self) -> Any:
        """None: this method trains no weights."""
        raise UnsupportedSpace(f"{type(self).__name__} trains no weights")

    def get_checkpointables(self) -> dict[str, Any]:
        """The whole state of the search as a ``torch.nn.Module``, so that NASLib's checkpoints resume it."""
        from naslib_ext.optimizers.checkpoint_module import StateModule

        return {"model": StateModule(self)}
