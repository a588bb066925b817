"""Architectures of cells drawn as graphs: SVG to stand in a page, in the page's own colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

from naslib_ext.errors import NaslibExtError
from naslib_ext.search_spaces import get_search_space
from naslib_ext.search_spaces.base import Codes
from naslib_ext.search_spaces.four_node_cell import FourNodeCellSpace
from naslib_ext.search_spaces.nasbench101 import SOURCES, TARGETS

STEP, RISE, RADIUS, BASE = 150, 25, 15, 20
"""Pixels: between two vertices, of an arc a vertex passed over, of a vertex, and of the lowest arc."""


class Graph(NamedTuple):
    """A cell: names of its vertices, and edges (source, target, label), sources before targets."""

    title: str
    vertices: Sequence[str]
    edges: Sequence[tuple[int, int, str]]


def draw(search_space: str, architecture: str) -> str:
    """SVG of the cells of an architecture, given as the space writes it; empty where it has none or is unknown.

    Drawn are the four-node cells (edges without operation are left out), those of NAS-Bench-101 without dead vertices,
    and both cells of NAS-Bench-301.
    """
    try:
        space = get_search_space(search_space)
        code = space.from_string(architecture)
    except NaslibExtError:
        return ""
    if isinstance(space, FourNodeCellSpace):
        graphs = [_four_nodes(space, code)]
    elif space.name in _GRAPHS:
        graphs = _GRAPHS[space.name](space.canonical(code[None])[0], space.operation_names)
    else:
        return ""
    return "\n".join(map(svg, graphs))


def _four_nodes(space: FourNodeCellSpace, code: Codes) -> Graph:
    edges = [
        (source, target, space.operation_names[operation])
        for (source, target), operation in zip(space.edges, code.tolist(), strict=True)
        if operation != space.none
    ]
    return Graph("Cell", ("in", "1", "2", "out"), edges)


def _nasbench101(code: Codes, names: Sequence[str]) -> list[Graph]:
    """``code`` is canonical: it has no dead vertex, so that those without an edge are not there."""
    found = [(int(a), int(b)) for a, b in zip(SOURCES[code[:21] > 0], TARGETS[code[:21] > 0], strict=True)]
    used = sorted({vertex for edge in found for vertex in edge})
    short = [name.removesuffix("-bn-relu") for name in names]
    vertices = ["in" if v == 0 else "out" if v == 6 else short[code[20 + v]] for v in used]
    return [Graph("Cell", vertices, [(used.index(a), used.index(b), "") for a, b in found])]


def _nasbench301(code: Codes, names: Sequence[str]) -> list[Graph]:
    graphs = []
    for title, cell in zip(("Normal cell", "Reduction cell"), code.reshape(2, 8, 2).tolist(), strict=True):
        edges = [(source, 2 + place // 2, names[operation]) for place, (source, operation) in enumerate(cell)]
        graphs.append(Graph(title, ("k\N{MINUS SIGN}2", "k\N{MINUS SIGN}1", "0", "1", "2", "3"), edges))
    return graphs


_GRAPHS: dict[str, Callable[[Codes, Sequence[str]], list[Graph]]] = {
    "nasbench101": _nasbench101,
    "nasbench301": _nasbench301,
}


def svg(graph: Graph) -> str:
    """The vertices in a row; an edge to the next one is straight, others are arcs, by their sources above or below."""
    heights = [_height(source, target) for source, target, _ in graph.edges]
    above, below = (max([0.0, *(sign * height for height in heights)]) for sign in (1, -1))
    middle = above + RADIUS + 14
    width, height = STEP * (len(graph.vertices) - 1) + 110, middle + below + RADIUS + 16
    widths = [_half_width(name) for name in graph.vertices]
    lines = [_edge(edge, arc, middle, widths) for edge, arc in zip(graph.edges, heights, strict=True)]
    labels = [_label(edge, arc, middle) for edge, arc in zip(graph.edges, heights, strict=True) if edge[2]]
    vertices = [_vertex(name, place, middle) for place, name in enumerate(graph.vertices)]
    said = ", ".join(
        f"{graph.vertices[source]} to {graph.vertices[target]}" + (f" {label}" if label else "")
        for source, target, label in graph.edges
    )
    return (
        f'<figure class="cell"><svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" role="img" '
        f'aria-label="{escape(f"{graph.title}: {said}")}">\n' + "\n".join([*lines, *vertices, *labels]) + "\n</svg>"
        f"<figcaption>{escape(graph.title)}</figcaption></figure>"
    )


def _x(place: int) -> float:
    return 55 + STEP * place


def _height(source: int, target: int) -> float:
    """Of an arc's top above the row, negative below it; arcs of different lengths never have the same."""
    span = target - source
    return 0.0 if span == 1 else (BASE + RISE * (span - 1)) * (1 if source % 2 == 0 else -1)


def _half_width(name: str) -> float:
    """Of a vertex with that name."""
    return max(RADIUS, 3.6 * len(name) + 8)


def _edge(edge: tuple[int, int, str], height: float, middle: float, widths: Sequence[float]) -> str:
    source, target, _ = edge
    start, end = _x(source), _x(target)
    if height == 0:
        end -= widths[target]
        path = f"M{start + widths[source]:.0f} {middle:.0f}H{end - 6:.0f}"
        tip = (end, middle, 0)
    else:
        side = 1 if height > 0 else -1
        y = middle - side * RADIUS
        bend = middle - side * (RADIUS + 4 / 3 * (abs(height) - RADIUS))
        lean = 0.25 * (end - start)
        tail = y - side * 6
        path = f"M{start:.0f} {y:.0f}C{start + lean:.0f} {bend:.0f} {end - lean:.0f} {bend:.0f} {end:.0f} {tail:.0f}"
        tip = (end, y, 90 * side)
    x, y, angle = tip
    arrow = f'<path class="tip" d="M0 0L-9 -4L-9 4Z" transform="translate({x:.0f} {y:.0f}) rotate({angle})"/>'
    return f'<path class="edge" d="{path}"/>{arrow}'


def _label(edge: tuple[int, int, str], height: float, middle: float) -> str:
    source, target, text = edge
    x = (_x(source) + _x(target)) / 2
    half, y = 3.4 * len(text) + 3, middle - height
    return (
        f'<rect class="behind" x="{x - half:.0f}" y="{y - 8:.0f}" width="{2 * half:.0f}" height="16"/>'
        f'<text x="{x:.0f}" y="{y + 4:.0f}">{escape(text)}</text>'
    )


def _vertex(name: str, place: int, middle: float) -> str:
    half = _half_width(name)
    return (
        f'<rect class="vertex" x="{_x(place) - half:.1f}" y="{middle - RADIUS:.1f}" width="{2 * half:.1f}" '
        f'height="{2 * RADIUS}" rx="{RADIUS}"/>'
        f'<text x="{_x(place):.0f}" y="{middle + 4:.0f}">{escape(name)}</text>'
    )
