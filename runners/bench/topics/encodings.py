"""Encodings: features of architectures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from naslib_ext.encodings.by_name import ENCODINGS, features_of
from naslib_ext.encodings.difference import difference_vector
from naslib_ext.encodings.graphs import graph_tensors
from naslib_ext.encodings.structure import structure_matrix
from naslib_ext.errors import UnsupportedSpace
from naslib_ext.search_spaces import Codes, SearchSpace, get_search_space
from runners.bench import peers
from runners.bench.meter import Item, Meter, Work

SPACES = ("nasbench101", "nasbench201", "nasbench301", "mobilenet")
"""One space of each kind: vertices, edges, two cells, a chain."""

Encoding = Callable[[SearchSpace, Codes], Any]
NAMED: dict[str, Encoding] = {
    **{name: partial(lambda space, codes, name: features_of(space, codes, name), name=name) for name in ENCODINGS},
    "structure": structure_matrix,
    "graph tensors": graph_tensors,
    "difference": lambda space, codes: difference_vector(space, codes, codes[::-1]),
}


def measure(meter: Meter) -> None:
    rng = np.random.default_rng(0)
    items: dict[tuple[str, str], Item] = {}
    for name in SPACES:
        space, number = get_search_space(name), meter.size(5_000, 20)
        codes = space.sample(number, rng)
        for what, encode in NAMED.items():
            if not _supports(space, codes, encode):
                continue
            item = meter.time(f"{name}, {what}, of one", partial(encode, space, codes), number, memory=True)
            meter.grow(item, "n", meter.sizes(200, 2_000, 20_000), partial(_of_size, encode, space, rng))
            items[name, what] = item
    meter.compare(items["nasbench201", "adjacency"], "NASLib", partial(_naslib, meter))


def _of_size(encode: Encoding, space: SearchSpace, rng: np.random.Generator, number: int) -> Work:
    return partial(encode, space, space.sample(number, rng))


def _supports(space: SearchSpace, codes: Codes, encode: Encoding) -> bool:
    try:
        encode(space, codes[:2])
    except UnsupportedSpace:
        return False
    return True


def _naslib(meter: Meter) -> tuple[Work, int]:
    """NASLib's one-hot encoding of codes: without the graph, which takes longer."""
    kind = peers.naslib("naslib.utils.encodings", "EncodingType").ADJACENCY_ONE_HOT
    encode = peers.naslib("naslib.predictors.utils.encodings", "encode_spec")
    specs = get_search_space("nasbench201").sample(meter.size(200, 2), np.random.default_rng(0)).tolist()
    return lambda: [encode(spec, kind, "nasbench201") for spec in specs], len(specs)
