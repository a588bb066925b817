"""A published table of search methods: what the paper has in each cell, and the comparison that fills it here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from naslib_ext.experiments.compare import Comparison, compare


@dataclass(frozen=True)
class Column:
    """One benchmark of a table, and what the paper has for it.

    Args:
        name: the search space and the data set, ``nasbench201/cifar10``.
        published: the paper's cell for each method that it has.
        kind: ``table`` or ``surrogate``.
        epoch: training schedule; ``None`` is the longest.
        most_seeds: never more seeds than these, where a query is slow.
    """

    name: str
    published: Mapping[str, str]
    kind: str = "table"
    epoch: int | None = None
    most_seeds: int | None = None


@dataclass(frozen=True)
class SearchTable:
    """Methods in rows; errors (100 - accuracy) after some numbers of queries in columns.

    Args:
        title: which table of which paper.
        methods: what is run.
        queries: where the curves are read, ascending; the last is the budget.
        columns: the benchmarks.
        note: why the absolute values differ.
        settings: ``search`` settings of all methods.
    """

    title: str
    methods: tuple[str, ...]
    queries: tuple[int, ...]
    columns: tuple[Column, ...]
    note: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def fill(self, out: str, seeds: int, executor: str = "process", workers: int | None = None) -> str:
        """Runs what is missing in the folder ``out`` and returns the table as Markdown."""
        lines = [f"## {self.title}", "", self.note, ""]
        for column in self.columns:
            runs = min(seeds, column.most_seeds or seeds)
            summary = compare(self._comparison(column, out, runs), executor, workers)
            lines += self._markdown(column, summary)
        return "\n".join(lines)

    def _comparison(self, column: Column, out: str, seeds: int) -> Comparison:
        space, dataset = column.name.split("/")
        values: dict[str, Any] = {"search_space": space, "dataset": dataset, "benchmark": column.kind}
        if column.epoch is not None:
            values["epoch"] = column.epoch
        search = {**self.settings, "epochs": self.queries[-1]}
        return Comparison(self.methods, seeds, str(Path(out, space, dataset)), {**values, "search": search})

    def _markdown(self, column: Column, summary: dict[str, Any]) -> list[str]:
        kind = "" if column.kind == "table" else f" ({column.kind})"
        optimum = "" if summary["optimum"] is None else f", least error {100 - summary['optimum']:.2f}"
        head = [f"ours, {n} queries" for n in self.queries]
        lines = [f"### `{column.name}`{kind}, {summary['seeds']} seeds{optimum}", ""]
        lines += [f"| | paper | {' | '.join(head)} |", "|" + "---|" * (len(head) + 2)]
        for method in self.methods:
            result = summary["optimizers"][method]
            cells = [f"{100 - result['best_mean'][n - 1]:.3f} ± {result['best_sem'][n - 1]:.3f}" for n in self.queries]
            lines.append(f"| `{method}` | {column.published.get(method, '')} | {' | '.join(cells)} |")
        return [*lines, ""]
