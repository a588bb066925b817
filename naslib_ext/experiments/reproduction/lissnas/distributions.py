"""Figures 4, 5 and 8: distributions of accuracies and FLOPs in shrunk spaces."""

from __future__ import annotations

from naslib_ext.experiments.reproduction.entry import Run
from naslib_ext.experiments.reproduction.lissnas.studies import (
    FULL_LABEL,
    MACRO,
    NB101,
    NB201,
    NB301,
    SCENE,
    WITH_FULL,
    entry,
    study_panel,
    summary_of,
)
from naslib_ext.experiments.reproduction.table import Panel
from naslib_ext.experiments.shrinkage.study import FULL

FIGURE_4 = {"area": {"LISSNAS": "largest", FULL_LABEL: "least"}}
FIGURE_4_NOTE = """Area under the distribution of the error (the distance to the best, as a part of the range), the
statistic of the one-sided Kolmogorov-Smirnov test against the whole space, and what is kept of the range of FLOPs
(Figure 5). The paper draws the distributions on NAS-Bench-101, TransNAS-Bench-101, ShuffleNetV2 and NAS-Bench-301
and the histograms on ShuffleNetV2."""


def figure_4(run: Run) -> list[Panel]:
    """Error distributions, and ranges of FLOPs."""
    panels = []
    for name in (NB101, SCENE, MACRO, NB301, NB201):
        keys = {"area": "edf_area", "KS": "ks_statistic"}
        if "flops_range" in summary_of(run, name)["methods"][FULL]:
            keys["FLOPs' range kept"] = "flops_range"
        panels.append(study_panel(run, name, WITH_FULL, keys, FIGURE_4, (3,)))
    return panels


ENTRIES = (entry("figure-4", "Figures 4, 5 and 8: distributions", FIGURE_4_NOTE, figure_4, FIGURE_4),)
