"""Runs one search, as NASLib's ``Trainer`` does, on a benchmark: one epoch queries one architecture."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from tqdm import tqdm

from naslib_ext.benchmarks import Benchmark, load_benchmark
from naslib_ext.configuration import Config, complete
from naslib_ext.defaults.run_folder import Record, RunFolder, folder_of, incumbents
from naslib_ext.errors import ConfigError, DataFileError, NaslibExtError, RunFolderError
from naslib_ext.optimizers import Optimizer

logger = logging.getLogger(__name__)

UNKNOWN = -1
"""What NASLib writes where a benchmark has no such value."""


class Trainer:
    """NASLib's ``Trainer`` for query-based optimizers.

    Args:
        optimizer: what searches.
        config: a configuration; missing keys get their defaults.
        lightweight_output: writes ``errors.json`` in NASLib's short form.
        benchmark: what is queried; ``None`` takes that of the light architecture object to which the optimizer has
            been adapted, or else loads the one that the configuration names.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        config: Any,
        lightweight_output: bool = False,
        benchmark: Benchmark | None = None,
    ) -> None:
        if optimizer.using_step_function:
            raise ConfigError(f"{type(optimizer).__name__} trains weights, which OneShotTrainer does")
        self.optimizer = optimizer
        self.config: Config = config if isinstance(config, Config) else complete(config or {})
        self.epochs: int = self.config.search.epochs
        self.lightweight_output = lightweight_output
        adapted = getattr(optimizer, "search_space", None)
        self.benchmark: Benchmark = benchmark or getattr(adapted, "benchmark", None) or self._load()
        self.metric: str = self.config.metric
        self.epoch = self.benchmark.resolve(self.metric, self.config.epoch or None)
        self.records: list[Record] = []
        self.search_trajectory: dict[str, Any] = {}
        self._free_scores = 0

    def _load(self) -> Benchmark:
        c = self.config
        return load_benchmark(c.search_space, c.dataset, c.benchmark, c.data_dir or None, c.get("training"))

    # search

    def search(
        self,
        resume_from: str | bool = "",
        summary_writer: Any = None,
        after_epoch: Callable[[int], None] | None = None,
        report_incumbent: bool = True,
    ) -> None:
        """Searches until the budget or the space is used up, and writes the run's folder.

        Args:
            resume_from: anything true goes on from what the run's folder holds; a path must lie in that folder.
            summary_writer: a tensorboard writer, gets the incumbent's value after every query.
            after_epoch: called with the number of each epoch after it.
            report_incumbent: ``errors.json`` follows the best architecture so far, otherwise the newest.

        Raises:
            RunFolderError: the folder holds results and nothing was said of resuming, or they are another run's.
        """
        folder = RunFolder(folder_of(self.config))
        self._check_origin(resume_from, folder.path)
        with folder, _log_file(folder.path / "log.log"):
            self.records = folder.claim(self.config, bool(resume_from or self.config.resume))
            self._bind()
            self._restore(folder)
            self._run(folder, summary_writer, after_epoch)
            self.search_trajectory = self._trajectory(report_incumbent)
            folder.save_errors(self.config, self.search_trajectory, self.lightweight_output)

    def _check_origin(self, resume_from: str | bool, path: Path) -> None:
        if isinstance(resume_from, str) and resume_from:
            origin = Path(resume_from).resolve()
            if path.resolve() not in (origin, *origin.parents):
                raise RunFolderError(f"cannot resume from {resume_from}: this run's folder is {path}")

    def _bind(self) -> None:
        self._free_scores = 0
        free = {name: self._counted(score) for name, score in self.benchmark.free.items()}
        if self.benchmark.has_cost and self.config.benchmark != "training":  # there, only a training tells
            free["seconds"] = self.benchmark.cost
        self.optimizer.bind(self.benchmark.space, self.config.seed, self.epochs, self.benchmark.key, free)

    def _counted(self, score: Callable[[ArrayLike], Any]) -> Callable[[ArrayLike], Any]:
        def counted(codes: ArrayLike) -> Any:
            values = score(codes)
            self._free_scores += len(values)
            return values

        return counted

    def _restore(self, folder: RunFolder) -> None:
        """Brings the optimizer to where the journal ends: from the checkpoint, then by asking and telling again."""
        done = 0
        try:
            checkpoint = folder.load_checkpoint() if self.records else None
        except DataFileError as error:
            logger.warning("%s; the journal alone restores the run", error)
            checkpoint = None
        if checkpoint is not None and checkpoint["queries"] <= len(self.records):
            self.optimizer.load_state_dict(checkpoint["optimizer"])
            self._free_scores = checkpoint["free_scores"]
            done = checkpoint["queries"]
        for record in self.records[done:]:
            codes = self.optimizer.ask(1)
            if codes.tolist() != [record.code]:
                raise RunFolderError(
                    f"{folder.path}/journal.jsonl, line {record.query}: the run asked for {record.code}, "
                    f"now it asks for {codes.tolist()}; another version wrote this folder"
                )
            self._tell(codes, record)

    def _run(self, folder: RunFolder, writer: Any, after_epoch: Callable[[int], None] | None) -> None:
        spent, started = folder.load_timing(), time.perf_counter()

        def keep() -> None:
            folder.save_checkpoint(len(self.records), self.optimizer.state_dict(), self._free_scores)
            folder.save_timing(spent + time.perf_counter() - started)

        epochs = range(len(self.records), self.epochs)
        for epoch in tqdm(epochs, self.config.optimizer, disable=not sys.stderr.isatty(), leave=False):
            codes = self.optimizer.ask(1)
            if not len(codes):
                logger.info("stopped after %d queries: the method or the search space is exhausted", epoch)
                break
            record = self._evaluate(codes)
            folder.append(record)
            self.records.append(record)
            self._tell(codes, record)
            if len(self.records) % self.config.search.checkpoint_freq == 0:
                keep()
            if writer is not None and self.optimizer.incumbent is not None:
                writer.add_scalar(self.metric, abs(self.optimizer.incumbent[1]), epoch)
            if after_epoch is not None:
                after_epoch(epoch)
        keep()

    def _evaluate(self, codes: np.ndarray) -> Record:
        value = self._value(codes)
        seconds = float(self.benchmark.cost(codes)[0]) if self.benchmark.has_cost else None
        query = len(self.records) + 1
        if not np.isfinite(value):
            logger.warning("query %d: the evaluation of %s failed", query, codes[0].tolist())
        return Record(query, codes[0].tolist(), value if np.isfinite(value) else None, seconds, 0, self._free_scores)

    def _value(self, codes: np.ndarray) -> float:
        """The value of one architecture (1, L); NaN where its evaluation raises, which may be the architecture's fault.

        Errors of this package are not: they are raised, as is a lack of files or memory, which a second try may have.
        """
        try:
            return float(self.benchmark.query(codes, self.metric, self.epoch)[0])
        except (NaslibExtError, OSError, MemoryError):
            raise
        except Exception as error:
            logger.warning("%s: %s", type(error).__name__, error)
            return np.nan

    def _tell(self, codes: np.ndarray, record: Record) -> None:
        score = np.nan if record.value is None else self.benchmark.direction(self.metric) * record.value
        self.optimizer.tell(codes, [score])
        if record.seconds is not None:
            self.optimizer.spend(record.seconds)

    # results

    def _trajectory(self, report_incumbent: bool) -> dict[str, Any]:
        """NASLib's lists, one entry a query."""
        values = np.array([np.nan if record.value is None else record.value for record in self.records])
        shown = np.arange(len(values))
        if report_incumbent and len(values):
            shown = incumbents(values, self.benchmark.direction(self.metric))
        codes = np.array([record.code for record in self.records], dtype=np.int8)[shown]
        seconds = [self.records[index].seconds for index in shown]
        nothing = [UNKNOWN] * len(values)
        return {
            "train_acc": nothing,
            "train_loss": nothing,
            "valid_acc": [UNKNOWN if np.isnan(value) else value for value in values[shown].tolist()],
            "valid_loss": nothing,
            "test_acc": self._test_values(codes, ~np.isnan(values[shown])),
            "test_loss": nothing,
            "runtime": nothing,
            "train_time": [UNKNOWN if second is None else second for second in seconds],
            "arch_eval": [],
            "params": self.optimizer.get_model_size(),
        }

    def _test_values(self, codes: np.ndarray, evaluated: np.ndarray) -> list[float]:
        """The test metric of codes (n, L), unknown for those that could not be evaluated."""
        test_metric = self.config.test_metric or self.benchmark.test_metric(self.metric)
        if not test_metric or not evaluated.any():
            return [UNKNOWN] * len(codes)
        distinct, where = np.unique(codes[evaluated], axis=0, return_inverse=True)
        values = np.full(len(codes), float(UNKNOWN))
        values[evaluated] = self.benchmark.query(distinct, test_metric)[where.reshape(-1)]
        found: list[float] = values.tolist()
        return found

    @property
    def final_architecture(self) -> np.ndarray:
        """(L,) the best architecture of this run, from its journal where this trainer has not searched.

        Raises ``NaslibExtError`` where there is none.
        """
        records = self.records or RunFolder(folder_of(self.config)).records()
        if all(record.value is None for record in records):
            raise NaslibExtError(f"{folder_of(self.config)}: no architecture has been evaluated")
        values = np.array([np.nan if record.value is None else record.value for record in records])
        best = incumbents(values, self.benchmark.direction(self.metric))[-1]
        return np.array(records[best].code, dtype=np.int8)

    def evaluate(
        self,
        retrain: bool = True,
        search_model: str = "",
        resume_from: str = "",
        best_arch: ArrayLike | None = None,
        dataset_api: Any = None,
        metric: Any = None,
    ) -> float:
        """The test metric, at the longest schedule, of the best architecture found.

        Args:
            retrain, search_model, resume_from, dataset_api: for NASLib's callers; a benchmark needs none of them.
            best_arch: (L,) the code of another architecture to look up.
            metric: name of another metric, or a member of NASLib's ``Metric``.
        """
        code = self.final_architecture if best_arch is None else np.asarray(best_arch)
        name = getattr(metric, "name", metric or "").lower()
        name = name or self.config.test_metric or self.benchmark.test_metric(self.metric) or self.metric
        value = float(self.benchmark.query(code[None], name)[0])
        logger.info("final architecture %s: %s %.5f", self.benchmark.space.to_string(code), name, value)
        return value


@contextmanager
def _log_file(path: Path) -> Iterator[None]:
    """Sends the package's log to ``path`` as well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, delay=True)
    handler.setFormatter(logging.Formatter("[%(asctime)s] %(name)s %(levelname)s: %(message)s"))
    package = logging.getLogger("naslib_ext")
    package.addHandler(handler)
    try:
        yield
    finally:
        package.removeHandler(handler)
        handler.close()
