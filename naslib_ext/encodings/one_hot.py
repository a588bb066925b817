"""One indicator for each choice at each position."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.search_spaces import SearchSpace


def one_hot(space: SearchSpace, codes: ArrayLike) -> NDArray[np.float32]:
    """(n, sum of cardinalities) indicators of the choices in codes (n, L)."""
    array = space.check(codes)
    starts = np.concatenate([[0], np.cumsum(space.cardinalities)[:-1]])
    features = np.zeros((len(array), int(space.cardinalities.sum())), dtype=np.float32)
    features[np.arange(len(array))[:, None], starts + array] = 1
    return features
