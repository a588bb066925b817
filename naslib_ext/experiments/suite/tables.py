"""A suite's results as CSV, to compute with, and as LaTeX (package booktabs), to put into a paper."""

from __future__ import annotations

from naslib_ext.experiments.suite.data import SuiteData
from naslib_ext.experiments.table_formats import latex, tabular, to_csv, value_cells


def suite_tables(data: SuiteData) -> dict[str, str]:
    """File name -> content."""
    return {
        "ranks.csv": to_csv(_ranks(data)),
        "results.csv": to_csv(_results(data)),
        "tests.csv": to_csv(_tests(data)),
        "ranks.tex": _ranks_latex(data),
        "results.tex": _results_latex(data),
    }


def _ranks(data: SuiteData) -> list[list[object]]:
    head: list[object] = ["method", "mean_rank", *(task.name for task in data.tasks)]
    return [head, *([name, data.mean_rank[name], *data.ranks[:, m]] for m, name in enumerate(data.methods))]


def _results(data: SuiteData) -> list[list[object]]:
    rows: list[list[object]] = [[
        "benchmark", "search_space", "dataset", "metric", "epoch", "method", "seeds", "best_mean", "best_sem", "regret",
        "rank", "found_optimum", "queries_to_optimum", "simulated_seconds",
    ]]  # fmt: skip
    for task, ranks in zip(data.tasks, data.ranks, strict=True):
        summary = task.shared.summary
        where = [task.name, *(summary[key] for key in ("search_space", "dataset", "metric", "epoch"))]
        for name, rank in zip(data.methods, ranks, strict=True):
            result = task.results[name]
            rows.append([
                *where, name, data.seeds[name], result["best_mean"][-1], result["best_sem"][-1],
                (result["regret_mean"] or [None])[-1], rank, result["found_optimum"], result["queries_to_optimum_mean"],
                result.get("search_seconds_mean"),
            ])  # fmt: skip
    return rows


def _tests(data: SuiteData) -> list[list[object]]:
    head: list[object] = ["first", "second", "difference", "p_value", "p_holm"]
    return [head, *([test[str(key)] for key in head] for test in data.tests)]


def _ranks_latex(data: SuiteData) -> str:
    best = data.ranks.min(axis=1)
    rows = [
        [latex(name), f"{data.mean_rank[name]:.2f}", *map(_bold, data.ranks[:, m], best)]
        for m, name in enumerate(data.methods)
    ]
    return tabular(["Method", "Mean", *(latex(task.name) for task in data.tasks)], rows)


def _bold(value: float, best: float) -> str:
    text = f"{value:.1f}"
    return rf"\textbf{{{text}}}" if value == best else text


def _results_latex(data: SuiteData) -> str:
    """Best value with standard error; bold is the best mean of each benchmark."""
    columns = []
    for task in data.tasks:
        results = [task.results[name] for name in data.methods]
        values = [(result["best_mean"][-1], result["best_sem"][-1]) for result in results]
        columns.append(value_cells(values, task.shared.maximize))
    rows = [[latex(name), *(column[m] for column in columns)] for m, name in enumerate(data.methods)]
    return tabular(["Method", *(latex(task.name) for task in data.tasks)], rows)
