"""The report of a comparison: regret curves, ranks, paired tests and the architectures found."""

from __future__ import annotations

import csv
import json
import math
import shlex
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_ext.benchmarks.metrics import metric_info
from naslib_ext.errors import RunFolderError
from naslib_ext.experiments.cell_drawing import draw
from naslib_ext.experiments.compare import EARLIER, after
from naslib_ext.experiments.figures import DARK, LIGHT, Curve, curves_png
from naslib_ext.experiments.page import MISSING, Page, count, facts, floats, number, p_value, read_yaml, table
from naslib_ext.experiments.statistics import mean_ranks, paired_tests
from naslib_ext.experiments.time_curves import TimeCurve, read_time_curves, time_figure

LEVEL = 0.05
"""Level of the paired tests."""

RESULTS = {"best_mean", "best_sem", "regret_mean", "test_mean", "found_optimum", "queries_to_optimum_mean"}
"""What the summary says of each method, as far as it is shown."""


Values = dict[str, NDArray[np.float64]]
"""Method -> (seeds,) values."""


class ComparisonData(NamedTuple):
    """What ``compare`` left in its folder."""

    summary: dict[str, Any]
    values: Values  # best found
    architectures: dict[str, list[str]]  # method -> one a seed
    config: dict[str, Any]  # of one of its runs, {} where their folders are not there
    time_curves: list[TimeCurve]  # none where the benchmark has no simulated seconds
    earlier: dict[int, Values]  # queries -> best found by then

    @property
    def maximize(self) -> bool:
        return bool(self.summary["maximize"])

    @property
    def scores(self) -> Values:
        """Higher is better."""
        return self.scores_after(int(self.summary["budget"]))

    def scores_after(self, queries: int) -> Values:
        """Higher is better; ``queries`` is one of ``earlier`` or the whole budget."""
        values = self.values if queries == self.summary["budget"] else self.earlier[queries]
        return values if self.maximize else {name: -own for name, own in values.items()}

    @property
    def metric(self) -> str:
        epoch = self.summary["epoch"]
        return str(self.summary["metric"]) + ("" if epoch is None else f"@{epoch}")

    @property
    def ordered(self) -> list[str]:
        """Methods, best mean first."""
        return sorted(self.scores, key=lambda name: -float(self.scores[name].mean()))


def read_comparison(folder: Path) -> ComparisonData:
    """Reads summary, runs and, where it is there, the configuration of a run. Raises ``RunFolderError``."""
    path = folder / "summary.json"
    try:
        summary = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path}: cannot be read: {error}") from error
    needed = {"search_space", "dataset", "metric", "epoch", "budget", "seeds", "optimum", "maximize", "optimizers"}
    if not isinstance(summary, dict) or not needed <= set(summary) or not summary["optimizers"]:
        raise RunFolderError(f"{path}: not the summary of a comparison of optimizers")
    for name, result in summary["optimizers"].items():
        if not isinstance(result, dict) or RESULTS - set(result):
            raise RunFolderError(f"{path}: the results of {name} are incomplete; compare again")
    values, architectures, earlier = _read_runs(folder / "runs.csv", summary)
    first = Path(summary["search_space"], summary["dataset"], next(iter(values)), "0", "config.yaml")
    config = read_yaml(folder / first) if (folder / first).is_file() else {}
    curves = read_time_curves(folder / "seconds.csv", summary["optimum"] is not None)
    return ComparisonData(summary, values, architectures, config, curves, earlier)


def _read_runs(path: Path, summary: dict[str, Any]) -> tuple[Values, dict[str, list[str]], dict[int, Values]]:
    """Best values, architectures and earlier values, of each method one a seed."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = {(row["optimizer"], int(row["seed"])): row for row in csv.DictReader(file)}
        runs = {name: [rows[name, seed] for seed in range(summary["seeds"])] for name in summary["optimizers"]}

        def column(key: str) -> Values:
            return {name: np.array([float(row[key]) for row in own]) for name, own in runs.items()}

        kept = next(iter(rows.values()))
        earlier = {query: column(after(query)) for query in EARLIER if after(query) in kept}
        return column("best"), {name: [row["architecture"] for row in own] for name, own in runs.items()}, earlier
    except (OSError, ValueError, TypeError) as error:
        raise RunFolderError(f"{path}: cannot be read: {error}") from error
    except KeyError as error:
        raise RunFolderError(f"{path}: does not belong to summary.json, {error} is missing; compare again") from error


def comparison_page(data: ComparisonData) -> Page:
    """The page with its figure."""
    summary = data.summary
    known = summary["optimum"] is not None
    light, dark = (curves_png(_curves(data), _axis(data, known), known, theme) for theme in (LIGHT, DARK))
    timed = time_figure(data.time_curves, _axis(data, known), known)[0] if data.time_curves else ""
    after = [_final_table(data), _levels_table(data), _tests_table(data), _architectures_table(data), _settings(data)]
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
    )


def _lead(data: ComparisonData) -> str:
    summary, name = data.summary, data.ordered[0]
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


def _curves(data: ComparisonData) -> list[Curve]:
    key = "best_mean" if data.summary["optimum"] is None else "regret_mean"
    results = data.summary["optimizers"]
    return [Curve(name, floats(result[key]), floats(result["best_sem"])) for name, result in results.items()]


def _axis(data: ComparisonData, known: bool) -> str:
    unit = metric_info(data.summary["metric"]).unit
    if known:
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
    ranks = dict(zip(data.scores, mean_ranks(np.stack(list(data.scores.values()), axis=1)), strict=True))
    results = summary["optimizers"]
    datasets = list(dict.fromkeys(dataset for result in results.values() for dataset in result["test_mean"]))
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
        difference = data.scores[test.first] - data.scores[test.second]
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
    options = {
        "search-space": summary["search_space"],
        "dataset": summary["dataset"],
        "optimizers": ",".join(summary["optimizers"]),
        "budget": summary["budget"],
        "seeds": summary["seeds"],
        "metric": summary["metric"],
        "epoch": summary["epoch"],
        "test-metric": data.config.get("test_metric") or None,
    }
    words = [word for key, value in options.items() if value is not None for word in (f"--{key}", str(value))]
    words += ["--surrogate"] if data.config.get("benchmark") == "surrogate" else []
    command = shlex.join(["naslib-ext", "compare", *words, "--out", "DIR"])
    return f"<h2>Settings</h2><pre><code>{escape(command)}</code></pre>"


def _plus_minus(data: ComparisonData, name: str) -> str:
    result = data.summary["optimizers"][name]
    return f"{number(result['best_mean'][-1])} \N{PLUS-MINUS SIGN} {number(result['best_sem'][-1])}"
