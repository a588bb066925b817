"""A comparison's results as CSV, to compute with, and as LaTeX (package booktabs), to put into a paper."""

from __future__ import annotations

import numpy as np

from naslib_ext.experiments.comparison_data import ComparisonData
from naslib_ext.experiments.statistics import mean_ranks
from naslib_ext.experiments.table_formats import latex, tabular, to_csv, value_cells


def comparison_tables(data: ComparisonData) -> dict[str, str]:
    """File name -> content; methods stand in the order of their means."""
    return {"results.csv": to_csv(_rows(data)), "results.tex": _latex(data)}


def ranks_of(data: ComparisonData) -> dict[str, float]:
    """Method -> mean rank over seeds."""
    return dict(zip(data.scores, mean_ranks(np.stack(list(data.scores.values()), axis=1)).tolist(), strict=True))


def test_sets(data: ComparisonData) -> list[str]:
    """The data sets on which some method's architectures have a test metric."""
    results = data.summary["optimizers"].values()
    return list(dict.fromkeys(dataset for result in results for dataset in result["test_mean"]))


def _rows(data: ComparisonData) -> list[list[object]]:
    datasets, ranks = test_sets(data), ranks_of(data)
    head = ["method", "seeds", "best_mean", "best_sem", "regret", "mean_rank", "found_optimum", "queries_to_optimum"]
    rows: list[list[object]] = [[*head, "simulated_seconds", *(f"test_{dataset}" for dataset in datasets)]]
    for name in data.ordered:
        result = data.summary["optimizers"][name]
        rows.append([
            name, data.summary["seeds"], result["best_mean"][-1], result["best_sem"][-1],
            (result["regret_mean"] or [None])[-1], ranks[name], result["found_optimum"],
            result["queries_to_optimum_mean"], result.get("search_seconds_mean"),
            *(result["test_mean"].get(dataset) for dataset in datasets),
        ])  # fmt: skip
    return rows


def _latex(data: ComparisonData) -> str:
    """Best value with standard error, bold the best mean; rank; queries to the optimum where it is known; test."""
    results = [data.summary["optimizers"][name] for name in data.ordered]
    datasets, ranks, known = test_sets(data), ranks_of(data), data.summary["optimum"] is not None
    head = ["Method", latex(data.metric), "Rank", *["Queries to optimum"] * known, *(f"Test, {d}" for d in datasets)]
    best = value_cells([(of["best_mean"][-1], of["best_sem"][-1]) for of in results], data.maximize)
    rows = [
        [
            latex(name), cell, f"{ranks[name]:.2f}", *[_plain(result["queries_to_optimum_mean"], 1)] * known,
            *(_plain(result["test_mean"].get(dataset), 2) for dataset in datasets),
        ]
        for name, cell, result in zip(data.ordered, best, results, strict=True)
    ]  # fmt: skip
    return tabular([latex(text) if text.startswith("Test") else text for text in head], rows)


def _plain(value: float | None, digits: int) -> str:
    return "--" if value is None else f"{value:.{digits}f}"
