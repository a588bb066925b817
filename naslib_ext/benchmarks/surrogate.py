"""A partial table made to answer for its whole search space, as NAS-Bench-301 does (Zela et al., ICLR 2022)."""

from __future__ import annotations

import logging
import os
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import ArrayLike, NDArray
from scipy.stats import kendalltau

from naslib_ext.atomic import write_atomically
from naslib_ext.benchmarks.base import Benchmark, Values
from naslib_ext.benchmarks.cache_folder import cache_folder
from naslib_ext.benchmarks.forest import Forest
from naslib_ext.benchmarks.metrics import COST, Column, metric_info, parse_column
from naslib_ext.benchmarks.table import space_of_manifest
from naslib_ext.benchmarks.tabular import TabularBenchmark
from naslib_ext.encodings import graph_summary, one_hot
from naslib_ext.errors import DataFileError
from naslib_ext.search_spaces import SearchSpace
from naslib_ext.search_spaces.nasbench101 import NASBench101SearchSpace
from naslib_ext.state_file import decode_state, encode_state

logger = logging.getLogger(__name__)

FORMAT = 1
FEW = 4
"""Rows up to which plain arrays answer faster than xgboost does."""

HELD_OUT = 0.1
"""Fraction of the rows that no member sees, on which the surrogate's quality is measured."""

PARAMETERS: dict[str, Any] = {
    "objective": "reg:squarederror",
    "max_depth": 13,
    "min_child_weight": 39,
    "colsample_bytree": 0.2545,
    "colsample_bylevel": 0.6909,
    "lambda": 31.39,
    "alpha": 0.2417,
    "eta": 0.1,
}
"""NAS-Bench-301's tuned XGBoost settings, but for the learning rate."""

ROUNDS, PATIENCE, LEAST_GAIN = 20_000, 100, 5e-4


@dataclass(frozen=True)
class Quality:
    """How well a surrogate predicts the architectures that it was not fitted on."""

    r2: float
    kendalltau: float
    held_out: int


