"""NASLib's own optimizers as methods of a comparison: ``naslib:re`` on light objects, one budget for all."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import ArrayLike

from naslib_ext.atomic import write_atomically
from naslib_ext.benchmarks import Benchmark
from naslib_ext.benchmarks.base import Values
from naslib_ext.configuration import NASLIB_KEYS, SEARCH, Config, complete
from naslib_ext.defaults.run_folder import Record, RunFolder
from naslib_ext.errors import ConfigError, RunFolderError
from naslib_ext.naslib_bridge.adapters.naslib_names import DISCRETE, PREFIX
from naslib_ext.registry import unknown_name

logger = logging.getLogger(__name__)

ASKS = 20
"""A run ends at ``budget`` distinct architectures, or after 20 times as many epochs."""

PLANNED = ("bp",)
"""Methods that plan ``search.epochs`` queries ahead: they end after as many epochs."""


def is_naslibs(name: str) -> bool:
    """Whether ``name`` means one of NASLib's optimizers. Raises ``UnknownName`` for one that NASLib does not have."""
    if not name.startswith(PREFIX):
        return False
    if name.removeprefix(PREFIX) not in DISCRETE:
        raise unknown_name("optimizer", name.removeprefix(PREFIX), DISCRETE, PREFIX)
    return True


def config_of(name: str, values: Mapping[str, Any], changes: Mapping[str, Any], others: Collection[str]) -> Config:
    """The configuration of one run.

    Args:
        name: the optimizer, ``naslib:re``.
        values: the comparison's settings with the run's seed; of ``search``, with the budget as ``epochs``, NASLib's
            own keys count.
        changes: settings of this method alone.
        others: keys of ``search`` that other methods of the comparison know.

    Raises ``ConfigError`` for any other key, and for constraints.
    """
    given = values["search"]
    if given.get("constraints"):
        raise ConfigError(f"search.constraints: {name} is NASLib's, whose optimizers take none")
    wrong = [key for key in changes if key not in NASLIB_KEYS]
    wrong += [key for key in given if key not in NASLIB_KEYS and key not in others and key not in SEARCH]
    if wrong:
        raise ConfigError(f"{name}: {unknown_name('key', wrong[0], NASLIB_KEYS, 'search.')}")
    search = {key: value for key, value in given.items() if key in NASLIB_KEYS}
    config = complete({**values, "optimizer": "rs", "save": "", "search": {"epochs": given["epochs"]}})
    config.optimizer = name
    config.search.update(search | dict(changes) | {"seed": config.seed})
    return config


class _BudgetSpent(Exception):
    """Thrown through NASLib's Trainer when another new architecture is asked for."""


class RecordingBenchmark(Benchmark):
    """Notes the architectures whose ``metric`` is asked for, and raises at one more than the budget.

    Whatever NASLib's optimizers read counts: Bananas with ``acq_fn_optimization: random_sampling`` reads the accuracy
    of every candidate. What has been read is free.
    """

    def __init__(self, benchmark: Benchmark, metric: str, epoch: int | None, budget: int) -> None:
        super().__init__(benchmark.space, benchmark.dataset, benchmark.key, True)
        self.benchmark, self.metric, self.epoch, self.budget = benchmark, metric, epoch, budget
        self.free = benchmark.free
        self.records: list[Record] = []
        self.epochs = 0
        self._values: dict[bytes, float] = {}

    def metrics(self) -> dict[str, list[int | None]]:
        return self.benchmark.metrics()

    def direction(self, metric: str) -> int:
        return self.benchmark.direction(metric)

    def query(self, codes: ArrayLike, metric: str = "val_accuracy", epoch: int | None = None) -> Values:
        if metric != self.metric:
            return self.benchmark.query(codes, metric, epoch)
        rows = self.space.check(codes)
        return np.array([self._value(row[None]) for row in rows])

    def _value(self, code: np.ndarray) -> float:
        key = self.space.keys(code, self.key)[0]
        if key not in self._values:
            if len(self.records) == self.budget:
                raise _BudgetSpent
            value = float(self.benchmark.query(code, self.metric, self.epoch)[0])
            seconds = float(self.benchmark.cost(code)[0]) if self.benchmark.has_cost else None
            repeats = max(0, self.epochs - len(self.records))
            known = value if np.isfinite(value) else None
            self.records.append(Record(len(self.records) + 1, code[0].tolist(), known, seconds, repeats, 0))
            self._values[key] = value
        return self._values[key]


def search(config: Config, benchmark: Benchmark) -> list[Record]:
    """The distinct architectures of one run in the order of their first query, from its folder where it is done.

    Raises ``RunFolderError`` where the folder is another run's, ``MissingDependency`` without NASLib.
    """
    folder = RunFolder(Path(config.save))
    text = yaml.safe_dump({k: v for k, v in config.plain().items() if k not in ("out_dir", "data_dir", "save")})
    done = folder.records()
    if done:
        if (folder.path / "config.yaml").read_text() != text:
            raise RunFolderError(f"{folder.path} is the folder of another run: its config.yaml differs")
        return done
    recorded = _searched(config, benchmark)
    write_atomically(folder.path / "config.yaml", text)
    lines = [json.dumps(record._asdict(), separators=(",", ":")) for record in recorded]
    write_atomically(folder.path / "journal.jsonl", "\n".join(lines) + "\n")  # last: it says that the run is done
    return recorded


def _searched(config: Config, benchmark: Benchmark) -> list[Record]:
    from naslib_ext.naslib_bridge.adapters.light import LightArchitecture
    from naslib_ext.naslib_bridge.adapters.registration import register
    from naslib_ext.naslib_bridge.adapters.search import naslib_settings, prepare

    budget = int(config.search.epochs)
    asks = budget if config.optimizer.removeprefix(PREFIX) in PLANNED else ASKS * budget
    epoch = benchmark.resolve(config.metric, config.epoch or None)
    recorder = RecordingBenchmark(benchmark, config.metric, epoch, budget)
    values = config.plain()
    values["search"] = {**values["search"], "epochs": asks, "checkpoint_freq": asks + 1, "fidelity": -1}
    blank = LightArchitecture(benchmark.space, recorder, metric=config.metric)
    settings = naslib_settings(values)
    register()
    trainer, _ = prepare(config.optimizer, settings, blank)

    def count(epoch: int) -> None:
        recorder.epochs = epoch + 1

    try:
        trainer.search(after_epoch=count)
    except _BudgetSpent:
        logger.info("%s, seed %d: %d epochs", config.optimizer, config.seed, recorder.epochs + 1)
    return recorder.records
