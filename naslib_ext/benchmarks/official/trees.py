"""Foreign ensembles of regression trees -> xgboost's own model, for models that today's xgboost cannot open.

Read are a pickled ``xgboost.Booster`` of any version, xgboost's binary files (until version 2), its JSON and UBJSON
files, and the text that a pickled ``lightgbm.Booster`` holds.

The binary form is little endian: ``binf`` (optional), a header of 136 bytes that begins with the base score, the names
of objective and booster (each with its length in 8 bytes), a header of 160 bytes that begins with the number of trees,
and for each tree a header of 148 bytes (its second integer is the number of nodes), 20 bytes a node (parent, left,
right, feature with the default direction in the highest bit, threshold or leaf value) and 16 bytes of statistics a
node. A pickle of those versions holds ``CONFIG-offset:``, the length of the binary form in 8 bytes, and that form.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from naslib_ext.benchmarks.official.plain_values import Record
from naslib_ext.benchmarks.official.unpickle import load
from naslib_ext.errors import DataFileError

OFFSET = b"CONFIG-offset:"
LEARNER, FOREST, TREE, STATISTICS = 136, 160, 148, 16
NODE = np.dtype([("parent", "<i4"), ("left", "<i4"), ("right", "<i4"), ("feature", "<u4"), ("value", "<f4")])
ROOT = 2**31 - 1


@dataclass(frozen=True)
class Tree:
    """One tree: (n,) children of each node (-1 at leaves), feature, and threshold or leaf value.

    A row goes left where its feature is less than the threshold; ``default_left`` says where missing ones go.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    feature: NDArray[np.int32]
    value: NDArray[np.float32]
    default_left: NDArray[np.bool_]


def read_model(path: Path, num_features: int) -> xgboost.Booster:
    """The model in ``path``. Raises ``DataFileError`` for what is damaged, or not a regression model of that size."""
    if not path.is_file():
        raise DataFileError(f"{path}: no such file")
    data: Any = path.read_bytes()
    if data[:1] == b"\x80":
        booster = load(path)
        state = booster.attributes if isinstance(booster, Record) else {}
        data = state.get("handle") or state.get("model_str") or state.get("_handle")
    try:
        model = _parse(data, num_features)
    except (ValueError, KeyError, IndexError, struct.error, TypeError, xgboost.core.XGBoostError) as error:
        raise DataFileError(f"{path}: not a model of trees that is known here: {error}") from error
    if model.num_features() != num_features:
        raise DataFileError(f"{path}: the model has {model.num_features()} features, expected {num_features}")
    model.set_param({"nthread": 1})
    return model


def _parse(data: Any, num_features: int) -> xgboost.Booster:
    if isinstance(data, str):
        return _from_trees(_lightgbm_trees(data), 0.0, num_features)
    if not isinstance(data, bytes):
        raise ValueError("it holds no booster")
    if data.startswith(OFFSET):
        (length,) = struct.unpack_from("<q", data, len(OFFSET))
        start = len(OFFSET) + 8
        return _from_trees(*_binary_trees(data[start : start + length], num_features), num_features)
    if data[:1] != b"{":
        return _from_trees(*_binary_trees(data, num_features), num_features)
    try:
        snapshot = json.loads(data)
    except ValueError:  # UBJSON: a snapshot with its configuration, or a model
        booster = xgboost.Booster({"nthread": 1})
        if b"Config" in data[:64]:
            booster.__setstate__({"handle": bytearray(data)})
        else:
            booster.load_model(bytearray(data))
        return booster
    return _from_trees(*_json_trees(snapshot.get("Model", snapshot)["learner"]), num_features)


def _binary_trees(data: bytes, num_features: int) -> tuple[list[Tree], float]:
    place = 4 if data.startswith(b"binf") else 0
    base, features = struct.unpack_from("<fI", data, place)
    place += LEARNER
    names = []
    for _ in range(2):
        (length,) = struct.unpack_from("<Q", data, place)
        names.append(data[place + 8 : place + 8 + length])
        place += 8 + length
    if not names[0].startswith(b"reg:") or names[1] != b"gbtree" or features != num_features:
        raise ValueError(f"objective {names[0]!r}, booster {names[1]!r}, {features} features")
    (count,) = struct.unpack_from("<i", data, place)
    place += FOREST
    trees = []
    for _ in range(count):
        (nodes,) = struct.unpack_from("<i", data, place + 4)
        place += TREE
        array = np.frombuffer(data, NODE, nodes, place)
        place += nodes * (NODE.itemsize + STATISTICS)
        feature = (array["feature"] & 0x7FFFFFFF).astype(np.int32)
        trees.append(Tree(array["left"], array["right"], feature, array["value"], array["feature"] >> 31 == 1))
    return trees, float(base)


