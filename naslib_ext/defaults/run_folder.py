"""One run's files: ``config.yaml``, ``journal.jsonl``, ``checkpoint``, ``errors.json`` and, aside, ``timing.json``.

The journal is the truth: one line an evaluation, appended before the optimizer is told. Everything else can be made
again from it. No file but ``timing.json`` and ``log.log`` holds a wall-clock time, so equal runs are equal bytes.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np
import yaml
from numpy.typing import NDArray

from naslib_ext.atomic import write_atomically
from naslib_ext.configuration import Config, complete, read_yaml
from naslib_ext.errors import ConfigError, RunFolderError
from naslib_ext.state_file import decode_state, encode_state


class Record(NamedTuple):
    """One evaluation as the journal has it.

    ``value`` is in the metric's own unit, ``None`` for a failed evaluation; ``seconds`` is the simulated cost, ``None``
    where the benchmark has none; ``repeats`` and ``free_scores`` count, up to here, asks for known architectures and
    scores read without a query.
    """

    query: int
    code: list[int]
    value: float | None
    seconds: float | None
    repeats: int
    free_scores: int


PLACES = ("out_dir", "data_dir", "save", "resume")
"""Keys that say where things lie, not what is run: left out of result files, so that a folder can be moved."""


def identity(config: Config) -> dict[str, Any]:
    """What is run, without the places."""
    return {key: value for key, value in config.plain().items() if key not in PLACES}


def folder_of(config: Config) -> Path:
    """NASLib's place for a run: ``<out_dir>/<search_space>/<dataset>/<optimizer>/<seed>``, or ``config.save``."""
    if config.save:
        return Path(config.save)
    return Path(config.out_dir, config.search_space, config.dataset, config.optimizer, str(config.seed))


Line = TypeVar("Line", bound=NamedTuple)
Own = TypeVar("Own", bound="JournalFolder[Any]")


class JournalFolder(Generic[Line]):
    """Reads and writes the files of one run; a context that keeps the journal open.

    A subclass says what a ``line`` of its journal is, whose first field counts from 1, and what it is called.
    """

    line: ClassVar[Any]
    called: ClassVar[str]

    def __init__(self, path: Path) -> None:
        self.path = path
        self._journal: Any = None

    def __enter__(self: Own) -> Own:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def claim(self, config: Config, resume: bool) -> list[Line]:
        """Makes the folder this run's own and returns what the journal holds already.

        Raises ``RunFolderError`` where there are results and ``resume`` is false, or where they are another run's.
        """
        records = self.records()
        if records and not resume:
            held = f"{len(records)} {self.called}s"
            raise RunFolderError(f"{self.path} holds {held}; resume them or name another out_dir")
        target = self.path / "config.yaml"
        if records and target.is_file():
            changed = self._changed(target, config)
            if changed:
                raise RunFolderError(f"{self.path} is the folder of another run: its config.yaml differs in {changed}")
        write_atomically(target, yaml.safe_dump(identity(config), sort_keys=True))
        self._clear_up()
        return records

    def records(self) -> list[Line]:
        """The journal's complete lines; a last line that a kill cut short is left out. Raises ``RunFolderError``."""
        path = self.path / "journal.jsonl"
        if not path.is_file():
            return []
        lines = path.read_bytes().split(b"\n")[:-1]  # what follows the last newline was cut short
        records: list[Line] = []
        for number, line in enumerate(lines, start=1):
            try:
                record: Line = self.line(**json.loads(line))
            except (ValueError, TypeError) as error:
                raise RunFolderError(f"{path}, line {number}: not an {self.called}: {error}") from error
            if record[0] != number:
                counted = record._fields[0]
                raise RunFolderError(f"{path}, line {number}: expected {counted} {number}, found {record[0]}")
            records.append(record)
        return records

    def _changed(self, path: Path, config: Config) -> list[str]:
        """The keys in which the configuration at ``path`` differs; those it lacks count with their defaults."""
        now = identity(config)
        try:
            before = identity(complete(read_yaml(path)))
        except ConfigError as error:
            raise RunFolderError(f"{self.path} is the folder of another run: {error}") from error
        return sorted(key for key in {*before, *now} if before.get(key) != now.get(key))

    def _clear_up(self) -> None:
        """Removes what a kill left: files half written, and the cut-off end of the journal."""
        for half_written in self.path.glob(".*.part"):
            half_written.unlink()
        path = self.path / "journal.jsonl"
        data = path.read_bytes() if path.is_file() else b""
        complete = data.rfind(b"\n") + 1
        if complete < len(data):
            os.truncate(path, complete)

    def append(self, record: Line) -> None:
        """Adds one line to the journal; it is with the operating system when this returns."""
        if self._journal is None:
            self._journal = (self.path / "journal.jsonl").open("ab", buffering=0)
        self._journal.write(json.dumps(record._asdict(), separators=(",", ":")).encode() + b"\n")

    def save_errors(self, config: Config, trajectory: dict[str, Any], lightweight: bool) -> None:
        """Writes ``errors.json`` in NASLib's form: one dict, or with ``lightweight`` the list [config, dict]."""
        heavy = ("arch_eval", "train_loss", "valid_loss", "test_loss")
        light = {key: value for key, value in trajectory.items() if key not in heavy}
        content: Any = [identity(config), light] if lightweight else trajectory
        write_atomically(self.path / "errors.json", json.dumps(content, separators=(",", ":")))

    def save_timing(self, search_seconds: float) -> None:
        """Keeps the wall-clock time spent in the search so far."""
        write_atomically(self.path / "timing.json", json.dumps({"search_seconds": search_seconds}))

    def load_timing(self) -> float:
        """Wall-clock seconds of the search so far, 0 for a new run and where the file is damaged."""
        try:
            return float(json.loads((self.path / "timing.json").read_text())["search_seconds"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0.0


class RunFolder(JournalFolder[Record]):
    """The folder of a search that queries."""

    line = Record
    called = "evaluation"

    def save_checkpoint(self, queries: int, optimizer_state: dict[str, Any], free_scores: int) -> None:
        """Keeps the optimizer's state after ``queries`` evaluations."""
        state = {"queries": queries, "free_scores": free_scores, "optimizer": optimizer_state}
        write_atomically(self.path / "checkpoint", encode_state(state))

    def load_checkpoint(self) -> dict[str, Any] | None:
        """What ``save_checkpoint`` kept, or ``None``. Raises ``DataFileError`` where it is damaged."""
        path = self.path / "checkpoint"
        return decode_state(path.read_bytes(), str(path)) if path.is_file() else None


def incumbents(values: NDArray[np.float64], direction: int) -> NDArray[np.int64]:
    """(n,) for each query the index of the best value so far; the first query where all have failed (NaN)."""
    scores = np.where(np.isnan(values), -np.inf, direction * values)
    best = np.maximum.accumulate(scores)
    is_new = np.append(True, best[1:] > best[:-1])
    return np.maximum.accumulate(np.where(is_new, np.arange(len(scores)), 0))
