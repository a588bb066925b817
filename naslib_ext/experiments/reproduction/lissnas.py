"""LISSNAS (Gopal et al., IJCAI 2023): Tables 1 and 4 to 11, Figures 2, 4, 5, 7 and 8."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from naslib_ext.experiments.reproduction.entry import Entry, Paper, Run
from naslib_ext.experiments.reproduction.table import Cell, Panel, Row, cell_of
from naslib_ext.experiments.shrink_study import FULL, ShrinkStudy, fit, run_study
from naslib_ext.random_streams import stream
from naslib_ext.shrinkage.lissnas import Settings, shrink
from naslib_ext.shrinkage.locality import BOTH, measure_locality, total_edit_distance

NB101 = "nasbench101/cifar10"
STUDIES: Mapping[str, tuple[ShrinkStudy, int]] = {
    "nasbench201/cifar10": (ShrinkStudy("nasbench201", "cifar10", size=300), 20),
    "transbench101_micro/class_scene": (ShrinkStudy("transbench101_micro", "class_scene", size=300), 20),
    "transbench101_micro/class_object": (ShrinkStudy("transbench101_micro", "class_object", size=585), 20),
    "transbench101_micro/jigsaw": (ShrinkStudy("transbench101_micro", "jigsaw", size=585), 20),
    "nasbench_macro/cifar10": (ShrinkStudy("nasbench_macro", "cifar10", size=100), 20),
    NB101: (ShrinkStudy("nasbench101", "cifar10", size=12_837, kind="surrogate"), 1),
    "nasbench301/cifar10": (ShrinkStudy("nasbench301", "cifar10", size=2_000, kind="surrogate", methods=(
        "lissnas", "abs", "pad_nas", "nse", "greedy_nas", "random_top", "lissnas_no_locality")), 1),
}  # fmt: skip
"""The shrinkage studies, and the most seeds of each."""

MACRO = "nasbench_macro/cifar10"
SCENE = "transbench101_micro/class_scene"
NAMES = {"ABS": "abs", "NSE": "nse", "PADNAS": "pad_nas", "GreedyNAS": "greedy_nas", "LISSNAS": "lissnas"}


def _summary(run: Run, name: str) -> dict[str, Any]:
    study, most = STUDIES[name]
    own = replace(study, seeds=run.at_most(most), data_dir=run.data_dir)
    return run_study(own, run.out / "lissnas" / name.replace("/", "-"))


def _cell(method: Mapping[str, Any], key: str, paper: str = "") -> Cell:
    sem = "size_sem" if key == "size_mean" else f"{key}_sem"
    return Cell(paper, method[key], method.get(sem))


COUNTED = ("size", "predictions")


def _panel(
    run: Run, name: str, rows: Mapping[str, str], keys: Mapping[str, str], published: Mapping[str, Mapping[str, str]],
    digits: tuple[int, ...] = (2,),
) -> Panel:  # fmt: skip
    """Measures ``keys`` (column -> key of the summary) of the methods ``rows`` (label -> name) of one study."""
    summary = _summary(run, name)
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


TABLE_1 = {"shrink index": {"GreedyNAS": "0.3", "ABS": "0.1", "NSE": "0.2", "PADNAS": "0.1", "LISSNAS": "0.4"}}
TABLE_1_NOTE = """The paper has it for ShuffleNetV2 on ImageNet, whose supernet is not at hand; its column stands
beside other spaces, NAS-Bench-Macro nearest to it (a chain of blocks). The paper gives neither n, k nor what is
good: here at least 2 of 10 members among the best tenth of the whole space, minus the same for the whole space, at
most 0.736. With that choice nearly every method reaches the bound, and the index does not tell them apart; the
share of the best tenth among the members does."""


def table_1(run: Run) -> list[Panel]:
    """Shrink indices."""
    names = (MACRO, SCENE, "nasbench201/cifar10", NB101)
    keys = {"shrink index": "shrink_index", "share of the best tenth": "good_share"}
    return [_panel(run, name, NAMES, keys, TABLE_1, (3,)) for name in names]


FULL_LABEL = "Full space"
TABLE_4 = {
    "size": {FULL_LABEL: "423K", "ABS": "100K", "NSE": "25K", "PADNAS": "15K", "LISSNAS": "13K"},
    "mean accuracy": {FULL_LABEL: "90.4", "ABS": "80.2", "NSE": "90.1", "PADNAS": "90.4", "LISSNAS": "92.1"},
    "largest accuracy": {FULL_LABEL: "94.6", "ABS": "93.2", "NSE": "93.6", "PADNAS": "94.1", "LISSNAS": "94.6"},
}
STATISTICS = {"size": "size_mean", "mean accuracy": "mean_accuracy", "largest accuracy": "max_accuracy"}
TABLE_4_NOTE = """The paper labels an architecture with the largest of three validation accuracies; the table at
hand has one. Its ABS ends with a mean below the whole space's, and its methods stop at sizes of their own; here
12,837 members (a factor of 33) are asked of every method, and pruning of operators stops at the first size below.
The half on ShuffleNetV2 needs its supernet: NAS-Bench-Macro stands in, without the paper's values."""


