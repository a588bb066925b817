"""How good the carried tables are, in figures: agreement of seeds, spread, and the order of NAS-Bench-201 itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from naslib_ext.benchmarks import CARRIED, find_table, load_benchmark
from naslib_ext.benchmarks.metrics import Column
from naslib_ext.benchmarks.schedule import CARRIED_SCHEDULE
from naslib_ext.benchmarks.tabular import TabularBenchmark
from naslib_ext.errors import DataFileError
from naslib_ext.experiments.carried_tables import DATASETS
from naslib_ext.proxies import list_proxies

Values = NDArray[np.float64]


def data_card(data_dir: str | None = None) -> str:
    """A Markdown table with a column a data set; the published NAS-Bench-201 table is read if it is found."""
    table = find_table("nasbench201", DATASETS[0], str(CARRIED))
    figures = {dataset: _figures(table.benchmark(dataset), data_dir) for dataset in DATASETS}
    lines = [f"| | {' | '.join(DATASETS)} |", "|---" * (1 + len(DATASETS)) + "|"]
    lines += [
        f"| {label} | {' | '.join(figures[dataset][label] for dataset in DATASETS)} |" for label in figures[DATASETS[0]]
    ]
    return "\n".join(lines)


def _figures(benchmark: TabularBenchmark, data_dir: str | None) -> dict[str, str]:
    last = CARRIED_SCHEDULE.epochs
    val = benchmark.column(Column("val_accuracy", last))
    one, two = (benchmark.column(Column(f"val_accuracy/seed{seed}", last)) for seed in (0, 1))
    noise = float(np.std(one - two)) / np.sqrt(2)
    agreement = _rank_correlation(one, two)
    test, early = benchmark.column(Column("test_accuracy", last)), benchmark.column(Column("val_accuracy", 1))
    figures = {
        "architectures": f"{len(val):,}",
        "best, median, worst validation accuracy": f"{val.max():.2f}, {np.median(val):.2f}, {val.min():.2f}",
        "best minus median": f"{val.max() - np.median(val):.2f}",
        "standard deviation of a training over seeds": f"{noise:.2f}",
        "the same among the best 5 %": f"{_noise_at_the_top(val, one - two):.2f}",
        "Spearman of two seeds": f"{agreement:.3f}",
        "Spearman of their mean with other means of two (noise ceiling)": f"{2 * agreement / (1 + agreement):.3f}",
        "Spearman of validation and test": f"{_rank_correlation(val, test):.3f}",
        "Spearman with one epoch": f"{_rank_correlation(val, early):.3f}",
    }
    try:
        published = load_benchmark("nasbench201", "cifar10", data_dir=data_dir)
    except DataFileError:
        pass
    else:
        for epoch in (12, 200):
            there = published.query(benchmark.codes, "val_accuracy", epoch)
            label = f"Spearman with NAS-Bench-201 CIFAR-10 after {epoch} epochs"
            figures[label] = f"{_rank_correlation(val, there):.3f}"
    for proxy in list_proxies():
        figures[f"Spearman with `{proxy}`"] = f"{_rank_correlation(val, benchmark.column(Column(proxy, None))):.3f}"
    return figures


def _noise_at_the_top(val: Values, difference: Values) -> float:
    top = val >= np.quantile(val, 0.95)
    return float(np.std(difference[top])) / np.sqrt(2)


def _rank_correlation(a: Values, b: Values) -> float:
    return float(spearmanr(a, b)[0])
