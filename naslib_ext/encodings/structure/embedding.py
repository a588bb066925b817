"""Structure features as points, so that squared distances compare architectures at the cost of a matrix product."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from naslib_ext.encodings.structure.features import structure_features
from naslib_ext.encodings.structure.paths import Features
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import SearchSpace

REFERENCES = 2_000
"""Random architectures from which ranges and scales are taken."""

LEVELS = 16
"""Most thresholds of a feature."""


class StructureEmbedding:
    """Architectures as points whose squared Euclidean distances within a group of features are L1 distances.

    A count c stands as the indicators c > t of its thresholds t, so that |c - c'| indicators differ. Features that are
    no counts, and counts of a great range, have ``LEVELS`` evenly spaced thresholds. Each group is scaled so that two
    random architectures of the space are 1 apart in the mean, in squared distance; so is each feature of a ``summary``
    first, as their units differ. Features that do not vary are left out. Nothing depends on a seed or on data.

    Attributes:
        names: the G groups of ``structure_features``.
        widths: (G,) number of coordinates of each group, sum D.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        reference = structure_features(space, space.sample(REFERENCES, stream(0, "structure")))
        self.names = list(reference)
        self._groups = [_Thresholds(group, name == "summary") for name, group in reference.items()]
        self.widths = [len(group.columns) for group in self._groups]

    def __call__(self, codes: ArrayLike) -> Features:
        """(n, D) points of architectures (n, L)."""
        return self.points(structure_features(self._space, codes))

    def points(self, features: Mapping[str, Features]) -> Features:
        """(n, D) points of architectures with these ``structure_features``."""
        points = np.empty((len(features[self.names[0]]), sum(self.widths)), dtype=np.float32)
        ends = np.cumsum([0, *self.widths])
        for name, group, start, end in zip(self.names, self._groups, ends[:-1], ends[1:], strict=True):
            above = features[name].take(group.columns, axis=1) > group.thresholds
            np.multiply(above, group.scale, out=points[:, start:end])
        return points


class _Thresholds:
    """The indicators of one group: the column that each looks at, its threshold and its scale.

    Args:
        reference: (n, d) features of random architectures.
        equal: whether all columns count alike, instead of by their spread.
    """

    def __init__(self, reference: Features, equal: bool) -> None:
        columns, thresholds, gaps = [], [], []
        for column, values in enumerate(reference.T):
            low, high = float(values.min()), float(values.max())
            if low == high:
                continue
            whole = not (values % 1).any()
            steps = int(high - low) if whole and high - low <= LEVELS else LEVELS
            columns += [column] * steps
            thresholds += [low + (step + 0.5) * (high - low) / steps for step in range(steps)]
            gaps += [(high - low) / steps] * steps
        self.columns = np.array(columns, dtype=np.int64)
        self.thresholds = np.array(thresholds, dtype=np.float32)
        share = (reference[:, self.columns] > self.thresholds).mean(axis=0)
        weights = np.array(gaps)
        spread = 2 * weights * share * (1 - share)
        if equal:
            weights = weights / np.bincount(self.columns, spread)[self.columns]
            spread = 2 * weights * share * (1 - share)
        self.scale = np.sqrt(weights / (spread.sum() or 1)).astype(np.float32)


@lru_cache(maxsize=16)
def structure_embedding(space: SearchSpace) -> StructureEmbedding:
    """The embedding of ``space``, built once; parts of a space have that of the whole one."""
    return StructureEmbedding(space) if space.whole is space else structure_embedding(space.whole)
