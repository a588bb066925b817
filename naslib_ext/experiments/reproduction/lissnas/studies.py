"""What the tables and figures share: the shrinkage studies, their rows, and a panel of one study."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from naslib_ext.experiments.reproduction.entry import Entry, Published, Run
from naslib_ext.experiments.reproduction.table import Cell, Panel, Row
from naslib_ext.experiments.shrinkage.study import FULL, ShrinkStudy, run_study

NB101, NB201, NB301 = "nasbench101/cifar10", "nasbench201/cifar10", "nasbench301/cifar10"
MACRO, SCENE = "nasbench_macro/cifar10", "transbench101_micro/class_scene"
STUDIES: Mapping[str, tuple[ShrinkStudy, int]] = {
    NB201: (ShrinkStudy("nasbench201", "cifar10", size=300), 20),
    SCENE: (ShrinkStudy("transbench101_micro", "class_scene", size=300), 20),
    "transbench101_micro/class_object": (ShrinkStudy("transbench101_micro", "class_object", size=585), 20),
    "transbench101_micro/jigsaw": (ShrinkStudy("transbench101_micro", "jigsaw", size=585), 20),
    MACRO: (ShrinkStudy("nasbench_macro", "cifar10", size=100), 20),
    NB101: (ShrinkStudy("nasbench101", "cifar10", size=12_837, kind="surrogate"), 1),
    NB301: (ShrinkStudy("nasbench301", "cifar10", size=2_000, kind="surrogate", methods=(
        "lissnas", "abs", "pad_nas", "nse", "greedy_nas", "random_top", "lissnas_no_locality")), 1),
}  # fmt: skip
"""The shrinkage studies, and the most seeds of each."""

METHODS = {"ABS": "abs", "NSE": "nse", "PADNAS": "pad_nas", "GreedyNAS": "greedy_nas", "LISSNAS": "lissnas"}
"""The paper's rows, and the methods of the studies."""

FULL_LABEL = "Full space"
WITH_FULL = {FULL_LABEL: FULL, **METHODS}

STATISTICS = {"size": "size_mean", "mean accuracy": "mean_accuracy", "largest accuracy": "max_accuracy"}
COUNTED = ("size", "predictions")
"""Columns of numbers that are no quality, so that no order is compared."""


def entry(number: str, title: str, note: str, measure: Callable[[Run], list[Panel]], published: Published) -> Entry:
    """One of the paper's tables or figures; five seeds unless others are asked for."""
    return Entry(f"lissnas-{number}", title, 5, "not said", note, measure, published)


def summary_of(run: Run, name: str) -> dict[str, Any]:
    """The summary of one of ``STUDIES``, after running what is missing of it."""
    study, most = STUDIES[name]
    own = replace(study, seeds=run.at_most(most), data_dir=run.data_dir)
    return run_study(own, run.out / "lissnas" / name.replace("/", "-"))


def study_panel(
    run: Run, name: str, rows: Mapping[str, str], keys: Mapping[str, str], published: Published,
    digits: tuple[int, ...] = (2,),
) -> Panel:  # fmt: skip
    """Measures ``keys`` (column -> key of the summary) of the methods ``rows`` (label -> name) of one study."""
    summary = summary_of(run, name)
    lines = []
    for label, method in rows.items():
        of = summary["methods"].get(method)
        if of is not None:
            papers = [published.get(column, {}).get(label, "") for column in keys]
            cells = [_cell(of, key, paper) for key, paper in zip(keys.values(), papers, strict=True)]
            lines.append(Row(label, tuple(cells), 0 if method == FULL else summary["seeds"]))
    kind = ", surrogate" if STUDIES[name][0].kind == "surrogate" else ""
    ordered = tuple(column for column in keys if column in published and column not in COUNTED)
    return Panel(f"`{name}`{kind}", tuple(keys), tuple(lines), digits, ordered)


def _cell(method: Mapping[str, Any], key: str, paper: str) -> Cell:
    sem = "size_sem" if key == "size_mean" else f"{key}_sem"
    return Cell(paper, method[key], method.get(sem))
