"""The first thing to see: a comparison and its report, in seconds."""

from __future__ import annotations

from pathlib import Path

from naslib_ext.benchmarks import CARRIED
from naslib_ext.experiments.compare import Comparison, compare, format_summary
from naslib_ext.experiments.report import write_report

METHODS = ("rs", "re", "ls", "anasod_ls", "anasod_bo")


def demo(out: str) -> None:
    """Compares baselines and a method of each paper on the tables that the package carries, and writes the report."""
    values = {"search_space": "nasbench201", "dataset": "digits", "data_dir": str(CARRIED)}
    comparison = Comparison(METHODS, seeds=20, out=out, values=values)
    print(format_summary(compare(comparison)))
    print(f"report: {write_report(Path(out))}")
