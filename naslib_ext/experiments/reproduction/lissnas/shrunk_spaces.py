"""Tables 1, 4, 6 and 7: what is in a shrunk space, how small it is, and how diverse."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from naslib_ext.experiments.reproduction.entry import Run
from naslib_ext.experiments.reproduction.lissnas.studies import (
    FULL_LABEL,
    MACRO,
    METHODS,
    NB101,
    NB201,
    NB301,
    SCENE,
    STATISTICS,
    STUDIES,
    WITH_FULL,
    entry,
    study_panel,
)
from naslib_ext.experiments.reproduction.table import Panel, Row, cell_of
from naslib_ext.experiments.shrinkage.study import ShrinkStudy, fit
from naslib_ext.random_streams import stream
from naslib_ext.shrinkage.lissnas import Settings, shrink

TABLE_1 = {"shrink index": {"GreedyNAS": "0.3", "ABS": "0.1", "NSE": "0.2", "PADNAS": "0.1", "LISSNAS": "0.4"}}
TABLE_1_NOTE = """The paper has it for ShuffleNetV2 on ImageNet, whose supernet is not at hand; its column stands
beside other spaces, NAS-Bench-Macro nearest to it (a chain of blocks). The paper gives neither n, k nor what is
good: here at least 2 of 10 members among the best tenth of the whole space, minus the same for the whole space, at
most 0.736. With that choice nearly every method reaches the bound, and the index does not tell them apart; the
share of the best tenth among the members does."""


def table_1(run: Run) -> list[Panel]:
    """Shrink indices."""
    names = (MACRO, SCENE, NB201, NB101)
    keys = {"shrink index": "shrink_index", "share of the best tenth": "good_share"}
    return [study_panel(run, name, METHODS, keys, TABLE_1, (3,)) for name in names]


TABLE_4 = {
    "size": {FULL_LABEL: "423K", "ABS": "100K", "NSE": "25K", "PADNAS": "15K", "LISSNAS": "13K"},
    "mean accuracy": {FULL_LABEL: "90.4", "ABS": "80.2", "NSE": "90.1", "PADNAS": "90.4", "LISSNAS": "92.1"},
    "largest accuracy": {FULL_LABEL: "94.6", "ABS": "93.2", "NSE": "93.6", "PADNAS": "94.1", "LISSNAS": "94.6"},
}
TABLE_4_NOTE = """The paper labels an architecture with the largest of three validation accuracies; the table at
hand has one. Its ABS ends with a mean below the whole space's, and its methods stop at sizes of their own; here
12,837 members (a factor of 33) are asked of every method, and pruning of operators stops at the first size below.
The half on ShuffleNetV2 needs its supernet: NAS-Bench-Macro stands in, without the paper's values."""


def table_4(run: Run) -> list[Panel]:
    """Sizes and accuracies of shrunk spaces."""
    return [
        study_panel(run, NB101, WITH_FULL, STATISTICS, TABLE_4, (0, 2)),
        study_panel(run, MACRO, WITH_FULL, STATISTICS, {}, (0, 2)),
    ]


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
    "NASBench301": STUDIES[NB301][0],
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
    NB301: {"PADNAS": "673.2", "ABS": "612.7", "NSE": "619.9", "LISSNAS": "845.1", "Original": "947"},
}
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
        rows = {label: method for label, method in METHODS.items() if label in published}
        panels.append(study_panel(run, name, rows, columns, {"largest": kept}, (3,)))
    return panels


ENTRIES = (
    entry("table-1", "Table 1: shrink index", TABLE_1_NOTE, table_1, TABLE_1),
    entry("table-4", "Table 4: statistics of shrunk spaces", TABLE_4_NOTE, table_4, TABLE_4),
    entry("table-6", "Tables 5 and 6: reduction", TABLE_6_NOTE, table_6, TABLE_6),
    entry("table-7", "Tables 7 and 11: diversity", TABLE_7_NOTE, table_7, TABLE_7),
)
