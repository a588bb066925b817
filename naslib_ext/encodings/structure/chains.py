"""Structure of chains: architectures that are a sequence of choices."""

from __future__ import annotations

import numpy as np

from naslib_ext.encodings.one_hot import one_hot
from naslib_ext.encodings.structure.paths import Features
from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.search_spaces.mobilenet import UNIT_DEPTH, MobileNetSearchSpace

STAGES = 4
"""Parts of equal length that a chain without units of its own is cut into."""


def chain_features(space: SearchSpace, codes: Codes) -> dict[str, Features]:
    """Features of codes (n, L); see ``structure_features``."""
    features = {"choices": one_hot(space, codes)}
    if space.operation_names:
        operations = space.operations(codes)
        counts = [
            np.stack([(part == value).sum(axis=1) for value in range(space.num_operations)], axis=1)
            for part in np.array_split(operations, _num_stages(space, operations.shape[1]), axis=1)
        ]
        features["operations"] = np.sum(counts, axis=0).astype(np.float32)
        features["stages"] = np.concatenate(counts, axis=1, dtype=np.float32, casting="unsafe")
    return features


def _num_stages(space: SearchSpace, blocks: int) -> int:
    return blocks // UNIT_DEPTH if isinstance(space, MobileNetSearchSpace) else min(STAGES, blocks)
