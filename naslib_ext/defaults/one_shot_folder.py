"""The files of a one-shot run: a journal with one line an epoch, a checkpoint, ``errors.json`` and ``found.json``."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np

from naslib_ext.atomic import write_atomically
from naslib_ext.defaults.run_folder import JournalFolder
from naslib_ext.errors import NaslibExtError
from naslib_ext.state_file import decode_state, encode_state


class Epoch(NamedTuple):
    """One epoch as the journal has it.

    ``epoch`` counts from 1; accuracies are in percent, means over the epoch's batches, as are the losses.
    ``distribution`` (E, K) is what had been learnt after it, and ``code`` (L,) an architecture that it led to.
    """

    epoch: int
    train_accuracy: float
    train_loss: float
    val_accuracy: float
    val_loss: float
    distribution: list[list[float]]
    code: list[int]


class OneShotFolder(JournalFolder[Epoch]):
    """Reads and writes the files of one one-shot run."""

    line = Epoch
    called = "epoch"

    def keep_epochs(self, number: int) -> None:
        """Cuts the journal after the first ``number`` epochs: those behind the checkpoint are trained again."""
        path = self.path / "journal.jsonl"
        lines = path.read_bytes().split(b"\n")[:-1] if path.is_file() else []
        if len(lines) > number:
            write_atomically(path, b"".join(line + b"\n" for line in lines[:number]))

    def save_epochs(self, number: int, tensors: dict[str, Any]) -> None:
        """Keeps the search's tensors after ``number`` epochs."""
        write_atomically(self.path / "checkpoint", encode_state({"epochs": number, "tensors": tensors}))

    def load_epochs(self, at_most: int) -> tuple[dict[str, np.ndarray] | None, int]:
        """(tensors, epochs) of the checkpoint; (``None``, 0) where there is none of ``at_most`` epochs."""
        path = self.path / "checkpoint"
        state = decode_state(path.read_bytes(), str(path)) if path.is_file() else None
        if state is None or state["epochs"] > at_most:
            return None, 0
        return state["tensors"], state["epochs"]

    def save_found(self, found: dict[str, Any]) -> None:
        """Writes ``found.json``."""
        write_atomically(self.path / "found.json", json.dumps(found, separators=(",", ":")) + "\n")

    def load_found(self) -> dict[str, Any]:
        """What ``found.json`` says. Raises ``NaslibExtError`` where the search has not ended."""
        path = self.path / "found.json"
        if not path.is_file():
            raise NaslibExtError(f"{self.path}: the search has not ended")
        found: dict[str, Any] = json.loads(path.read_text())
        return found
