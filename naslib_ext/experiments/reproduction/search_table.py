"""A published table of search methods: what the paper has in each cell, and the comparison that fills it here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from naslib_ext.benchmarks import Benchmark, load_benchmark
from naslib_ext.experiments.compare import Comparison, compare
from naslib_ext.experiments.reproduction.entry import Run
from naslib_ext.experiments.reproduction.table import Cell, Panel, Row


@dataclass(frozen=True)
class Column:
    """One benchmark of a table.

    Args:
        name: the search space and the data set, ``nasbench201/cifar10``.
        kind: ``table`` or ``surrogate``.
        epoch: training schedule; ``None`` is the longest.
        most_seeds: never more seeds than these, where a query is slow.
    """

    name: str
    kind: str = "table"
    epoch: int | None = None
    most_seeds: int | None = None

    def benchmark(self, data_dir: str | None = None) -> Benchmark:
        """What answers."""
        space, dataset = self.name.split("/")
        return load_benchmark(space, dataset, self.kind, data_dir)


@dataclass(frozen=True)
class SearchTable:
    """Errors (100 - accuracy) of methods after some numbers of queries, on some benchmarks.

    Args:
        queries: where the curves are read, ascending; the last is the budget.
        columns: the benchmarks.
        settings: ``search`` settings of all methods.
    """

    queries: tuple[int, ...]
    columns: tuple[Column, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def summary(self, column: Column, methods: tuple[str, ...], run: Run, folder: str) -> dict[str, Any]:
        """Runs what is missing of ``methods`` in ``folder`` of ``run.out``; the comparison's summary."""
        space, dataset = column.name.split("/")
        values: dict[str, Any] = {"search_space": space, "dataset": dataset, "benchmark": column.kind}
        if column.epoch is not None:
            values["epoch"] = column.epoch
        if run.data_dir is not None:
            values["data_dir"] = run.data_dir
        values["search"] = {**self.settings, "epochs": self.queries[-1]}
        seeds = run.at_most(column.most_seeds or run.seeds)
        out = str(Path(run.out, folder, space, dataset))
        return compare(Comparison(methods, seeds, out, values), run.executor, run.workers)

    def panel(self, column: Column, summary: Mapping[str, Any], published: Mapping[str, tuple[int, str]]) -> Panel:
        """The panel of one benchmark.

        Args:
            column: the benchmark.
            summary: of its comparison.
            published: method -> after how many queries the paper has which value.
        """
        lines = []
        for method, result in summary["optimizers"].items():
            number, text = published.get(method, (0, ""))
            cells = [
                Cell(text if n == number else "", 100 - result["best_mean"][n - 1], result["best_sem"][n - 1])
                for n in self.queries
            ]
            lines.append(Row(f"`{method}`", tuple(cells), summary["seeds"]))
        kind = "" if column.kind == "table" else f", {column.kind}"
        optimum = "" if summary["optimum"] is None else f", least error {100 - summary['optimum']:.2f}"
        heads = tuple(f"{n} queries" for n in self.queries)
        return Panel(f"`{column.name}`{kind}{optimum}", heads, tuple(lines), (2,), heads)
