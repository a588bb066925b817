"""``report.html`` and a PNG figure from what ``compare`` or a single run wrote. The page needs no other file."""

from __future__ import annotations

import base64
import csv
import json
import math
import shlex
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray

import naslib_ext
from naslib_ext.atomic import write_atomically
from naslib_ext.benchmarks.metrics import metric_info
from naslib_ext.defaults.run_folder import Record, RunFolder, incumbents
from naslib_ext.errors import NaslibExtError, RunFolderError
from naslib_ext.experiments.figures import DARK, LIGHT, Curve, curves_png, far_worse, run_png
from naslib_ext.experiments.statistics import mean_ranks, paired_tests
from naslib_ext.search_spaces import get_search_space

MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
LEVEL = 0.05
"""Level of the paired tests."""


def write_report(folder: Path) -> Path:
    """Writes ``report.html`` and its figure into ``folder`` and returns the page's path.

    The figure is ``regret.png`` for a comparison whose optimum is known, else ``best.png``. Equal folders give equal
    bytes. Raises ``RunFolderError`` where the folder is neither a comparison's nor a run's, or is damaged.
    """
    folder = Path(folder)
    if (folder / "summary.json").is_file():
        page = _comparison_page(_read_comparison(folder))
    elif (folder / "config.yaml").is_file() and (folder / "journal.jsonl").is_file():
        page = _run_page(_read_run(folder))
    else:
        raise RunFolderError(
            f"{folder}: nothing to report; a comparison has summary.json, a run has config.yaml and journal.jsonl"
        )
    write_atomically(folder / page.figure, page.light)
    write_atomically(folder / "report.html", _html(page))
    return folder / "report.html"


class Page(NamedTuple):
    """A page before it is put into the template; ``body`` is HTML with ``{figure}`` where the figure goes."""

    kind: str
    title: str
    lead: str
    figure: str
    light: bytes
    dark: bytes
    alt: str
    caption: str
    before: str
    after: str


def _html(page: Page) -> str:
    template = Template(Path(__file__).with_name("report.html").read_text(encoding="utf-8"))
    light, dark = (f"data:image/png;base64,{base64.b64encode(png).decode()}" for png in (page.light, page.dark))
    figure = (
        f'<figure><picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">\n'
        f'<img src="{light}" alt="{escape(page.alt)}"></picture>\n'
        f"<figcaption>{escape(page.caption)}</figcaption></figure>"
    )
    return template.substitute(
        kind=escape(page.kind),
        title=escape(page.title),
        lead=escape(page.lead),
        body=f"{page.before}\n{figure}\n{page.after}",
        version=escape(naslib_ext.__version__),
    )


# a comparison


class _Comparison(NamedTuple):
    summary: dict[str, Any]
    values: dict[str, NDArray[np.float64]]  # method -> (seeds,) best value found
    architectures: dict[str, list[str]]  # method -> one a seed
    config: dict[str, Any]  # of one of its runs, {} where their folders are not there

    @property
    def maximize(self) -> bool:
        return bool(self.summary["maximize"])

    @property
    def scores(self) -> dict[str, NDArray[np.float64]]:
        """Higher is better."""
        return self.values if self.maximize else {name: -values for name, values in self.values.items()}

    @property
    def metric(self) -> str:
        epoch = self.summary["epoch"]
        return str(self.summary["metric"]) + ("" if epoch is None else f"@{epoch}")

    @property
    def ordered(self) -> list[str]:
        """Methods, best mean first."""
        return sorted(self.scores, key=lambda name: -float(self.scores[name].mean()))


def _read_comparison(folder: Path) -> _Comparison:
    path = folder / "summary.json"
    try:
        summary = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path}: cannot be read: {error}") from error
    needed = {"search_space", "dataset", "metric", "epoch", "budget", "seeds", "optimum", "maximize", "optimizers"}
    if not isinstance(summary, dict) or not needed <= set(summary) or not summary["optimizers"]:
        raise RunFolderError(f"{path}: not the summary of a comparison of optimizers")
    values, architectures = _read_runs(folder / "runs.csv", summary)
    first = Path(summary["search_space"], summary["dataset"], next(iter(values)), "0", "config.yaml")
    config = _read_yaml(folder / first) if (folder / first).is_file() else {}
    return _Comparison(summary, values, architectures, config)


