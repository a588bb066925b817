"""A published table with our values beside the paper's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

LEAST_ORDERED = 4
"""Rows that both have, from which on their order is compared."""

NUMBER = re.compile(r"(?<![-\w])\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Cell:
    """One value.

    Attributes:
        paper: what the paper prints; empty where it has nothing.
        ours: mean over our seeds; ``None`` where it is not measured here.
        error: its standard error; ``None`` with one seed, or where nothing is random.
        deviation: standard deviation over seeds, where the paper prints that.
    """

    paper: str = ""
    ours: float | None = None
    error: float | None = None
    deviation: float | None = None


@dataclass(frozen=True)
class Row:
    """One line: its name, a cell for each column, and our number of seeds; 0 where nothing is random or ours."""

    label: str
    cells: tuple[Cell, ...]
    seeds: int = 0


@dataclass(frozen=True)
class Panel:
    """A table of rows under named columns.

    Attributes:
        title: the benchmark or what else the rows share.
        columns: names of the columns.
        rows: the lines.
        digits: after the decimal point, for each column; the last goes on.
        ordered: the columns in which the order of the rows is compared with the paper's.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    digits: tuple[int, ...] = (2,)
    ordered: tuple[str, ...] = ()

    def markdown(self) -> str:
        """The table with, for each column, the paper's value and ours with its standard error."""
        shown = [any(row.cells[i].paper for row in self.rows) for i in range(len(self.columns))]
        if not any(shown):
            shown[0] = True
        head = []
        for name, paper in zip(self.columns, shown, strict=True):
            named = f"{name}: " if name else ""
            head += [f"{named}paper", "ours ± standard error"] if paper else [f"{named}ours ± standard error"]
        lines = [f"| {self.title} | {' | '.join(head)} | seeds |", "|" + "---|" * (len(head) + 2)]
        for row in self.rows:
            cells = []
            for i, (cell, paper) in enumerate(zip(row.cells, shown, strict=True)):
                cells += [cell.paper] if paper else []
                cells.append(format_cell(cell, self.digits[min(i, len(self.digits) - 1)]))
            lines.append(f"| {row.label} | {' | '.join(cells)} | {row.seeds or ''} |")
        return "\n".join([*lines, *self._agreement()])

    def _agreement(self) -> list[str]:
        """One line: how far the order of the rows is the same in both."""
        found = []
        for name in self.ordered:
            i = self.columns.index(name)
            both = [
                (number_of(row.cells[i].paper), row.cells[i].ours)
                for row in self.rows
                if number_of(row.cells[i].paper) is not None and row.cells[i].ours is not None
            ]
            if len(both) >= LEAST_ORDERED:
                tau = stats.kendalltau(*np.array(both, dtype=np.float64).T).statistic
                found.append(f"{tau:.2f}{f' ({name})' if name else ''}, {len(both)} rows")
        return ["", f"Kendall's tau between the paper's order and ours: {'; '.join(found)}."] if found else []

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @staticmethod
    def read(content: Mapping[str, Any]) -> Panel:
        """What ``plain`` gave."""
        rows = tuple(
            Row(row["label"], tuple(Cell(**cell) for cell in row["cells"]), row["seeds"]) for row in content["rows"]
        )
        lists = (tuple(content[name]) for name in ("digits", "ordered"))
        return Panel(content["title"], tuple(content["columns"]), rows, *lists)


def cell_of(values: ArrayLike, paper: str = "", deviation: bool = False) -> Cell:
    """Mean, standard error and, if wanted, standard deviation of ``values`` (seeds,), beside the paper's cell."""
    array = np.asarray(values, dtype=np.float64)
    spread = float(array.std(ddof=1)) if len(array) > 1 else None
    error = None if spread is None else spread / len(array) ** 0.5
    return Cell(paper, float(array.mean()), error, spread if deviation else None)


def number_of(text: str) -> float | None:
    """The first number of the paper's cell; ``None`` where it has none."""
    found = NUMBER.search(text.replace(",", ""))
    return float(found[0]) if found else None


def numbers_in(texts: Sequence[str]) -> set[str]:
    """All numbers as they stand in ``texts``, which a test looks up in the paper."""
    return {number for text in texts for number in NUMBER.findall(text.replace(",", ""))}


def format_cell(cell: Cell, digits: int) -> str:
    """``8.58 ± 0.01 (sd 0.12)``; ``-`` where there is nothing of ours."""
    if cell.ours is None:
        return "-"
    text = _number(cell.ours, digits)
    if cell.error is not None:
        text += f" ± {_number(cell.error, digits)}"
    return text + ("" if cell.deviation is None else f" (sd {_number(cell.deviation, digits)})")


def _number(value: float, digits: int) -> str:
    if abs(value) >= 1e7:
        return f"{value:.1e}"
    return f"{value:,.{0 if abs(value) >= 1_000 else digits}f}"
