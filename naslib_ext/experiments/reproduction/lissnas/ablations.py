"""Tables 9 and 10: LISSNAS beside naive random shrinkage, and with new architectures from elsewhere."""

from __future__ import annotations

from naslib_ext.experiments.reproduction.entry import Run
from naslib_ext.experiments.reproduction.lissnas.studies import FULL_LABEL, NB101, NB201, STATISTICS, entry, study_panel
from naslib_ext.experiments.reproduction.table import Panel
from naslib_ext.experiments.shrinkage.study import FULL

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
        study_panel(run, NB101, rows, STATISTICS, TABLE_9, (0, 2)),
        study_panel(run, NB201, rows, STATISTICS, {}, (0, 2)),
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
        study_panel(run, NB101, ABLATED, keys, TABLE_10, (0, 2)),
        study_panel(run, NB201, ABLATED, keys, {}, (0, 2)),
    ]


ENTRIES = (
    entry("table-9", "Table 9: naive random shrinkage", TABLE_9_NOTE, table_9, TABLE_9),
    entry("table-10", "Table 10: where neighbours come from", TABLE_10_NOTE, table_10, TABLE_10),
)
