"""Figure 6: how far accuracies differ by the number of edits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from naslib_ext.benchmarks import Benchmark, load_benchmark
from naslib_ext.experiments.reproduction.dsm_nas.studies import uniform
from naslib_ext.experiments.reproduction.entry import Entry, Published, Run
from naslib_ext.experiments.reproduction.table import Panel, Row, cell_of
from naslib_ext.random_streams import stream
from naslib_ext.shrinkage.locality import step_away

TRIALS, FARTHEST = 100, 6
FIGURE_6: Published = {
    "mean": {"distance 1": "4.49", "distance 2": "6.69"},
    "deviation over pairs": {"distance 1": "6.1", "distance 2": "9.5"},
}
FIGURE_6_MOBILE: Published = {"mean": {"distance 1": "less than on NAS-Bench-201"}, "deviation over pairs": {}}
FIGURE_6_NOTE = """Absolute difference of accuracy, in percentage points, of two architectures that many edits
apart, over 100 random pairs; the seeds are draws of these. The paper does not say which accuracy; the test accuracy
after 200 epochs is nearest to its numbers. What it calls variance is taken as a deviation. For the MobileNet-like
space it prints no numbers; here that panel is the predictor's accuracy. Means grow as in the paper; our deviations
are larger, since one pair in some hundred meets a cell that is cut off."""


def figure_6(run: Run) -> list[Panel]:
    """Differences by distance on NAS-Bench-201 and in the MobileNet-like space."""
    nasbench201 = load_benchmark("nasbench201", "cifar10", data_dir=run.data_dir)
    mobile = load_benchmark("mobilenet", "imagenet", "surrogate", run.data_dir)
    panels = []
    for title, benchmark, metric, epoch, published in (
        ("`nasbench201/cifar10`, test accuracy, 200 epochs", nasbench201, "test_accuracy", 200, FIGURE_6),
        ("`nasbench201/cifar10`, validation accuracy, 12 epochs", nasbench201, "val_accuracy", 12, FIGURE_6),
        ("`mobilenet`, predicted", mobile, "val_accuracy", None, FIGURE_6_MOBILE),
    ):
        gaps = np.stack([_gaps(benchmark, metric, epoch, seed) for seed in range(run.seeds)], axis=1)
        rows = []
        for step, of_step in enumerate(gaps, start=1):
            label = f"distance {step}"
            texts = (published[column].get(label, "") for column in FIGURE_6)
            cells = map(cell_of, (of_step.mean(axis=1), of_step.std(axis=1)), texts)
            rows.append(Row(label, tuple(cells), run.seeds))
        panels.append(Panel(title, tuple(FIGURE_6), tuple(rows), (2,)))
    return panels


def _gaps(benchmark: Benchmark, metric: str, epoch: int | None, seed: int) -> NDArray[np.float64]:
    """(FARTHEST, TRIALS) absolute differences between random architectures and others 1, 2, ... edits away."""
    rng = stream(seed, "figure 6")
    starts = uniform(benchmark, TRIALS, rng)
    first, codes = benchmark.query(starts, metric, epoch), starts
    gaps = np.empty((FARTHEST, TRIALS))
    for step in range(FARTHEST):
        codes = step_away(benchmark.space, starts, codes, step + 1, rng)[1]
        gaps[step] = np.abs(benchmark.query(codes, metric, epoch) - first)
    return gaps


ENTRIES = (
    Entry("dsm-nas-figure-6", "Figure 6: accuracy, distance", 20, "100 pairs", FIGURE_6_NOTE, figure_6, FIGURE_6),
)
