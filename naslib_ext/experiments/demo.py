"""The first thing to see: a comparison and its report, in seconds."""

from __future__ import annotations

from pathlib import Path

from naslib_ext.benchmarks import DATA_VARIABLE, list_tables
from naslib_ext.experiments.compare import Comparison, compare, format_summary
from naslib_ext.experiments.report import write_report

SPACE, DATASET = "nasbench201", "cifar10"


def demo(out: str) -> None:
    """Compares random search, evolution and local search; says so where there is no table to search on."""
    if SPACE not in {space for _, space in list_tables()}:
        print(f"There is no {SPACE} table here yet: set {DATA_VARIABLE} to a folder that holds one.")
        return
    values = {"search_space": SPACE, "dataset": DATASET, "epoch": 12}
    comparison = Comparison(("rs", "re", "ls"), seeds=20, out=out, values=values)
    print(format_summary(compare(comparison)))
    print(f"report: {write_report(Path(out))}")
