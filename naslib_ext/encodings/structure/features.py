"""Structure features by search space."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.encodings.structure.chains import chain_features
from naslib_ext.encodings.structure.four_node import four_node_features
from naslib_ext.encodings.structure.nasbench101 import nasbench101_features
from naslib_ext.encodings.structure.nasbench301 import nasbench301_features
from naslib_ext.encodings.structure.paths import Features
from naslib_ext.search_spaces import SearchSpace
from naslib_ext.search_spaces.four_node_cell import FourNodeCellSpace
from naslib_ext.search_spaces.nasbench101 import NASBench101SearchSpace
from naslib_ext.search_spaces.nasbench301 import NASBench301SearchSpace


def structure_features(space: SearchSpace, codes: ArrayLike) -> dict[str, Features]:
    """Named groups of features (n, d_g) of architectures (n, L): what an architecture is, seen in several ways.

    ====================  ==========================================================================================
    nasbench201,          ``cell`` (one-hot of the smallest cell that computes the same), ``paths`` (counts of the
    transbench101_micro   live paths' operations, skips left out), ``summary`` (operations, paths, what is on them); a
                          skip from transbench101_micro's input halves the resolution and counts as an operation
    nasbench101           ``paths`` (counts of the sequences of operations), ``labels`` (counts of the vertices by what
                          is before them, and by what is behind them), ``summary``
    nasbench301           ``edges`` (operation between each source and node), ``operations``, ``paths`` (counts of the
                          multisets of operations, skips left out, by input) and ``summary``; all by cell
    any other             ``choices`` (one-hot), and with an operation view ``operations`` (counts) and ``stages``
                          (counts in each unit, or in each quarter of the chain)
    ====================  ==========================================================================================

    All are counts or sizes, never below 0. In the four-node cells and nasbench101 they are equal for architectures
    that compute the same function, and the same in a shrunk space as in the whole one. Raises ``InvalidArchitecture``.
    """
    array, space = space.check(codes), space.whole
    if isinstance(space, FourNodeCellSpace):
        return four_node_features(space, array)
    if isinstance(space, NASBench101SearchSpace):
        return nasbench101_features(space, array)
    if isinstance(space, NASBench301SearchSpace):
        return nasbench301_features(array)
    return chain_features(space, array)


def structure_matrix(space: SearchSpace, codes: ArrayLike) -> NDArray[np.float32]:
    """(n, sum of d_g) all groups of ``structure_features`` side by side."""
    return np.concatenate(list(structure_features(space, codes).values()), axis=1)
