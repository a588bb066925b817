"""What an open-domain search leaves: ``summary.json``, ``encodings.csv``, ``networks.csv`` and two figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.atomic import write_atomically
from naslib_ext.errors import DataFileError
from naslib_ext.experiments.drawing import LIGHT, new_axes, png
from naslib_ext.experiments.figures import Curve, curves_png
from naslib_ext.experiments.open_domain.evaluation import (
    RANDOM,
    Retrained,
    by_seed,
    comparisons,
    means_by_seed,
    variances,
)
from naslib_ext.experiments.open_domain.study import METHODS, Searches, Study, found_encoding, history
from naslib_ext.experiments.statistics import mean, sem
from naslib_ext.experiments.table_formats import to_csv

Floats = NDArray[np.float64]


def write_search(out: Path, study: Study, searches: Searches) -> dict[str, Any]:
    """Writes what the searches found into the folder ``out``; returns the summary."""
    summary = _summary(study, searches)
    write_atomically(out / "encodings.csv", _encodings_csv(study, searches))
    write_atomically(out / "search.png", _search_png(searches))
    write_atomically(out / "encodings.png", encodings_png(study, searches))
    _write_json(out, summary)
    return summary


def write_evaluation(out: Path, study: Study, searches: Searches, networks: Sequence[Retrained]) -> dict[str, Any]:
    """Writes the searches and the retrained networks into the folder ``out``; returns the summary."""
    summary = write_search(out, study, searches)
    groups = {}
    for group in (*METHODS, RANDOM):
        test, val = (by_seed(networks, group, metric) for metric in ("test_accuracy", "val_accuracy"))
        ((test_mean, val_mean), (test_sem, val_sem)) = (f(np.stack([test, val], axis=1)) for f in (mean, sem))
        groups[group] = {
            "networks": sum(len(n.test_accuracy) for n in networks if n.group == group),
            "failed": sum(int(np.isnan(n.test_accuracy).sum()) for n in networks if n.group == group),
            "test_mean": test_mean, "test_sem": test_sem, "test_by_seed": test.tolist(),
            "val_mean": val_mean, "val_sem": val_sem,
        }  # fmt: skip
    summary["evaluation"] = {
        "epochs": study.retraining.epochs, "samples": study.samples, "random_encodings": study.random_encodings,
        "groups": groups, "tests": comparisons(means_by_seed(networks)), "standard_deviations": variances(networks),
    }  # fmt: skip
    write_atomically(out / "networks.csv", _networks_csv(study, networks))
    _write_json(out, summary)
    return summary


def format_search(summary: dict[str, Any]) -> str:
    """The found encodings as a Markdown table."""
    names = summary["operations"]
    lines = [f"| search | seed | val. accuracy | {' | '.join(names)} |", f"|{'---|' * (3 + len(names))}"]
    for method, of in summary["search"].items():
        for seed, counts, value in zip(summary["seeds"], of["found"], of["val_accuracy"], strict=True):
            lines.append(f"| {method} | {seed} | {value:.2f} | {' | '.join(map(str, counts))} |")
    return "\n".join(lines)


def format_evaluation(summary: dict[str, Any]) -> str:
    """Accuracies, tests and deviations as Markdown."""
    evaluation = summary["evaluation"]
    lines = ["| encodings | networks | test accuracy | val. accuracy |", "|---|---|---|---|"]
    for group, of in evaluation["groups"].items():
        test, val = (_with_error(of[f"{part}_mean"], of[f"{part}_sem"]) for part in ("test", "val"))
        lines.append(f"| {group} | {of['networks']} | {test} | {val} |")
    lines += ["", _format_tests(evaluation["tests"]), ""]
    deviations = {name: value for name, value in evaluation["standard_deviations"].items() if value is not None}
    lines.append("within a random encoding: " + ", ".join(f"{name} {value:.2f}" for name, value in deviations.items()))
    return "\n".join(lines)


def format_pooled(folders: Sequence[Path]) -> str:
    """The tests of several evaluations together, each seed of each one a pair; Markdown.

    Raises ``DataFileError`` where a folder holds no evaluation.
    """
    means: dict[str, list[float]] = {}
    for folder in folders:
        try:
            groups = json.loads((folder / "summary.json").read_text())["evaluation"]["groups"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataFileError(f"{folder}: there is no evaluation in its summary.json") from error
        for group, of in groups.items():
            means.setdefault(group, []).extend(of["test_by_seed"])
    return _format_tests(comparisons({group: np.array(values) for group, values in means.items()}))


def _format_tests(tests: Sequence[dict[str, Any]]) -> str:
    lines = ["| | difference | seeds won | p, t-test | p, Wilcoxon | p, Holm |", "|---|---|---|---|---|---|"]
    for row in tests:
        p = [_p_value(row.get(name)) for name in ("p_t", "p_wilcoxon", "p_holm")]
        difference = _with_error(row["difference"], row["sem"])
        won = f"{row['wins']} of {row['seeds']}"
        lines.append(f"| {row['first']} - {row['second']} | {difference} | {won} | {' | '.join(p)} |")
    return "\n".join(lines)


def _with_error(value: float | None, error: float | None) -> str:
    return "-" if value is None else f"{value:.2f}" + ("" if error is None else f" ± {error:.2f}")


def _p_value(p: float | None) -> str:
    return "-" if p is None else f"{p:.2g}"


def _summary(study: Study, searches: Searches) -> dict[str, Any]:
    space, methods = study.problem.space, {}
    for method in METHODS:
        best = best_so_far(searches, method)
        of_method = [search for (name, _), search in searches.items() if name == method]
        methods[method] = {
            "best_mean": mean(best), "best_sem": sem(best), "val_accuracy": best[:, -1].tolist(),
            "found": [found_encoding(search).tolist() for search in of_method],
        }  # fmt: skip
    return {
        "cell": space.cell.name, "layers": space.layers, "dataset": study.problem.dataset,
        "epochs": study.problem.recipe.epochs, "queries": study.queries, "batch": study.batch,
        "seeds": _seeds(searches), "operations": list(space.operation_names), "search": methods, "evaluation": None,
    }  # fmt: skip


def _seeds(searches: Searches) -> list[int]:
    return sorted({seed for _, seed in searches})


def best_so_far(searches: Searches, method: str) -> Floats:
    """(seeds, queries) best validation accuracy after each query, NaN before the first that did not fail."""
    rows = [history(search)[1] for (name, _), search in searches.items() if name == method]
    return np.stack([np.fmax.accumulate(row) for row in rows])


def _write_json(out: Path, summary: dict[str, Any]) -> None:
    write_atomically(out / "summary.json", json.dumps(summary, indent=1) + "\n")


def _encodings_csv(study: Study, searches: Searches) -> str:
    """One row a training of the searches: whose, which query, the encoding's counts, validation accuracy."""
    head = ["method", "seed", "query", *study.problem.space.operation_names, "val_accuracy"]
    rows: list[list[Any]] = []
    for (method, seed), search in searches.items():
        for query, (counts, value) in enumerate(zip(*history(search), strict=True), start=1):
            rows.append([method, seed, query, *counts.tolist(), _cell(value)])
    return to_csv([head, *rows])