def table_4(run: Run) -> list[Panel]:
    """Sizes and accuracies of shrunk spaces."""
    rows = {FULL_LABEL: FULL, **NAMES}
    return [_panel(run, NB101, rows, STATISTICS, TABLE_4, (0, 2)), _panel(run, MACRO, rows, STATISTICS, {}, (0, 2))]


TABLE_6 = {
    "size": {"TransNASBench": "1K", "NASBench101": "13K", "NASBench301": "10^7", "MobileNet": "10^6"},
    "reduction": {"TransNASBench": "7x", "NASBench101": "33x", "NASBench301": "10^11x", "MobileNet": "10^6x"},
}
TABLE_6_NOTE = """What LISSNAS ends with where no size is asked for: it stops when the mean prediction no longer
rises by a fiftieth of its deviation over the first sample. The paper's threshold is not given, and sizes hang on
it. In spaces of 10^18 the last space is a part of what was looked at, so that its size says how many were, not how
many are good. TransNAS-Bench-101 is the micro space (4,096 of 7,352). ABS and DDS in Table 5 stop at sizes that
they are given."""
FREE = {
    "TransNASBench": STUDIES[SCENE][0],
    "NASBench101": STUDIES[NB101][0],
    "NASBench301": STUDIES["nasbench301/cifar10"][0],
    "MobileNet": ShrinkStudy("mobilenet", "imagenet"),
}
FREE_SEEDS = {"TransNASBench": 20, "NASBench101": 1, "NASBench301": 1, "MobileNet": 1}


def table_6(run: Run) -> list[Panel]:
    """Sizes that LISSNAS stops at by itself."""
    rows = []
    for label, base in FREE.items():
        study = replace(base, data_dir=run.data_dir)
        sizes = [
            run.kept(f"lissnas-size/{study.search_space}", seed, partial(_free_size, study, seed))
            for seed in range(run.at_most(FREE_SEEDS[label]))
        ]
        cells = (
            cell_of(sizes, TABLE_6["size"][label]),
            cell_of([study.number / size for size in sizes], TABLE_6["reduction"][label]),
        )
        rows.append(Row(f"{label} (`{study.search_space}`)", cells, len(sizes)))
    return [Panel("space", ("size", "reduction"), tuple(rows), (0,))]


def _free_size(study: ShrinkStudy, seed: int) -> int:
    """Members that LISSNAS ends with when no size is asked for."""
    rng = stream(seed, "shrink freely")
    found = shrink(study.space, fit(study, seed), rng, Settings(), study.benchmark.key, study.size_score)
    return len(found.codes)


