"""The tables of a shrinkage study for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from naslib_ext.experiments.shrinkage.study import FULL
from naslib_ext.shrinkage.locality import BOTH, Locality, threshold_of

ABLATIONS = {
    "lissnas": "With Locality",
    "lissnas_no_neighbors": "No Neighbor",
    "lissnas_no_locality": "Without Locality",
    "top_k": "Query All",
}
NAIVE = ("random_top_30", "random_top_20", "random_top_10", "random_top_5", "lissnas")
MAIN = ("lissnas", "abs", "pad_nas", "nse", "greedy_nas", "random_top", "random", "top_k")

Row = tuple[str, Sequence[str]]


def format_study(summary: Mapping[str, Any]) -> str:
    """Tables 1, 4, 5, 6, 7, 9 and 10 of the paper for this space, and what is asked of the shrunk space."""
    epoch = "" if summary["epoch"] is None else f"@{summary['epoch']}"
    title = (
        f"{summary['search_space']}/{summary['dataset']} {summary['metric']}{epoch}: {_count(summary['size'])} "
        f"architectures, {summary['labels']} labels for {summary['predictor']}, {summary['seeds']} seeds"
    )
    methods = summary["methods"]
    main = [name for name in MAIN if name in methods]
    sections = [
        title,
        _table("Table 1. Shrink index (at least 2 of 10 among the best tenth) and share of the best tenth",
               ("s.i.", "sem", "good share"),
               [(name, (_number(methods[name]["shrink_index"], 3), _number(methods[name].get("shrink_index_sem"), 3),
                        _number(methods[name]["good_share"], 3))) for name in main]),
        _table("Tables 4 to 6. Size, reduction, accuracy; the best architecture kept in how many seeds",
               ("size", "reduction", "mean", "sem", "max", "best kept"),
               [(name, _accuracy(methods[name])) for name in (FULL, *main)]),
        _table("Figs. 4 and 5. Area under the error EDF, Kolmogorov-Smirnov, overlap of size histograms, range kept",
               ("area", "KS", "p", *[f"{s}_{m}" for s, m in _size_measures(methods)]),
               [(name, _distribution(methods[name], methods)) for name in (FULL, *main)]),
        _table("Table 7. Cosine distance between centred one-hot encodings, 0 to 2, and what is retained of it",
               ("largest", "retained", "mean", "retained"),
               [(name, [_number(methods[name][key], 3) for key in
                        ("cosine_max", "cosine_max_retention", "cosine_mean", "cosine_mean_retention")])
                for name in (FULL, *main)]),
        _table("Table 9. Naive random shrinkage", ("size", "mean", "max"),
               [(name, [_accuracy(methods[name])[column] for column in (0, 2, 4)])
                for name in (FULL, *NAIVE) if name in methods]),
        _table("Table 10. Ablations", ("queries", "mean", "max", "best kept"),
               [(label, [_count(methods[name]["queries"]), *[_accuracy(methods[name])[column] for column in (2, 4, 5)]])
                for name, label in ABLATIONS.items() if name in methods]),
    ]  # fmt: skip
    return "\n\n".join(section for section in sections if section)


def format_locality(locality: Locality, total: int) -> str:
    """RWA and AAD by distance and by kind of change (Fig. 2 and Table 8)."""
    rows: list[Row] = []
    for kind, correlation in locality.autocorrelation.items():
        rows.append((f"{kind}: RWA", [_number(value, 2) for value in correlation[1:]]))
        rows.append((f"{kind}: AAD", [_number(value, 2) for value in locality.difference[kind][1:]]))
    rows.append(("edits in any direction: RWA", [_number(value, 2) for value in locality.wandering[1:]]))
    threshold = threshold_of(locality.autocorrelation[BOTH], total)
    table = _table("Fig. 2 and Table 8. Locality by edit distance", [str(d) for d in locality.distances[1:]], rows)
    return f"{table}\nthreshold: {threshold} of {total} edits"


def _accuracy(method: Mapping[str, Any]) -> list[str]:
    return [
        _count(method["size_mean"]),
        f"{_count(method['reduction'])}x",
        _number(method["mean_accuracy"], 3),
        _number(method.get("mean_accuracy_sem"), 3),
        _number(method["max_accuracy"], 3),
        _number(method["best_kept"], 2),
    ]


def _size_measures(methods: Mapping[str, Any]) -> list[tuple[str, str]]:
    whole = methods[FULL]
    return [(s, m) for s in ("flops", "params") for m in ("overlap", "range") if f"{s}_{m}" in whole]


def _distribution(method: Mapping[str, Any], methods: Mapping[str, Any]) -> list[str]:
    sizes = [_number(method[f"{size}_{name}"], 2) for size, name in _size_measures(methods)]
    return [
        _number(method["edf_area"], 3),
        _number(method["ks_statistic"], 3),
        f"{method['ks_p_value']:.1e}",
        *sizes,
    ]


def _table(title: str, columns: Sequence[str], rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    width = max(13, *(len(column) + 2 for column in columns))
    names = max(22, *(len(name) + 1 for name, _ in rows))
    head = " " * names + "".join(f"{column:>{width}}" for column in columns)
    lines = [f"{name:<{names}}" + "".join(f"{cell:>{width}}" for cell in cells) for name, cells in rows]
    return "\n".join([title, head, *lines])


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None or value != value else f"{value:.{digits}f}"


def _count(value: float) -> str:
    return f"{value:.2e}" if value >= 1e7 else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