def _read_runs(path: Path, summary: dict[str, Any]) -> tuple[dict[str, NDArray[np.float64]], dict[str, list[str]]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = {(row["optimizer"], int(row["seed"])): row for row in csv.DictReader(file)}
        keys = {name: [(name, seed) for seed in range(summary["seeds"])] for name in summary["optimizers"]}
        values = {name: np.array([float(rows[key]["best"]) for key in keys[name]]) for name in keys}
        return values, {name: [rows[key]["architecture"] for key in keys[name]] for name in keys}
    except (OSError, ValueError, TypeError) as error:
        raise RunFolderError(f"{path}: cannot be read: {error}") from error
    except KeyError as error:
        raise RunFolderError(f"{path}: does not belong to summary.json, {error} is missing; compare again") from error


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RunFolderError(f"{path}: cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise RunFolderError(f"{path}: expected keys and values")
    return values


def _comparison_page(data: _Comparison) -> Page:
    summary = data.summary
    known = summary["optimum"] is not None
    light, dark = (curves_png(_curves(data), _axis(data, known), known, theme) for theme in (LIGHT, DARK))
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
        _facts(_comparison_facts(data)) + f"\n<h2>{'Regret' if known else 'Best value'} during the search</h2>",
        "\n".join(after),
    )


def _lead(data: _Comparison) -> str:
    summary, name = data.summary, data.ordered[0]
    tied = [other for other in data.ordered if data.values[other].mean() == data.values[name].mean()]
    reached = f"{_plus_minus(data, name)} {data.metric} after {summary['budget']} queries"
    if len(tied) > 1:
        return f"{', '.join(tied)} share the best mean: {reached}."
    return f"{name} has the best mean: {reached}."


def _comparison_facts(data: _Comparison) -> dict[str, str]:
    summary = data.summary
    return {
        "Metric": f"{data.metric}, {'higher' if data.maximize else 'lower'} is better",
        "Budget": _count(summary["budget"], "query", "queries"),
        "Seeds": str(summary["seeds"]),
        "Optimum": "unknown" if summary["optimum"] is None else _number(summary["optimum"]),
    }


def _curves(data: _Comparison) -> list[Curve]:
    key = "best_mean" if data.summary["optimum"] is None else "regret_mean"
    results = data.summary["optimizers"]
    return [Curve(name, _floats(result[key]), _floats(result["best_sem"])) for name, result in results.items()]


def _axis(data: _Comparison, known: bool) -> str:
    unit = metric_info(data.summary["metric"]).unit
    if known:
        return "Regret" + {"%": " (percentage points)", "": ""}.get(unit, f" ({unit})")
    return f"Best {data.metric} so far" + (f" ({unit})" if unit else "")


def _curve_caption(data: _Comparison) -> str:
    seeds, results = data.summary["seeds"], data.summary["optimizers"].values()
    text = f"Mean over {_count(seeds, 'seed')}"
    text += "." if seeds < 2 else f"; the band is one standard error over {seeds} seeds."
    if data.summary["optimum"] is not None:
        text += " Regret is the distance between the best value found so far and the optimum."
        if any(result["regret_mean"][-1] == 0 for result in results):
            text += " A line on the lower edge has regret 0: every seed has found the optimum."
    return text


def _final_table(data: _Comparison) -> str:
    summary = data.summary
    ranks = dict(zip(data.scores, mean_ranks(np.stack(list(data.scores.values()), axis=1)), strict=True))
    results = summary["optimizers"]
    datasets = list(dict.fromkeys(dataset for result in results.values() for dataset in result["test_mean"]))
    columns = ["Method", "Best value", "Regret", "Mean rank", "Found the optimum", "Queries to the optimum"]
    rows = []
    for name in data.ordered:
        result = results[name]
        regret, found = result["regret_mean"], result["found_optimum"]
        tests = [_number(result["test_mean"].get(dataset), 2) for dataset in datasets]
        rows.append([
            name, _plus_minus(data, name), _number(regret and regret[-1]), _number(ranks[name], 2),
            MISSING if found is None else f"{100 * found:.0f} %", _number(result["queries_to_optimum_mean"], 1), *tests,
        ])  # fmt: skip
    note = (
        f"Best value is the mean over {_count(summary['seeds'], 'seed')}"
        + (" \N{PLUS-MINUS SIGN} one standard error" if summary["seeds"] > 1 else "")
        + ". Rank 1 is the best, equal values share a rank."
    )
    if summary["optimum"] is not None:
        note += f" A search that did not find the optimum counts with all {summary['budget']} queries."
    if datasets:
        note += " Test: mean test metric, at the longest schedule, of the architectures found."
    columns += [f"Test, {dataset}" for dataset in datasets]
    return f"<h2>After {_count(summary['budget'], 'query', 'queries')}</h2>" + _table(columns, rows, note)


def _levels_table(data: _Comparison) -> str:
    if data.summary["optimum"] is None:
        return ""
    regrets = {name: _floats(result["regret_mean"]) for name, result in data.summary["optimizers"].items()}
    levels = _levels(list(regrets.values()))
    if not levels:
        return ""
    rows = [[name, *(_first_at_most(regrets[name], level) for level in levels)] for name in data.ordered]
    columns = ["Method", *(f"Regret \N{LESS-THAN OR EQUAL TO} {level:g}" for level in levels)]
    note = f"Queries until the mean regret over {_count(data.summary['seeds'], 'seed')} is at most the level; "
    return "<h2>Queries to a regret</h2>" + _table(columns, rows, note + f"{MISSING}: not within the budget.")


def _levels(regrets: list[NDArray[np.float64]]) -> list[float]:
    """At most five round regrets that some method reaches and not every method reaches at once."""
    positive = np.concatenate(regrets)
    positive = positive[positive > 0]
    if not len(positive):
        return []
    low, high = positive.min(), max(regret[0] for regret in regrets)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    levels = [float(f"{digit}e{power}") for power in reversed(powers) for digit in (5, 2, 1)]
    levels = [level for level in levels if low <= level < high]
    tens = [level for level in levels if f"{level:e}"[0] == "1"]
    return (levels if len(levels) <= 5 else tens)[-5:]


def _first_at_most(regret: NDArray[np.float64], level: float) -> str:
    reached = np.flatnonzero(regret <= level)
    return str(reached[0] + 1) if len(reached) else MISSING


def _tests_table(data: _Comparison) -> str:
    seeds, tests = data.summary["seeds"], paired_tests(data.scores)
    if not tests:
        return ""
    heading = "<h2>Are the differences real?</h2>"
    if seeds < 2:
        return heading + "<p>One seed says nothing about chance: there is no test.</p>"
    rows = []
    for test in tests:
        difference = data.scores[test.first] - data.scores[test.second]
        better = test.first if test.difference > 0 else test.second
        rows.append([
            f"{test.first} and {test.second}", _number(float((data.values[test.first] - data.values[test.second]).mean())),
            " / ".join(str(int(np.sum(sign))) for sign in (difference > 0, difference == 0, difference < 0)),
            _p_value(test.p_value), _p_value(test.p_holm), f"{better} is better" if test.p_holm < LEVEL else "not shown",
        ])  # fmt: skip
    note = (
        f"Two-sided Wilcoxon signed-rank test on the best values of the same {seeds} seeds, with Holm's correction "
        f"for {_count(len(tests), 'pair')}; a difference counts as shown where the corrected p-value is below {LEVEL}."
    )
    if len(tests) * 2.0 ** (1 - seeds) >= LEVEL:
        note += (
            f" With {_count(len(tests), 'pair')} and {seeds} seeds no difference can pass this test: use more seeds."
        )
    columns = ["Pair", "Mean difference", "Seeds better / equal / worse", "p-value", "Corrected p", "Difference"]
    return heading + _table(columns, rows, note, text=("Difference",))


def _architectures_table(data: _Comparison) -> str:
    rows = []
    for name in data.ordered:
        seed = int(data.scores[name].argmax())
        text = data.architectures[name][seed]
        same = data.architectures[name].count(text)
        rows.append([name, _number(float(data.values[name][seed])), f"{same} of {data.summary['seeds']}", text])
    note = "The best of all seeds, and how many seeds ended with this very architecture."
    columns = ["Method", data.metric, "Seeds", "Architecture"]
    return "<h2>Best architecture found</h2>" + _table(columns, rows, note, code=("Architecture",))


def _settings(data: _Comparison) -> str:
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


# a single run


class _Run(NamedTuple):
    config: dict[str, Any]
    records: list[Record]
    values: NDArray[np.float64]  # (n,), NaN where the evaluation failed

    @property
    def metric(self) -> str:
        epoch = self.config.get("epoch")
        return str(self.config["metric"]) + (f"@{epoch}" if epoch else "")

    @property
    def maximize(self) -> bool:
        return metric_info(self.config["metric"]).maximize


def _read_run(folder: Path) -> _Run:
    config, records = _read_yaml(folder / "config.yaml"), RunFolder(folder).records()
    missing = [key for key in ("optimizer", "search_space", "dataset", "seed", "metric") if key not in config]
    if missing:
        raise RunFolderError(f"{folder / 'config.yaml'}: not the configuration of a run, {', '.join(missing)} missing")
    if not records:
        raise RunFolderError(f"{folder / 'journal.jsonl'}: holds no evaluation yet")
    values = np.array([np.nan if record.value is None else record.value for record in records], dtype=np.float64)
    return _Run(config, records, values)


def _run_page(run: _Run) -> Page:
    best = run.values[incumbents(run.values, 1 if run.maximize else -1)]
    unit = metric_info(run.config["metric"]).unit
    label = run.metric + (f" ({unit})" if unit else "")
    light, dark = (run_png(run.values, best, label, run.maximize, theme) for theme in (LIGHT, DARK))
    far = int(far_worse(run.values, run.maximize).sum())
    caption = f"Each dot is one evaluation, the line is the best {run.metric} so far."
    if far:
        caption += f" The {_count(far, 'triangle')} on the edge: values too far off to be drawn to scale."
    config = run.config
    return Page(
        "One search",
        f"{config['optimizer']} on {config['search_space']} / {config['dataset']}",
        f"Best {run.metric} after {_count(len(best), 'query', 'queries')} with seed {config['seed']}: "
        f"{_number(float(best[-1]))}.",
        "best.png",
        light,
        dark,
        f"Chart: {run.metric} of each architecture queried and the best so far. The best are in the table that follows.",
        caption,
        _facts(_run_facts(run)) + "\n<h2>Value during the search</h2>",
        _best_table(run) + "<h2>Settings</h2><pre><code>" + escape(yaml.safe_dump(config)) + "</code></pre>",
    )


def _run_facts(run: _Run) -> dict[str, str]:
    last, seconds = run.records[-1], [record.seconds for record in run.records if record.seconds is not None]
    return {
        "Metric": f"{run.metric}, {'higher' if run.maximize else 'lower'} is better",
        "Queries": str(len(run.records)),
        "Distinct architectures": str(len({tuple(record.code) for record in run.records})),
        "Failed": str(int(np.isnan(run.values).sum())),
        "Repeated asks": str(last.repeats),
        "Scores read without a query": str(last.free_scores),
        "Simulated cost": f"{sum(seconds) / 3600:.1f} h" if seconds else MISSING,
    }


def _best_table(run: _Run) -> str:
    order = np.argsort(-run.values if run.maximize else run.values, kind="stable")  # NaN last, first query first
    first: dict[tuple[int, ...], int] = {}
    for index in order[~np.isnan(run.values[order])]:
        first.setdefault(tuple(run.records[index].code), int(index))
    rows = [
        [str(place), _number(float(run.values[index])), str(index + 1), _architecture(run, code)]
        for place, (code, index) in enumerate(list(first.items())[:5], start=1)
    ]
    columns = ["Place", run.metric, "Query", "Architecture"]
    table = _table(columns, rows, "Query: when it was evaluated.", code=("Architecture",))
    return "<h2>Best architectures</h2>" + (table if rows else "<p>Every evaluation failed.</p>")


def _architecture(run: _Run, code: tuple[int, ...]) -> str:
    try:
        return get_search_space(run.config["search_space"]).to_string(code)
    except NaslibExtError:  # a space of the user's own, or one that is not installed here
        return "-".join(map(str, code))


# pieces of HTML and text


def _facts(facts: dict[str, str]) -> str:
    items = "".join(f"<div><dt>{escape(key)}</dt><dd>{escape(value)}</dd></div>\n" for key, value in facts.items())
    return f'<dl class="facts">\n{items}</dl>'


def _table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    note: str,
    text: Sequence[str] = (),
    code: Sequence[str] = (),
) -> str:
    """A table whose first column names the row; columns are numbers unless they are listed as text or code."""
    kinds = ["name", *("code" if name in code else "text" if name in text else "number" for name in columns[1:])]
    head = "".join(
        f'<th scope="col" class="{kind}">{escape(name)}</th>' for name, kind in zip(columns, kinds, strict=True)
    )
    body = "".join(f"<tr>{''.join(map(_table_cell, row, kinds))}</tr>\n" for row in rows)
    label = escape(f"{columns[0]}: {', '.join(columns[1:])}")
    return (
        f'<div class="scroll" role="region" aria-label="{label}" tabindex="0"><table><caption>{label}</caption>\n'
        f'<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n<p class="note">{escape(note)}</p>'
    )


def _table_cell(cell: str, kind: str) -> str:
    if kind == "name":
        return f'<th scope="row">{escape(cell)}</th>'
    inner = f"<code>{escape(cell)}</code>" if kind == "code" else escape(cell)
    return f'<td class="{kind}">{inner}</td>'


def _plus_minus(data: _Comparison, name: str) -> str:
    result = data.summary["optimizers"][name]
    return f"{_number(result['best_mean'][-1])} \N{PLUS-MINUS SIGN} {_number(result['best_sem'][-1])}"


def _number(value: float | None, digits: int = 3) -> str:
    """``value`` to so many decimals, to two significant ones where these would be zeros; a dash for none."""
    if value is None or not math.isfinite(value):
        return MISSING
    small = 0 < abs(value) < 10.0 ** (1 - digits)
    return (f"{value:.2g}" if small else f"{value:.{digits}f}").replace("-", MINUS)


def _p_value(value: float) -> str:
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}" if math.isfinite(value) else MISSING


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _floats(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
