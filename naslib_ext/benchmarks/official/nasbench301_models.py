"""NAS-Bench-301 (Zela et al., ICLR 2022): its published surrogates, read from their model folders.

A folder (``xgb_v1.0``, ``lgb_runtime_v1.0``) holds a folder for each member of the ensemble, with
``model_config.json`` ({"model": "xgb", ...}) and ``surrogate_model.model``, a pickle. An architecture's features are
its configuration as the package ConfigSpace turns it into numbers: unconditional settings first, by name, then those
that depend on another, by name; the index of a category; -1 for what is not in use.

The package ``nasbench301`` is not needed, nor those that it is pinned to.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import ArrayLike, NDArray

from naslib_ext.atomic import write_atomically
from naslib_ext.benchmarks.base import Benchmark, Values
from naslib_ext.benchmarks.metrics import COST
from naslib_ext.benchmarks.official.rows import read_json
from naslib_ext.benchmarks.official.trees import read_model
from naslib_ext.errors import DataFileError
from naslib_ext.search_spaces import get_search_space
from naslib_ext.state_file import decode_state, encode_state

logger = logging.getLogger(__name__)

SPACE, DATASET, FILE = "nasbench301", "cifar10", "surrogate_nasbench301.npz"
FORMAT = 1
METRICS = {"xgb": "val_accuracy", "lgb": "val_accuracy", "xgb_time": COST, "lgb_time": COST}
"""``model`` of a ``model_config.json`` -> what it predicts, in percent or seconds. No networks (``gnn_gin``)."""

SETTINGS: list[float] = [
    0.5863451791322553, 0.0, 0.0, 0.0, 0.16666444442962952, 0.3099999239999697, 0.0, 0.0, 0.0, 0.0,
    0.003149999006299998,
    0.000749999001499998, 0.0, 0.0, -3.6888794541139363, 0.8988764044943821, -8.111728083308073,
    0.009949999019899998, 1e-12, 0.0, 0.0, 0.7051278400653053,
]  # fmt: skip
"""The fixed settings of training as ConfigSpace scales them: 10 before the first edges, 1 between edges and inputs
(initial channels), 11 after the inputs (layers, optimiser, schedule, mixup)."""

NODES = (3, 4, 5)
FIRST_EDGE = (0, 2, 5, 9)
"""Number of each node's edge from source 0; its other edges follow."""
CONDITIONAL = sorted(range(2, 14), key=str)
"""The edges of the later nodes in the order of their names."""

NUM_FEATURES = len(SETTINGS) + 2 * (14 + len(NODES))
_INPUTS = {node: {pair: rank for rank, pair in enumerate(combinations(range(node), 2))} for node in NODES}


class OfficialSurrogate(Benchmark):
    """NAS-Bench-301's own ensembles: predicted CIFAR-10 accuracy in percent and training time in seconds.

    An answer is the mean over the members, for every valid architecture of the space.

    Differences from the package: its answers add noise by default, drawn with the members' spread; these do not.

    Args:
        ensembles: metric -> the members, models of (n, 56) features.
    """

    def __init__(self, ensembles: dict[str, list[xgboost.Booster]]) -> None:
        super().__init__(get_search_space(SPACE), DATASET, "code", {name: name != COST for name in ensembles})
        self._ensembles = ensembles

    def metrics(self) -> dict[str, list[int | None]]:
        return {name: [None] for name in sorted(self._ensembles)}

    def query(self, codes: ArrayLike, metric: str = "val_accuracy", epoch: int | None = None) -> Values:
        self.resolve(metric, epoch)
        rows = features(self.space.check(codes))
        if not len(rows):
            return np.empty(0)
        members = [booster.inplace_predict(rows) for booster in self._ensembles[metric]]
        mean: Values = np.mean(np.asarray(members, dtype=np.float64), axis=0)
        return mean

    def save(self, path: Path) -> None:
        """Writes the ensembles to one file, without pickles."""
        members = {
            metric: [np.frombuffer(booster.save_raw("ubj"), dtype=np.uint8) for booster in boosters]
            for metric, boosters in self._ensembles.items()
        }
        write_atomically(path, encode_state({"format": FORMAT, "space": SPACE, "ensembles": members}))

    @classmethod
    def load(cls, path: Path) -> OfficialSurrogate:
        """What ``save`` wrote. Raises ``DataFileError``."""
        if not path.is_file():
            raise DataFileError(f"{path}: no such file")
        state = decode_state(path.read_bytes(), str(path))
        if state.get("format") != FORMAT or state.get("space") != SPACE:
            raise DataFileError(f"{path}: not a surrogate of {SPACE} of format {FORMAT}")
        return cls({name: [_booster(raw) for raw in members] for name, members in state["ensembles"].items()})


