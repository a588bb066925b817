"""An XGBoost ensemble as flat arrays, for queries of few rows, of which xgboost itself answers a hundred a second."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

Rows = NDArray[np.float32]


class Forest:
    """The trees of boosters of one output without missing values; answers are bit for bit those of xgboost.

    Args:
        boosters: m members, trained or loaded from a file.
    """

    def __init__(self, boosters: list[xgboost.Booster]) -> None:
        learners = [json.loads(bytes(booster.save_raw("json")))["learner"] for booster in boosters]
        members = [learner["gradient_booster"]["model"]["trees"] for learner in learners]
        trees = [tree for member in members for tree in member]
        sizes = np.array([len(tree["left_children"]) for tree in trees], dtype=np.int64)
        self._roots = np.cumsum(sizes) - sizes
        starts = np.repeat(self._roots, sizes)
        left, right = (_joined(trees, f"{side}_children", np.int64) for side in ("left", "right"))
        leaf = left < 0
        own = np.arange(len(leaf))
        self._left, self._right = (np.where(leaf, own, side + starts) for side in (left, right))
        self._feature = np.where(leaf, 0, _joined(trees, "split_indices", np.int64))
        self._value: Rows = _joined(trees, "split_conditions", np.float32)
        self._bases = [np.float32(learner["learner_model_param"]["base_score"].strip("[]")) for learner in learners]
        self._ends = np.cumsum([len(member) for member in members])
        self._depth = _depth(self._left, self._right, self._roots)

    def predict(self, rows: Rows) -> Rows:
        """(m, n) answers of the members for features (n, d)."""
        nodes = np.broadcast_to(self._roots, (len(rows), len(self._roots)))
        every = np.arange(len(rows))[:, None]
        for _ in range(self._depth):
            below = rows[every, self._feature[nodes]] < self._value[nodes]
            nodes = np.where(below, self._left[nodes], self._right[nodes])
        leaves = np.split(self._value[nodes], self._ends[:-1], axis=1)
        return np.stack([_added(base, values) for base, values in zip(self._bases, leaves, strict=True)])


def _added(base: np.float32, leaves: Rows) -> Rows:
    """(n,) sums of leaves (n, trees) in single precision, one tree after the other, as xgboost adds them."""
    first = np.full((len(leaves), 1), base)
    summed: Rows = np.concatenate([first, leaves], axis=1).cumsum(axis=1, dtype=np.float32)[:, -1]
    return summed


def _joined(trees: list[dict[str, Any]], name: str, kind: type) -> NDArray[Any]:
    return np.concatenate([np.array(tree[name], dtype=kind) for tree in trees] or [np.empty(0, dtype=kind)])


def _depth(left: NDArray[np.int64], right: NDArray[np.int64], roots: NDArray[np.int64]) -> int:
    """Steps from the roots to the deepest leaf."""
    level, depth = roots, 0
    while len(level := level[left[level] != level]):
        level, depth = np.concatenate([left[level], right[level]]), depth + 1
    return depth
