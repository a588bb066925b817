"""NASLib's graphs to codes and back, through the methods that its graphs and light objects share."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from naslib_ext.search_spaces import Codes, SearchSpace, get_search_space


def space_of(graph: Any) -> SearchSpace:
    """The search space of a graph: its own attribute ``space``, else the one that ``get_type()`` names.

    Raises ``UnknownName`` for a type that is not a search space here.
    """
    space = getattr(graph, "space", None)
    return space if isinstance(space, SearchSpace) else get_search_space(graph.get_type())


def graph_to_code(graph: Any) -> tuple[SearchSpace, Codes]:
    """(search space, code (L,)) of the architecture that ``graph`` holds.

    Raises ``InvalidArchitecture`` where its ``get_hash()`` is no architecture of that space.
    """
    space = space_of(graph)
    return space, space.from_spec(graph.get_hash())


def code_to_graph(code: ArrayLike, graph: Any, dataset_api: Any = None) -> Any:
    """A clone of ``graph``, which holds no architecture yet, with the architecture ``code`` (L,).

    Args:
        code: the architecture.
        graph: a blank graph of NASLib or a light object; it stays blank.
        dataset_api: NASLib's benchmark dictionary, which some of its graphs need here.

    Raises ``InvalidArchitecture`` where ``code`` is not an architecture of the graph's space.
    """
    spec = space_of(graph).to_spec(code)
    clone = graph.clone()
    clone.set_spec(spec, dataset_api=dataset_api)
    return clone