@dataclass(frozen=True)
class _Model:
    """The ensemble of one column: boosters of the standardised, transformed target."""

    boosters: list[xgboost.Booster]
    center: float
    scale: float
    quality: Quality

    @cached_property
    def forest(self) -> Forest:
        """The boosters for queries of few rows."""
        return Forest(self.boosters)

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) mean over the members, standardised; equal bits however many rows are asked for at once."""
        few = len(features) <= FEW
        answers = (
            self.forest.predict(features) if few else [booster.inplace_predict(features) for booster in self.boosters]
        )
        added: NDArray[np.float32] = sum(answers[1:], start=answers[0])  # in this order, for one row as for many
        return added / np.float32(len(self.boosters))


class SurrogateBenchmark(Benchmark):
    """An XGBoost ensemble that answers for every valid architecture of a space.

    The answer is the mean of the members; they are fitted on the rows outside each other's fold, with early stopping
    on it. ``quality`` says how good each column is on rows that none has seen.

    Differences from NAS-Bench-301: accuracies in percent are fitted as -log(100 - value), which spreads the good
    architectures apart; the learning rate is 0.1 instead of 0.00824 and a gain below 0.0005 standard deviations ends
    the training, which costs less than 0.005 of Kendall's tau and makes the trees ten times fewer; answers have no
    optional noise.
    """

    def __init__(
        self, space: SearchSpace, dataset: str, key: str, models: dict[Column, _Model], maximize: dict[str, bool]
    ) -> None:
        super().__init__(space, dataset, key, maximize)
        self._models = models

    @classmethod
    def fit(
        cls, table: TabularBenchmark, columns: list[str], members: int = 5, seed: int = 0, rounds: int = ROUNDS
    ) -> SurrogateBenchmark:
        """Fits one ensemble a column of ``table``.

        Args:
            table: the rows that are known; those with a missing value are left out.
            columns: ``metric`` or ``metric@epochs``.
            members: boosters an ensemble, one a fold.
            seed: draws the split into held-out rows and folds.
            rounds: most trees a booster.

        Raises ``MissingMetric`` for a column that is not there, ``DataFileError`` where too few rows have it.
        """
        models = {}
        for column in map(parse_column, columns):
            known = table.codes[table.holds(table.codes, column.metric, column.epoch)]
            values = table.query(known, column.metric, column.epoch)
            if len(known) < 10 * members:
                raise DataFileError(f"{table.name}: {len(known)} values of {column} are too few for a surrogate")
            features = _features(table.space, table.key, known)
            models[column] = _fit(features, column, values, members, seed, rounds)
        maximize = {column.metric: table.direction(column.metric) > 0 for column in models}
        return cls(table.space, table.dataset, table.key, models, maximize)

    @property
    def quality(self) -> dict[str, Quality]:
        """Column -> R2 and Kendall's tau on held-out rows."""
        return {str(column): model.quality for column, model in self._models.items()}

    def metrics(self) -> dict[str, list[int | None]]:
        schedules: dict[str, list[int | None]] = {}
        for column in sorted(self._models, key=lambda column: (column.metric, column.epoch or 0)):
            schedules.setdefault(column.metric, []).append(column.epoch)
        return schedules

    def query(self, codes: ArrayLike, metric: str = "val_accuracy", epoch: int | None = None) -> Values:
        column = Column(metric, self.resolve(metric, epoch))
        array = self.space.check(codes)
        if not len(array):
            return np.empty(0)
        return _predict(self._models[column], column, _features(self.space, self.key, array))

    def save(self, path: Path) -> None:
        """Writes the surrogate to one file, without pickles."""
        models = {
            str(column): {
                "boosters": [np.frombuffer(booster.save_raw("ubj"), dtype=np.uint8) for booster in model.boosters],
                "center": model.center,
                "scale": model.scale,
                # as numbers of numpy, which may be NaN: constant predictions have no rank correlation
                "quality": {name: np.float64(value) for name, value in asdict(model.quality).items()},
            }
            for column, model in self._models.items()
        }
        state = {
            "format": FORMAT,
            "space": self.space.name,
            "cardinalities": self.space.cardinalities.tolist(),
            "dataset": self.dataset,
            "key": self.key,
            "maximize": {column.metric: self.direction(column.metric) > 0 for column in self._models},
            "models": models,
        }
        write_atomically(path, encode_state(state))

    @classmethod
    def load(cls, path: Path) -> SurrogateBenchmark:
        """What ``save`` wrote. Raises ``DataFileError``."""
        if not path.is_file():
            raise DataFileError(f"{path}: no such file")
        state = decode_state(path.read_bytes(), str(path))
        if state.get("format") != FORMAT:
            raise DataFileError(f"{path}: not a surrogate of format {FORMAT}")
        models = {
            parse_column(name): _Model(
                [_booster(raw) for raw in model["boosters"]],
                model["center"],
                model["scale"],
                Quality(
                    float(model["quality"]["r2"]),
                    float(model["quality"]["kendalltau"]),
                    int(model["quality"]["held_out"]),
                ),
            )
            for name, model in state["models"].items()
        }
        return cls(space_of_manifest(state, path), state["dataset"], state["key"], models, state["maximize"])


