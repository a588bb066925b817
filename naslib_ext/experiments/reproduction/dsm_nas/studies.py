"""What the tables and figures share: names of the rows, the two studies, random architectures, a panel of searches."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from naslib_ext.benchmarks import Benchmark, TabularBenchmark
from naslib_ext.experiments.dsm_nas import mobile
from naslib_ext.experiments.dsm_nas.study import Runs, Study
from naslib_ext.experiments.reproduction.entry import Run
from naslib_ext.experiments.reproduction.table import Panel, Row, cell_of
from naslib_ext.search_spaces import Codes

DSM, PLUS, TUNED = "DSM-NAS", "DSM-NAS+", "DSM-NAS, tuned preset"

MOBILE_SEEDS = 5


def table_study(run: Run, dataset: str = "cifar10") -> Study:
    """NAS-Bench-201: 200 queries rewarded with the validation accuracy after 12 epochs."""
    return Study("nasbench201", dataset, 12, 200, run.seeds, data_dir=run.data_dir, keep=_kept(run))


def mobile_study(run: Run, queries: int) -> Study:
    """The MobileNet-like space, with few seeds."""
    return mobile.mobile_study(queries, run.at_most(MOBILE_SEEDS), run.data_dir, _kept(run))


def _kept(run: Run) -> Path:
    return run.out / "dsm_nas"


def uniform(benchmark: Benchmark, number: int, rng: np.random.Generator) -> Codes:
    """(number, L) architectures, all of a table as likely; NASLib leaves out cells that are cut off."""
    if isinstance(benchmark, TabularBenchmark):
        return benchmark.codes[rng.integers(0, len(benchmark.codes), number)]
    return benchmark.space.sample(number, rng)


def best_found(title: str, runs: Mapping[str, Runs], published: Mapping[str, str], ordered: bool = True) -> Panel:
    """The best values of ``runs`` (label -> searches) in one column, with the paper's cells by label."""
    rows = [Row(name, (cell_of(of.best[:, -1], published.get(name, "")),), len(of.best)) for name, of in runs.items()]
    return Panel(title, ("",), tuple(rows), (3,), ("",) if ordered else ())
