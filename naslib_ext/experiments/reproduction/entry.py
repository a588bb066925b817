"""What can be reproduced: one entry a table or figure, its results kept in a folder and written as Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import wrap
from typing import Any

from naslib_ext.atomic import write_atomically, write_json
from naslib_ext.experiments.reproduction.table import Panel

RUNNER = "python runners/reproduce/runner.py"

Published = Mapping[str, Mapping[str, str]]
"""Column (or panel) -> row -> the paper's cell, as it is printed there."""


@dataclass(frozen=True)
class Run:
    """How an entry is measured: runs are kept in ``out``, and the same command goes on where it stopped."""

    out: Path
    seeds: int
    executor: str = "process"
    workers: int | None = None
    data_dir: str | None = None

    def kept(self, name: str, seed: int, compute: Callable[[], Any]) -> Any:
        """The plain value that ``compute`` gave for this part and seed before, else what it gives now, kept as JSON."""
        path = self.out / "parts" / name / f"{seed}.json"
        if path.is_file():
            return json.loads(path.read_text())
        value = compute()
        write_atomically(path, json.dumps(value, allow_nan=False) + "\n")
        return value

    def at_most(self, seeds: int) -> int:
        """The seeds of a part that is slow."""
        return min(self.seeds, seeds)


@dataclass(frozen=True)
class Entry:
    """A table or figure of a paper.

    Attributes:
        name: of the command: ``anasod-table-2``.
        title: number and subject.
        seeds: of ours unless others are asked for; these end in minutes.
        paper_seeds: what the paper says of its runs.
        note: what is measured here, and why values differ.
        measure: computes the panels.
        published: the paper's cells that ``measure`` sets beside ours.
    """

    name: str
    title: str
    seeds: int
    paper_seeds: str
    note: str
    measure: Callable[[Run], list[Panel]]
    published: Published = field(default_factory=dict)

    def run(self, run: Run) -> str:
        """Measures what is missing, keeps the panels in ``out/results`` and returns them as Markdown."""
        panels = self.measure(run)
        content = {"entry": self.name, "seeds": run.seeds, "panels": [panel.plain() for panel in panels]}
        write_json(self._file(run.out), content)
        return self.markdown(run.out)

    def markdown(self, out: Path) -> str:
        """The section of this entry from what ``out`` holds; it says so where that is nothing."""
        head = [f"### {self.title}", "", *_filled(self.note), ""]
        if not self._file(out).is_file():
            return "\n".join([*head, f"Not run yet: `{RUNNER} {self.name}`", ""])
        content = json.loads(self._file(out).read_text())
        panels = [Panel.read(panel).markdown() for panel in content["panels"]]
        command = f"`{RUNNER} {self.name} --seeds {content['seeds']}`; the paper: {self.paper_seeds}."
        return "\n".join([*head, "\n\n".join(panels), "", command, ""])

    def _file(self, out: Path) -> Path:
        return out / "results" / f"{self.name}.json"


@dataclass(frozen=True)
class Paper:
    """A paper with what is reproduced of it, what is ``absent`` and why (a list in Markdown), and a common note."""

    key: str
    title: str
    entries: tuple[Entry, ...]
    absent: str
    note: str = ""

    def markdown(self, out: Path) -> str:
        """The paper's chapter."""
        sections = [entry.markdown(out) for entry in self.entries]
        note = [*_filled(self.note), ""] if self.note else []
        return "\n".join([f"## {self.title}", "", *note, *sections, "### Not reproduced", "", self.absent, ""])


def _filled(text: str) -> list[str]:
    return wrap(" ".join(text.split()), 118, break_on_hyphens=False)