TABLE_7 = {
    NB101: {"PADNAS": "135.2", "ABS": "167.3", "NSE": "201.5", "LISSNAS": "255.6", "Original": "260"},
    MACRO: {"PADNAS": "17.9", "ABS": "21.2", "NSE": "21.6", "LISSNAS": "28.0", "Original": "30"},
    SCENE: {"PADNAS": "5.3", "ABS": "4.2", "NSE": "5.7", "LISSNAS": "8.9", "Original": "10"},
    "nasbench301/cifar10": {
        "PADNAS": "673.2", "ABS": "612.7", "NSE": "619.9", "LISSNAS": "845.1", "Original": "947",
    },
}  # fmt: skip
TABLE_7_NOTE = """The part of the whole space's largest cosine distance that is kept. The paper's distances, from 10
to 947, cannot be cosine distances (0 to 2), so that only their ratio to the original's is set beside ours; *mean*
is of the mean pairwise distance, which says more: one outlier makes the largest. LISSNAS keeps most everywhere, as
in the paper. The paper's ShuffleNetV2 stands beside NAS-Bench-Macro."""


def table_7(run: Run) -> list[Panel]:
    """Diversity kept."""
    panels = []
    for name, published in TABLE_7.items():
        whole = float(published["Original"])
        kept = {label: f"{float(text) / whole:.3f}" for label, text in published.items()}
        columns = {"largest": "cosine_max_retention", "mean": "cosine_mean_retention"}
        rows = {label: method for label, method in NAMES.items() if label in published}
        panels.append(_panel(run, name, rows, columns, {"largest": kept}, (3,)))
    return panels


TABLE_9 = {
    "mean accuracy": {FULL_LABEL: "90.4", "Top-30": "90.8", "Top-20": "91.0", "Top-10": "91.4", "Top-5": "91.9",
                      "LISSNAS": "92.1"},
    "largest accuracy": {FULL_LABEL: "94.6", "Top-30": "93.2", "Top-20": "93.5", "Top-10": "94.1", "Top-5": "93.9",
                         "LISSNAS": "94.6"},
}  # fmt: skip
TABLE_9_NOTE = """The best x % of as many random architectures as LISSNAS predicts. Their sizes differ: the table
says how many each keeps. The means are in the paper's order; the largest accuracies hardly differ."""


def table_9(run: Run) -> list[Panel]:
    """Naive random shrinkage."""
    rows = {FULL_LABEL: FULL, **{f"Top-{x}": f"random_top_{x}" for x in (30, 20, 10, 5)}, "LISSNAS": "lissnas"}
    return [
        _panel(run, NB101, rows, STATISTICS, TABLE_9, (0, 2)),
        _panel(run, "nasbench201/cifar10", rows, STATISTICS, {}, (0, 2)),
    ]


TABLE_10 = {
    "predictions": {"No Neighbor": "50K", "Without Locality": "196K", "With Locality": "100K"},
    "largest accuracy": {"No Neighbor": "93.9", "Without Locality": "93.2", "With Locality": "94.6"},
}
ABLATED = {
    "No Neighbor": "lissnas_no_neighbors", "Without Locality": "lissnas_no_locality", "With Locality": "lissnas",
    "Query All": "top_k",
}  # fmt: skip
TABLE_10_NOTE = """New architectures from nowhere, at random, and near the seeds; the paper's Top-1 is that of the
best network found by a search in the shrunk space, ours the largest accuracy of its members. *Query All* (appendix
H.3, without numbers) predicts every architecture, where they can be listed."""


def table_10(run: Run) -> list[Panel]:
    """Where new architectures come from."""
    keys = {"predictions": "queries", "mean accuracy": "mean_accuracy", "largest accuracy": "max_accuracy"}
    return [
        _panel(run, NB101, ABLATED, keys, TABLE_10, (0, 2)),
        _panel(run, "nasbench201/cifar10", ABLATED, keys, {}, (0, 2)),
    ]


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
    for name in (NB101, "nasbench201/cifar10"):
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