def _json_trees(learner: dict[str, Any]) -> tuple[list[Tree], float]:
    booster, parameters = learner["gradient_booster"], learner["learner_model_param"]
    if not learner["objective"]["name"].startswith("reg:") or booster["name"] != "gbtree":
        raise ValueError(f"objective {learner['objective']['name']!r}, booster {booster['name']!r}")
    trees = [
        Tree(
            np.array(tree["left_children"], dtype=np.int32),
            np.array(tree["right_children"], dtype=np.int32),
            np.array(tree["split_indices"], dtype=np.int32),
            np.array(tree["split_conditions"], dtype=np.float32),
            np.array(tree["default_left"], dtype=bool),
        )
        for tree in booster["model"]["trees"]
    ]
    return trees, float(parameters["base_score"].strip("[]"))


def _lightgbm_trees(text: str) -> list[Tree]:
    """The trees of lightgbm's text form, in which rows with ``feature <= threshold`` go left and ~i is leaf i."""
    blocks = [block.split("\n\n")[0] for block in text.split("\nTree=")[1:]]
    if not blocks:
        raise ValueError("lightgbm's text holds no tree")
    return [_lightgbm_tree(dict(line.split("=", 1) for line in block.splitlines() if "=" in line)) for block in blocks]


def _lightgbm_tree(fields: dict[str, str]) -> Tree:
    leaves = np.array(fields["leaf_value"].split(), dtype=np.float32)
    if int(fields.get("num_cat", 0)):
        raise ValueError("categorical splits")
    inner = len(leaves) - 1
    if inner == 0:
        none = np.full(1, -1, dtype=np.int32)
        return Tree(none, none, np.zeros(1, dtype=np.int32), leaves, np.zeros(1, dtype=bool))
    children = [np.array(fields[name].split(), dtype=np.int64) for name in ("left_child", "right_child")]
    left, right = (
        np.append(np.where(nodes >= 0, nodes, inner - 1 - nodes), np.full(len(leaves), -1)).astype(np.int32)
        for nodes in children
    )
    feature = np.append(np.array(fields["split_feature"].split(), dtype=np.int32), np.zeros(len(leaves), np.int32))
    above = np.nextafter(np.array(fields["threshold"].split(), dtype=np.float64).astype(np.float32), np.float32(np.inf))
    return Tree(left, right, feature, np.append(above, leaves), np.zeros(len(left), dtype=bool))


def _from_trees(trees: list[Tree], base: float, num_features: int) -> xgboost.Booster:
    """The ensemble as a booster of the installed xgboost, through its JSON form."""
    template = xgboost.train(
        {"objective": "reg:squarederror", "base_score": base}, xgboost.DMatrix(np.zeros((2, num_features)), [0, 0]), 0
    )
    model = json.loads(bytes(template.save_raw("json")))
    model["learner"]["learner_model_param"]["boost_from_average"] = "0"
    forest = model["learner"]["gradient_booster"]["model"]
    forest["trees"] = [_as_json(place, tree, num_features) for place, tree in enumerate(trees)]
    forest["tree_info"] = [0] * len(trees)
    forest["iteration_indptr"] = list(range(len(trees) + 1))
    forest["gbtree_model_param"]["num_trees"] = str(len(trees))
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(json.dumps(model).encode()))
    return booster


def _in_order(tree: Tree) -> Tree:
    """The nodes that the root reaches, level by level: pruned ones stay in the arrays. Raises ``ValueError``."""
    n = len(tree.left)
    levels, level, seen = [], np.zeros(1, dtype=np.int64), 0
    while len(level):
        levels.append(level)
        seen += len(level)
        if level.min() < 0 or level.max() >= n or seen > n:
            raise ValueError("a tree's nodes do not form a tree")
        inner = level[tree.left[level] >= 0]
        level = np.concatenate([tree.left[inner], tree.right[inner]])
    order = np.concatenate(levels)
    if len(np.unique(order)) < len(order):
        raise ValueError("a tree's nodes do not form a tree")
    places = np.full(n + 1, -1, dtype=np.int32)  # the last one answers for child -1
    places[order] = np.arange(len(order))
    left = tree.left[order]
    right = np.where(left >= 0, tree.right[order], -1)
    return Tree(places[left], places[right], tree.feature[order], tree.value[order], tree.default_left[order])


def _as_json(place: int, tree: Tree, num_features: int) -> dict[str, Any]:
    tree = _in_order(tree)
    n, inner = len(tree.left), np.flatnonzero(tree.left >= 0)
    if tree.feature[inner].max(initial=0) >= num_features:
        raise ValueError(f"tree {place} splits a feature that is not there")
    parents = np.full(n, ROOT, dtype=np.int64)
    for children in (tree.left, tree.right):
        parents[children[inner]] = inner
    zeros = [0] * n
    return {
        "base_weights": tree.value.astype(float).tolist(), "categories": [], "categories_nodes": [],
        "categories_segments": [], "categories_sizes": [], "default_left": tree.default_left.astype(int).tolist(),
        "id": place, "left_children": tree.left.tolist(), "loss_changes": [0.0] * n, "parents": parents.tolist(),
        "right_children": tree.right.tolist(), "split_conditions": tree.value.astype(float).tolist(),
        "split_indices": tree.feature.tolist(), "split_type": zeros, "sum_hessian": [1.0] * n,
        "tree_param": {
            "num_deleted": "0", "num_feature": str(num_features), "num_nodes": str(n), "size_leaf_vector": "1",
        },
    }  # fmt: skip