def load_surrogate(search_space: str, dataset: str, data_dir: str | os.PathLike[str] | None) -> SurrogateBenchmark:
    """The surrogate of a table: read from the cache, or fitted once and kept there.

    It answers for the longest schedule of the table's validation accuracy (where it has none: test accuracy, then
    whatever was measured) and for training seconds where the table has them. The cache is ``NASLIB_EXT_CACHE``, by
    default ``~/.cache/naslib_ext``; its files are named by the table's content.
    """
    from naslib_ext.benchmarks import find_table

    table = find_table(search_space, dataset, data_dir).benchmark(dataset)
    columns = [str(Column(name, table.resolve(name, None))) for name in _to_fit(table)]
    directions = [table.direction(parse_column(column).metric) for column in columns]
    digest = sha256(table.codes.tobytes() + f"{FORMAT}{columns}{directions}".encode())
    for column in map(parse_column, columns):
        digest.update(np.nan_to_num(table.column(column)).tobytes())
    folder = cache_folder() / "surrogates"
    path = folder / f"{search_space}-{dataset}-{digest.hexdigest()[:16]}.npz"
    if not path.is_file():
        logger.warning("fitting the surrogate of %s once, into %s", table.name, path)
        SurrogateBenchmark.fit(table, columns).save(path)
    return _load(path)


def _to_fit(table: TabularBenchmark) -> list[str]:
    measured = [name for name in table.metrics() if not metric_info(name).free and name != COST]
    main = next((name for name in ("val_accuracy", "test_accuracy") if name in measured), None)
    return ([main] if main else measured) + ([COST] if table.has_cost else [])


@lru_cache(maxsize=8)
def _load(path: Path) -> SurrogateBenchmark:
    return SurrogateBenchmark.load(path)


# fitting


def _features(space: SearchSpace, key: str, codes: ArrayLike) -> NDArray[np.float32]:
    """One-hot of what ``key`` tells architectures apart by; NAS-Bench-101 adds its graph summary."""
    if isinstance(space, NASBench101SearchSpace):
        canonical = space.canonical(codes)
        return np.concatenate([one_hot(space, canonical), graph_summary(space, canonical)], axis=1)
    return one_hot(space, space.canonical(codes) if key == "canonical" else codes)


def _is_accuracy(column: Column) -> bool:
    info = metric_info(column.metric)
    return info.unit == "%" and info.maximize


def _forward(column: Column, values: Values) -> Values:
    return -np.log(np.maximum(100 - values, 1e-3)) if _is_accuracy(column) else values


def _backward(column: Column, targets: Values) -> Values:
    return 100 - np.exp(-targets) if _is_accuracy(column) else targets


def _fit(features: NDArray[np.float32], column: Column, values: Values, members: int, seed: int, rounds: int) -> _Model:
    order = np.random.default_rng(seed).permutation(len(features))
    held_out, rest = np.split(order, [max(2, int(HELD_OUT * len(features)))])
    targets = _forward(column, values)
    center, scale = float(targets[rest].mean()), float(targets[rest].std()) or 1.0
    standard = (targets - center) / scale
    settings = PARAMETERS | {"seed": seed, "nthread": 1}
    boosters = []
    for fold in np.array_split(rest, members):
        train = np.setdiff1d(rest, fold, assume_unique=True)
        booster = xgboost.train(
            settings,
            xgboost.DMatrix(features[train], standard[train]),
            rounds,
            evals=[(xgboost.DMatrix(features[fold], standard[fold]), "fold")],
            callbacks=[xgboost.callback.EarlyStopping(rounds=PATIENCE, min_delta=LEAST_GAIN, save_best=True)],
            verbose_eval=False,
        )
        boosters.append(_booster(booster.save_raw("ubj")))
    model = _Model(boosters, center, scale, Quality(np.nan, np.nan, 0))
    predicted = _predict(model, column, features[held_out])
    return _Model(boosters, center, scale, _quality(values[held_out], predicted))


def _quality(truth: Values, predicted: Values) -> Quality:
    r2 = 1 - float(np.mean((truth - predicted) ** 2) / np.var(truth))
    return Quality(r2, float(kendalltau(truth, predicted)[0]), len(truth))


def _booster(raw: Any) -> xgboost.Booster:
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(np.asarray(raw).tobytes() if isinstance(raw, np.ndarray) else raw))
    booster.set_param({"nthread": 1})
    return booster


def _predict(model: _Model, column: Column, features: NDArray[np.float32]) -> Values:
    return _backward(column, model.predict(features).astype(np.float64) * model.scale + model.center)
