"""Figures 2 and 7, Table 8: how alike accuracies are of architectures that few edits part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from naslib_ext.experiments.reproduction.entry import Run
from naslib_ext.experiments.reproduction.lissnas.studies import NB101, NB201, STUDIES, entry
from naslib_ext.experiments.reproduction.table import Cell, Panel, Row, cell_of
from naslib_ext.experiments.shrinkage.study import ShrinkStudy
from naslib_ext.random_streams import stream
from naslib_ext.shrinkage.locality import BOTH, measure_locality, total_edit_distance

TABLE_8 = {
    "both": {"distance 1": "0.83", "distance 2": "1.75", "distance 3": "2.40"},
    "operation": {"distance 1": "0.85", "distance 2": "1.80", "distance 3": "2.42"},
    "edge": {"distance 1": "0.80", "distance 2": "1.74", "distance 3": "2.39"},
}
TABLE_8_NOTE = """Absolute accuracy difference between a random architecture and one that many edits away, in
percentage points, by the kind of edits; 1,000 walks a seed. NAS-Bench-101 is the surrogate fitted on the part of
the table at hand (walks leave that part); on NAS-Bench-201, whose table is whole, an edit of an edge adds or
removes it. On NAS-Bench-101 an operation is worth as much as in the paper at distance 1, an edge less, and farther
away both are; a surrogate is smoother than single trainings."""
WALKS = 1_000


def table_8(run: Run) -> list[Panel]:
    """Differences by kind of edit."""
    panels = []
    for name in (NB101, NB201):
        study = replace(STUDIES[name][0], data_dir=run.data_dir)
        named = "lissnas-kinds/" + name.replace("/", "-")
        gaps = [run.kept(named, seed, partial(_gaps, study, seed)) for seed in range(run.seeds)]
        rows = []
        for distance in (1, 2, 3):
            label = f"distance {distance}"
            papers = [of[label] if name == NB101 else "" for of in TABLE_8.values()]
            values = [[of[kind][distance - 1] for of in gaps] for kind in TABLE_8]
            rows.append(Row(label, tuple(map(cell_of, values, papers)), run.seeds))
        panels.append(Panel(f"`{name}`", tuple(TABLE_8), tuple(rows), (2,)))
    return panels


def _gaps(study: ShrinkStudy, seed: int) -> dict[str, list[float]]:
    """Mean differences at the distances 1, 2 and 3 by kind of edit."""
    found = measure_locality(study.space, study.score, stream(seed, "table 8"), WALKS, 3).difference
    return {kind: found[kind][1:].tolist() for kind in TABLE_8}


FIGURE_2 = {
    "RWA": {"a third of all edits": "below 0.3"},
    "AAD": {"1 edit": "least", "a third of all edits": "more", "all edits": "most"},
}
FIGURE_2_NOTE = """Correlation of the accuracies of a random architecture and one that many edits away (RWA), and
their absolute difference (AAD, points): the paper draws curves for ShuffleNetV2, NAS-Bench-101 and four tasks of
TransNAS-Bench-101, steep and below 0.3 at a third of the total edit distance. Each edit here leads one step
farther; 1,000 walks a seed. Figure 7 draws the same differences as histograms. At a third of all edits the
correlation is below 0.3 on NAS-Bench-201 and NAS-Bench-101, about that on TransNAS-Bench-101, and above it in
NAS-Bench-Macro and on the surrogate of NAS-Bench-301, both nearly sums over their operators."""


def figure_2(run: Run) -> list[Panel]:
    """Locality of every space at hand."""
    panels = []
    for name, (base, _) in STUDIES.items():
        study = replace(base, data_dir=run.data_dir)
        total = total_edit_distance(study.space)
        steps = {"1 edit": 1, "a third of all edits": max(1, total // 3), "all edits": total}
        named = "lissnas-locality/" + name.replace("/", "-")
        found = [run.kept(named, seed, partial(_locality, study, seed)) for seed in range(run.seeds)]
        rows = []
        for label, step in steps.items():
            cells = [_known([of[key][step] for of in found], FIGURE_2[key].get(label, "")) for key in FIGURE_2]
            rows.append(Row(f"{label} ({step})", tuple(cells), run.seeds))
        panels.append(Panel(f"`{name}`", tuple(FIGURE_2), tuple(rows), (2,)))
    return panels


def _locality(study: ShrinkStudy, seed: int) -> dict[str, list[float | None]]:
    """RWA and AAD by distance; ``None`` where no walk came so far."""
    found = measure_locality(study.space, study.score, stream(seed, "figure 2"), WALKS)
    measured = {"RWA": found.autocorrelation[BOTH], "AAD": found.difference[BOTH]}
    return {key: [value if np.isfinite(value) else None for value in of.tolist()] for key, of in measured.items()}


def _known(values: Sequence[float | None], paper: str) -> Cell:
    """The cell of ``values``; without ours where no walk of a seed came so far."""
    known = [value for value in values if value is not None]
    return cell_of(known, paper) if len(known) == len(values) else Cell(paper)


ENTRIES = (
    entry("figure-2", "Figures 2 and 7: locality", FIGURE_2_NOTE, figure_2, FIGURE_2),
    entry("table-8", "Table 8: kinds of edits", TABLE_8_NOTE, table_8, TABLE_8),
)
