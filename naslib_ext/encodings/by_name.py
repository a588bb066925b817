"""Encodings by name, for models that work on any of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.encodings.one_hot import one_hot
from naslib_ext.encodings.operation_distribution import operation_distribution
from naslib_ext.encodings.paths import path_encoding
from naslib_ext.registry import unknown_name
from naslib_ext.search_spaces import SearchSpace

ENCODINGS = ("adjacency", "path", "truncated_path", "operations")


def features_of(space: SearchSpace, codes: ArrayLike, encoding: str) -> NDArray[np.float32]:
    """(n, d) features from 0 to 1 of architectures (n, L).

    Args:
        space: the search space of the codes.
        codes: architectures; where the space tells them apart by their canonical form, that is encoded.
        encoding: ``adjacency`` (one-hot), ``path``, ``truncated_path`` or ``operations`` (the distribution).

    Raises ``UnknownName`` for another encoding.
    """
    array = space.canonical(codes) if space.key == "canonical" else space.check(codes)
    if encoding == "adjacency":
        return one_hot(space, array)
    if encoding == "operations":
        return operation_distribution(space, array)
    if encoding in ("path", "truncated_path"):
        return path_encoding(space, array, encoding == "truncated_path")
    raise unknown_name("encoding", encoding, ENCODINGS)