FIGURE_4 = {"area": {"LISSNAS": "largest", FULL_LABEL: "least"}}
FIGURE_4_NOTE = """Area under the distribution of the error (the distance to the best, as a part of the range), the
statistic of the one-sided Kolmogorov-Smirnov test against the whole space, and what is kept of the range of FLOPs
(Figure 5). The paper draws the distributions on NAS-Bench-101, TransNAS-Bench-101, ShuffleNetV2 and NAS-Bench-301
and the histograms on ShuffleNetV2."""


def figure_4(run: Run) -> list[Panel]:
    """Error distributions, and ranges of FLOPs."""
    rows = {FULL_LABEL: FULL, **NAMES}
    panels = []
    for name in (NB101, SCENE, MACRO, "nasbench301/cifar10", "nasbench201/cifar10"):
        keys = {"area": "edf_area", "KS": "ks_statistic"}
        if "flops_range" in _summary(run, name)["methods"][FULL]:
            keys["FLOPs' range kept"] = "flops_range"
        panels.append(_panel(run, name, rows, keys, FIGURE_4, (3,)))
    return panels


def _entry(
    number: str, title: str, seeds: int, note: str, measure: Callable[[Run], list[Panel]], published: Any
) -> Entry:
    return Entry(f"lissnas-{number}", title, seeds, "not said", note, measure, published)


NOTE = """Every shrinkage method has the same labels (200 or 300, part of them random) and the same predictor, a
Gaussian process on structure features; the paper has 10,000 labels and XGBoost. NAS-Bench-101 and 301 are surrogates
fitted here on parts of the tables, one seed each. *nasbench_macro*, a chain of blocks, is nearest to ShuffleNetV2 among
the tables at hand."""

ABSENT = """* **Table 2**: a search in FairNAS's space with a supernet on ImageNet, on GPUs.
* **Table 3**: Pearson correlations and accuracies of supernets trained on the shrunk spaces; needs images and GPUs.
* **ShuffleNetV2 in Tables 1, 4, 6 and 7 and Figures 2, 4 and 5**: its accuracies come from a supernet on ImageNet,
  which is not at hand; `shufflenetv2` is a space of this package and takes a table of your own.
* **AnyNetX and DDS in Table 5**: the space is not part of this package, and DDS is done by hand.
* **Figures 1, 3 and 6**: drawings."""

PAPER = Paper(
    "lissnas",
    "LISSNAS: Locality-based Iterative Search Space Shrinkage for Neural Architecture Search",
    (
        _entry("figure-2", "Figures 2 and 7: locality", 5, FIGURE_2_NOTE, figure_2, FIGURE_2),
        _entry("table-8", "Table 8: kinds of edits", 5, TABLE_8_NOTE, table_8, TABLE_8),
        _entry("table-1", "Table 1: shrink index", 5, TABLE_1_NOTE, table_1, TABLE_1),
        _entry("table-4", "Table 4: statistics of shrunk spaces", 5, TABLE_4_NOTE, table_4, TABLE_4),
        _entry("table-6", "Tables 5 and 6: reduction", 5, TABLE_6_NOTE, table_6, TABLE_6),
        _entry("table-7", "Tables 7 and 11: diversity", 5, TABLE_7_NOTE, table_7, TABLE_7),
        _entry("table-9", "Table 9: naive random shrinkage", 5, TABLE_9_NOTE, table_9, TABLE_9),
        _entry("table-10", "Table 10: where neighbours come from", 5, TABLE_10_NOTE, table_10, TABLE_10),
        _entry("figure-4", "Figures 4, 5 and 8: distributions", 5, FIGURE_4_NOTE, figure_4, FIGURE_4),
    ),
    ABSENT,
    NOTE,
)  # fmt: skip
