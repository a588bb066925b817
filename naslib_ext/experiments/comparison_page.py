"""The report of a comparison: regret curves, ranks, paired tests and the architectures found."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.benchmarks.metrics import metric_info
from naslib_ext.experiments.cell_drawing import draw
from naslib_ext.experiments.comparison_data import ComparisonData
from naslib_ext.experiments.comparison_tables import comparison_tables, ranks_of, test_sets
from naslib_ext.experiments.drawing import DARK, LIGHT
from naslib_ext.experiments.figures import Curve, curves_png
from naslib_ext.experiments.page import MISSING, Page, count, facts, floats, number, p_value, table
from naslib_ext.experiments.provenance import data_section, overrides, versions_section
from naslib_ext.experiments.statistics import differences, paired_tests
from naslib_ext.experiments.time_curves import time_figure

LEVEL = 0.05
"""Level of the paired tests."""

FILES = "The same numbers stand beside this page: results.csv and results.tex for LaTeX; every figure as PNG."


def comparison_page(data: ComparisonData) -> Page:
    """The page with its figure."""
    summary = data.summary
    known = summary["optimum"] is not None
    curves = curves_of(summary["optimizers"], known, summary["optimizers"])
    light, dark = (curves_png(curves, axis_of(data), known, theme) for theme in (LIGHT, DARK))
    files: dict[str, bytes | str] = dict(comparison_tables(data))
    timed = ""
    if data.time_curves:
        timed, files["seconds.png"] = time_figure(data.time_curves, axis_of(data), known)
    after = [_final_table(data), _levels_table(data), _tests_table(data), _architectures_table(data)]
    after += [data_section([(f"{summary['search_space']} / {summary['dataset']}", data.environment)]), _settings(data)]
    what = f"regret in {data.metric}" if known else f"best {data.metric} so far"
    return Page(
        "Comparison of search methods",
        f"{summary['search_space']} / {summary['dataset']}",
        _lead(data),
        "regret.png" if known else "best.png",
        light,
        dark,
        f"Line chart: mean {what} against the number of architectures queried, one line for each of "
        f"{', '.join(summary['optimizers'])}. The end values are in the table that follows.",
        _curve_caption(data),
        facts(_comparison_facts(data)) + f"\n<h2>{'Regret' if known else 'Best value'} during the search</h2>",
        "\n".join([timed, *after]),
        files,
    )


def _lead(data: ComparisonData) -> str:
    summary, name = data.summary, data.ordered[0]
    if summary["optimizers"][name]["best_mean"][-1] is None:
        return "No method has a value with every seed: all evaluations of some searches failed."
    tied = [other for other in data.ordered if data.values[other].mean() == data.values[name].mean()]
    reached = f"{_plus_minus(data, name)} {data.metric} after {summary['budget']} queries"
    if len(tied) > 1:
        return f"{', '.join(tied)} share the best mean: {reached}."
    lead = f"{name} has the best mean: {reached}."
    level = _not_apart_from(data, name)
    return lead + (f" The test over seeds does not set it apart from {', '.join(level)}." if level else "")


def _not_apart_from(data: ComparisonData, name: str) -> list[str]:
    """The methods whose difference from ``name`` is not shown; none where there is no test."""
    if data.summary["seeds"] < 2:
        return []
    tests = [test for test in paired_tests(data.scores) if name in (test.first, test.second)]
    return [test.second if test.first == name else test.first for test in tests if test.p_holm >= LEVEL]


def _comparison_facts(data: ComparisonData) -> dict[str, str]:
    summary = data.summary
    return {
        "Metric": f"{data.metric}, {'higher' if data.maximize else 'lower'} is better",
        "Budget": count(summary["budget"], "query", "queries"),
        "Seeds": str(summary["seeds"]),
        "Optimum": "unknown" if summary["optimum"] is None else number(summary["optimum"]),
    }


def curves_of(results: Mapping[str, Mapping[str, Any]], known: bool, names: Iterable[str]) -> list[Curve]:
    """Curves of these methods from their parts of a summary: regrets where the optimum is known, else best values."""
    key = "regret_mean" if known else "best_mean"
    return [Curve(name, floats(results[name][key]), floats(results[name]["best_sem"])) for name in names]


def axis_of(data: ComparisonData) -> str:
    """The label of what ``curves_of`` gives."""
    unit = metric_info(data.summary["metric"]).unit
    if data.summary["optimum"] is not None:
        return "Regret" + {"%": " (percentage points)", "": ""}.get(unit, f" ({unit})")
    return f"Best {data.metric} so far" + (f" ({unit})" if unit else "")


def _curve_caption(data: ComparisonData) -> str:
    seeds, results = data.summary["seeds"], data.summary["optimizers"].values()
    text = f"Mean over {count(seeds, 'seed')}"
    text += "." if seeds < 2 else f"; the band is one standard error over {seeds} seeds."
    if data.summary["optimum"] is not None:
        text += " Regret is the distance between the best value found so far and the optimum."
        if any(result["regret_mean"][-1] == 0 for result in results):
            text += " A line on the lower edge has regret 0: every seed has found the optimum."
    else:
        text += " The first queries may lie beyond the axis."
    return text


def _final_table(data: ComparisonData) -> str:
    summary = data.summary
    ranks, datasets = ranks_of(data), test_sets(data)
    results = summary["optimizers"]
    columns = ["Method", "Best value", "Regret", "Mean rank", "Found the optimum", "Queries to the optimum"]
    rows = []
    for name in data.ordered:
        result = results[name]
        regret, found = result["regret_mean"], result["found_optimum"]
        tests = [number(result["test_mean"].get(dataset), 2) for dataset in datasets]
        rows.append([
            name, _plus_minus(data, name), number(regret and regret[-1]), number(ranks[name], 2),
            MISSING if found is None else f"{100 * found:.0f} %", number(result["queries_to_optimum_mean"], 1), *tests,
        ])  # fmt: skip
    note = (
        f"Best value is the mean over {count(summary['seeds'], 'seed')}"
        + (" \N{PLUS-MINUS SIGN} one standard error" if summary["seeds"] > 1 else "")
        + ". Rank 1 is the best, equal values share a rank."
    )
    if summary["optimum"] is not None:
        note += f" A search that did not find the optimum counts with all {summary['budget']} queries."
    if datasets:
        note += " Test: mean test metric, at the longest schedule, of the architectures found."
    columns += [f"Test, {dataset}" for dataset in datasets]
    note += f" {FILES}"
    return f"<h2>After {count(summary['budget'], 'query', 'queries')}</h2>" + table(columns, rows, note)


def _levels_table(data: ComparisonData) -> str:
    if data.summary["optimum"] is None:
        return ""
    regrets = {name: floats(result["regret_mean"]) for name, result in data.summary["optimizers"].items()}
    levels = _levels(list(regrets.values()))
    if not levels:
        return ""
    rows = [[name, *(_first_at_most(regrets[name], level) for level in levels)] for name in data.ordered]
    columns = ["Method", *(f"Regret \N{LESS-THAN OR EQUAL TO} {level:g}" for level in levels)]
    note = f"Queries until the mean regret over {count(data.summary['seeds'], 'seed')} is at most the level; "
    return "<h2>Queries to a regret</h2>" + table(columns, rows, note + f"{MISSING}: not within the budget.")


def _levels(regrets: list[NDArray[np.float64]]) -> list[float]:
    """At most five round regrets that some method reaches and not every method reaches at once."""
    positive = np.concatenate(regrets)
    positive = positive[positive > 0]
    if not len(positive):
        return []
    low, high = float(positive.min()), float(positive.max())
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    levels = [float(f"{digit}e{power}") for power in reversed(powers) for digit in (5, 2, 1)]
    levels = [level for level in levels if low <= level < high]
    tens = [level for level in levels if f"{level:e}"[0] == "1"]
    return (levels if len(levels) <= 5 else tens)[-5:]


def _first_at_most(regret: NDArray[np.float64], level: float) -> str:
    reached = np.flatnonzero(regret <= level)
    return str(reached[0] + 1) if len(reached) else MISSING


def _tests_table(data: ComparisonData) -> str:
    seeds, tests = data.summary["seeds"], paired_tests(data.scores)
    if not tests:
        return ""
    heading = "<h2>Are the differences real?</h2>"
    if seeds < 2:
        return heading + "<p>One seed says nothing about chance: there is no test.</p>"
    rows = []
    for test in tests:
        difference = differences(data.scores[test.first], data.scores[test.second])
        in_units = float((data.values[test.first] - data.values[test.second]).mean())
        better = test.first if test.difference > 0 else test.second
        verdict = f"{better} is better" if test.p_holm < LEVEL else "not shown"
        rows.append([
            f"{test.first} and {test.second}", number(in_units),
            " / ".join(str(int(np.sum(sign))) for sign in (difference > 0, difference == 0, difference < 0)),
            p_value(test.p_value), p_value(test.p_holm), verdict,
        ])  # fmt: skip
    note = (
        f"Two-sided Wilcoxon signed-rank test on the best values of the same {seeds} seeds, with Holm's correction "
        f"for {count(len(tests), 'pair')}; the mean difference is first minus second. A difference counts as shown "
        f"where the corrected p-value is below {LEVEL}."
    )
    if len(tests) * 2.0 ** (1 - seeds) >= LEVEL:
        note += f" With {count(len(tests), 'pair')} and {seeds} seeds no difference can pass this test: use more seeds."
    columns = ["Pair", "Mean difference", "Seeds better / equal / worse", "p-value", "Corrected p", "Difference"]
    return heading + table(columns, rows, note, text=("Difference",))


def _architectures_table(data: ComparisonData) -> str:
    rows = []
    for name in data.ordered:
        seed = int(data.scores[name].argmax())
        text = data.architectures[name][seed]
        same = data.architectures[name].count(text)
        rows.append([name, number(float(data.values[name][seed])), f"{same} of {data.summary['seeds']}", text])
    note = "The best of all seeds, and how many seeds ended with this very architecture."
    columns = ["Method", data.metric, "Seeds", "Architecture"]
    best = max(data.scores, key=lambda name: float(data.scores[name].max()))
    drawing = draw(data.summary["search_space"], data.architectures[best][int(data.scores[best].argmax())])
    listed = table(columns, rows, note, code=("Architecture",))
    return f"<h2>Best architecture found</h2>{drawing}{listed}"


def _settings(data: ComparisonData) -> str:
    summary = data.summary
    settings = dict(data.environment.get("settings", {"metric": summary["metric"], "epoch": summary["epoch"]}))
    settings["search"] = {key: value for key, value in settings.get("search", {}).items() if key != "epochs"}
    if not settings["search"]:
        del settings["search"]
    options = {
        "search-space": summary["search_space"],
        "dataset": summary["dataset"],
        "optimizers": ",".join(summary["optimizers"]),
        "budget": summary["budget"],
        "seeds": summary["seeds"],
        "metric": settings.pop("metric", None),
        "epoch": settings.pop("epoch", None),
        "test-metric": settings.pop("test_metric", None),
    }
    words = [word for key, value in options.items() if value for word in (f"--{key}", str(value))]
    if settings.get("benchmark") == "surrogate":
        words.append("--surrogate")
        del settings["benchmark"]
    rest = overrides({key: value for key, value in settings.items() if key not in ("search_space", "dataset")})
    command = shlex.join(["naslib-ext", "compare", *words, "--out", "DIR", *rest])
    versions = versions_section([data.environment])
    return f"<h2>Settings{' and versions' if versions else ''}</h2><pre><code>{escape(command)}</code></pre>{versions}"


def _plus_minus(data: ComparisonData, name: str) -> str:
    result = data.summary["optimizers"][name]
    return f"{number(result['best_mean'][-1])} \N{PLUS-MINUS SIGN} {number(result['best_sem'][-1])}"
