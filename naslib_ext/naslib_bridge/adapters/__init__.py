"""Graphs to codes and back, architecture objects without a network, and NASLib's own methods on our benchmarks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from naslib_ext.naslib_bridge.adapters.graphs import code_to_graph, graph_to_code

if TYPE_CHECKING:
    from naslib_ext.naslib_bridge.adapters.light import LightArchitecture

__all__ = ["code_to_graph", "graph_to_code", "light_architecture"]


def light_architecture(
    search_space: str,
    dataset: str,
    data_dir: str | os.PathLike[str] | None = None,
    kind: str = "table",
    metric: str = "val_accuracy",
) -> LightArchitecture:
    """A blank architecture object over a benchmark, to hand to NASLib's ``adapt_search_space``.

    Args:
        search_space: name of the space.
        dataset: name of the data set, as the table has it.
        data_dir: folder of table files; ``None`` means ``NASLIB_EXT_DATA`` and then the tables that are carried.
        kind: ``"table"``, or ``"surrogate"`` where the table holds a part of the space only.
        metric: what NASLib's validation accuracy means here.

    Raises ``DataFileError`` or ``UnknownName`` where there is no such table.
    """
    from naslib_ext.benchmarks import load_benchmark
    from naslib_ext.naslib_bridge.adapters.light import LightArchitecture

    benchmark = load_benchmark(search_space, dataset, kind, data_dir)
    return LightArchitecture(benchmark.space, benchmark, metric=metric)
