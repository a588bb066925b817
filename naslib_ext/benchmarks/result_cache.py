"""Trainings that have been done, in an SQLite file that many processes share.

Every access opens the file anew and runs in one immediate transaction with a busy timeout, so a cache may be pickled,
forked and used from threads. It keeps SQLite's default rollback journal: write-ahead logging does not work on network
folders.
"""

from __future__ import annotations

import json
import math
import os
import platform
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from naslib_ext.errors import DataFileError

Curve = tuple[float, ...]

BUSY_SECONDS = 60.0
"""How long an access waits for other processes' transactions."""
LEASE_SECONDS = 120.0
"""How long a claim holds without being renewed; one of a process that was killed lapses at once on its own machine,
and after this time elsewhere."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS results (
    space TEXT, dataset TEXT, schedule TEXT, code TEXT, seed INTEGER, result TEXT NOT NULL,
    PRIMARY KEY (space, dataset, schedule, code, seed)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claims (
    space TEXT, dataset TEXT, schedule TEXT, code TEXT, seed INTEGER, owner TEXT NOT NULL, expires REAL NOT NULL,
    PRIMARY KEY (space, dataset, schedule, code, seed)) WITHOUT ROWID;
"""
_WHERE = "WHERE space = ? AND dataset = ? AND schedule = ? AND code = ? AND seed = ?"


class TrainingKey(NamedTuple):
    """What a training depends on: space, the data set's fingerprint, how it is trained (and where), code and seed."""

    space: str
    dataset: str
    schedule: str
    code: str
    seed: int


@dataclass(frozen=True)
class TrainingResult:
    """What one training gave; NaN from the epoch on in which it failed.

    Args:
        val_accuracy: (epochs,) percent, after every epoch.
        val_loss: (epochs,) mean cross entropy of the validation images.
        train_loss: (epochs,) mean cross entropy of the epoch's batches, while they were trained on.
        seconds: (epochs,) wall-clock seconds of training until the end of each epoch, evaluation left out.
        test_accuracy: percent, after the last epoch.
    """

    val_accuracy: Curve
    val_loss: Curve
    train_loss: Curve
    seconds: Curve
    test_accuracy: float

    def to_json(self) -> str:
        """Text in which NaN is ``null``."""
        values = asdict(self)
        test = values.pop("test_accuracy")
        curves = {name: [_plain(value) for value in curve] for name, curve in values.items()}
        return json.dumps(curves | {"test_accuracy": _plain(test)}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> TrainingResult:
        """The result that ``to_json`` wrote. Raises ``DataFileError`` for other text."""
        try:
            values = json.loads(text)
            test = _number(values.pop("test_accuracy"))
            return cls(**{name: tuple(map(_number, curve)) for name, curve in values.items()}, test_accuracy=test)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataFileError(f"not a training's result: {text[:80]!r}") from error


class ResultCache:
    """Results by ``TrainingKey``, with claims, so that no two processes do the same training.

    Args:
        path: the file; it and its folder are made where they are not there. Raises ``DataFileError`` where it is
            something else than such a file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._transaction() as connection:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)

    def __len__(self) -> int:
        with self._transaction() as connection:
            return int(connection.execute("SELECT COUNT(*) FROM results").fetchone()[0])

    def get(self, key: TrainingKey) -> TrainingResult | None:
        """The result of that training; ``None`` where there is none yet."""
        with self._transaction() as connection:
            return _find(connection, key)

    def put(self, key: TrainingKey, result: TrainingResult) -> TrainingResult:
        """Stores a result and ends its claim. The first one written stays and is what comes back."""
        with self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?, ?)", (*key, result.to_json()))
            connection.execute(f"DELETE FROM claims {_WHERE}", key)
            return _find(connection, key) or result

    def claim(self, key: TrainingKey, lease: float = LEASE_SECONDS) -> Claim | TrainingResult | None:
        """A claim where the training is to be done, its result where it is done, ``None`` where another does it."""
        with self._transaction() as connection:
            result = _find(connection, key)
            if result is not None:
                return result
            held = connection.execute(f"SELECT expires, owner FROM claims {_WHERE}", key).fetchone()
            if held is not None and held[0] > time.time() and not _is_dead(held[1]):
                return None
            claim = Claim(self, key, f"{_machine()} {os.getpid()} {uuid4().hex}", lease)
            values = (*key, claim.owner, time.time() + lease)
            connection.execute("INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            return claim

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise DataFileError(f"{self.path}: {error}") from error


@dataclass(frozen=True)
class Claim:
    """The right to do a training, until it lapses ``lease`` seconds after it was made or last renewed."""

    cache: ResultCache
    key: TrainingKey
    owner: str
    lease: float

    def renew(self) -> None:
        """Holds the claim for another ``lease`` seconds, unless another process has taken it over."""
        with self.cache._transaction() as connection:
            update = f"UPDATE claims SET expires = ? {_WHERE} AND owner = ?"
            connection.execute(update, (time.time() + self.lease, *self.key, self.owner))

    def release(self) -> None:
        """Gives the claim back without a result."""
        with self.cache._transaction() as connection:
            connection.execute(f"DELETE FROM claims {_WHERE} AND owner = ?", (*self.key, self.owner))


def _machine() -> str:
    return platform.node().replace(" ", "-") or "localhost"


def _is_dead(owner: str) -> bool:
    """Whether the claim's process was on this machine and is no more."""
    machine, pid, _ = owner.split(" ")
    if machine != _machine() or os.name != "posix":
        return False  # elsewhere signal 0 is no question but the end
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # alive, and another user's
    return False


def _find(connection: sqlite3.Connection, key: TrainingKey) -> TrainingResult | None:
    row = connection.execute(f"SELECT result FROM results {_WHERE}", key).fetchone()
    return None if row is None else TrainingResult.from_json(row[0])


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