def _networks_csv(study: Study, networks: Sequence[Retrained]) -> str:
    """One row a retrained network."""
    head = ["group", "seed", "sample", *study.problem.space.operation_names, "val_accuracy", "test_accuracy"]
    rows: list[list[Any]] = []
    for network in networks:
        for sample, values in enumerate(zip(network.val_accuracy, network.test_accuracy, strict=True)):
            rows.append([network.group, network.seed, sample, *network.encoding.tolist(), *map(_cell, values)])
    return to_csv([head, *rows])


def _cell(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.4f}"


def _search_png(searches: Searches) -> bytes:
    curves = []
    for method in METHODS:
        best = best_so_far(searches, method)
        errors = best.std(axis=0, ddof=1) / np.sqrt(len(best)) if len(best) > 1 else np.zeros(best.shape[1])
        curves.append(Curve(method, best.mean(axis=0), errors))
    return curves_png(curves, "Best validation accuracy [%]", from_zero=False)


def encodings_png(study: Study, searches: Searches) -> bytes:
    """Shares of the operations in each search's found encoding, one bar a search, the mean random one below; PNG."""
    space = study.problem.space
    bars = {f"{method}, seed {seed}": found_encoding(search) for (method, seed), search in searches.items()}
    rows = {name: counts / counts.sum() for name, counts in bars.items()}
    rows["random, mean"] = np.full(space.num_operations, 1 / space.num_operations)
    figure, axes = new_axes("Share of the blocks", "", LIGHT)
    figure.set_size_inches(7.4, 1.4 + 0.28 * len(rows))
    places, left = np.arange(len(rows)), np.zeros(len(rows))
    colours = (*LIGHT.lines, LIGHT.soft)
    for index, name in enumerate(space.operation_names):
        shares = np.array([row[index] for row in rows.values()])
        axes.barh(places, shares, left=left, height=0.72, color=colours[index % len(colours)], label=name)
        left += shares
    axes.set_yticks(places, list(rows))
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.set_xlim(0, 1)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize=9, labelcolor=LIGHT.ink)
    return png(figure)
