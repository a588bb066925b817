"""What a feature-based predictor sees of an architecture: an encoding, its zero-cost scores, or both."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.encodings.by_name import ENCODINGS, features_of
from naslib_ext.encodings.structure import structure_features, structure_matrix
from naslib_ext.errors import NaslibExtError
from naslib_ext.predictors.structure_gp import zero_cost_names
from naslib_ext.search_spaces import Codes, SearchSpace

ZERO_COST = "zcp"
STRUCTURE = ("path_counts", "structure")
WITH_ZERO_COST = tuple(f"{name}+{ZERO_COST}" for name in (*ENCODINGS, *STRUCTURE))
FEATURES = (*ENCODINGS, *STRUCTURE, ZERO_COST, *WITH_ZERO_COST)
"""Names of encodings, of the vector of zero-cost scores, and of an encoding with that vector behind it."""


def features_by_name(
    space: SearchSpace, codes: Codes, name: str, free: Mapping[str, Callable[[ArrayLike], NDArray[np.float64]]]
) -> NDArray[np.float32]:
    """(n, d) features of architectures (n, L).

    Args:
        space: the search space of the codes.
        codes: architectures.
        name: one of ``FEATURES``. ``path_counts``: how often each path of operations leads through the cell (the
            group ``paths`` of ``structure_features``; chains have the path encoding); ``structure``: all its groups;
            ``zcp``: every score of ``free`` but latencies, in its own unit.
        free: scores that cost no query.

    Raises ``NaslibExtError`` where zero-cost scores are wanted and there are none, ``UnknownName``.
    """
    encoding, _, rest = name.partition("+")
    scores = zero_cost_names(free, "all") if ZERO_COST in (encoding, rest) else []
    if ZERO_COST in (encoding, rest) and not scores:
        raise NaslibExtError(f"{space.name}: the encoding {name!r} needs zero-cost scores, and bind was given none")
    parts = []
    if encoding != ZERO_COST:
        parts.append(_encoded(space, codes, encoding))
    if ZERO_COST in (encoding, rest):
        columns = [np.asarray(free[score](codes), dtype=np.float32) for score in scores]
        parts.append(np.nan_to_num(np.stack(columns, axis=1), posinf=3e38, neginf=-3e38))
    return np.concatenate(parts, axis=1)


def _encoded(space: SearchSpace, codes: Codes, encoding: str) -> NDArray[np.float32]:
    if encoding not in STRUCTURE:
        return features_of(space, codes, encoding)
    if encoding == "structure":
        return structure_matrix(space, codes)
    groups = structure_features(space, codes)
    return groups["paths"] if "paths" in groups else features_of(space, codes, "path")