def features(codes: NDArray[Any]) -> NDArray[np.float32]:
    """(n, 56) what the models see of valid codes (n, 32)."""
    parts: list[NDArray[Any]] = []
    first, inputs, later = [], [], []
    for cell in codes.reshape(-1, 2, 4, 2, 2).swapaxes(0, 1):  # (n, 4 nodes, 2 edges, source and operation)
        sources, operations = cell[..., 0], cell[..., 1]
        edges = np.full((len(codes), 14), -1, dtype=np.int64)
        for node, start in enumerate(FIRST_EDGE):
            np.put_along_axis(edges, start + sources[:, node].astype(np.int64), operations[:, node], axis=1)
        first.append(edges[:, :2])
        later.append(edges[:, CONDITIONAL])
        for node in NODES:
            ranks = np.full((node, node), -1)
            ranks[tuple(np.array(list(_INPUTS[node])).T)] = list(_INPUTS[node].values())
            inputs.append(ranks[sources[:, node - 2, 0], sources[:, node - 2, 1]][:, None])
    fixed = np.broadcast_to(np.array(SETTINGS), (len(codes), len(SETTINGS)))
    parts = [fixed[:, :10], *first, fixed[:, 10:11], *inputs, fixed[:, 11:], *later]
    return np.concatenate(parts, axis=1).astype(np.float32)


def read_folders(folders: list[Path]) -> OfficialSurrogate:
    """The surrogate of model folders, or of the folder that holds them. Raises ``DataFileError`` naming the file."""
    ensembles: dict[str, list[xgboost.Booster]] = {}
    kinds: dict[str, str] = {}
    for folder in folders:
        files = sorted(folder.rglob("*surrogate_model.model"))
        if not files:
            raise DataFileError(f"{folder}: no surrogate_model.model in it")
        for file in files:
            config = read_json(file.with_name("model_config.json"))
            kind = config.get("model") if isinstance(config, dict) else None
            if kind not in METRICS:
                logger.warning("%s: a model of kind %r is not read", file, kind)
                continue
            metric = METRICS[str(kind)]
            if kinds.setdefault(metric, str(kind)) != kind:
                raise DataFileError(
                    f"{file}: {kind} and {kinds[metric]} both predict {metric}; name one of the folders"
                )
            ensembles.setdefault(metric, []).append(read_model(file, NUM_FEATURES))
    if "val_accuracy" not in ensembles:
        raise DataFileError(f"{', '.join(map(str, folders))}: no model of accuracy that can be read here (xgb, lgb)")
    return OfficialSurrogate(ensembles)


def find_surrogate(folders: Sequence[Path]) -> OfficialSurrogate | None:
    """The imported surrogate in the first of ``folders`` that has one. Raises ``DataFileError``."""
    for folder in folders:
        path = folder / FILE
        if path.is_file():
            return _open(path, path.stat().st_mtime_ns)
    return None


@lru_cache(maxsize=2)
def _open(path: Path, _modified: int) -> OfficialSurrogate:
    return OfficialSurrogate.load(path)


def _booster(raw: Any) -> xgboost.Booster:
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(np.asarray(raw).tobytes()))
    booster.set_param({"nthread": 1})
    return booster
