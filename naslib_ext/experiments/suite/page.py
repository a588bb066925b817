"""The report of a suite: ranks over all benchmarks, tests, and for each benchmark curves, queries and the best cell."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from naslib_ext.experiments.cell_drawing import draw
from naslib_ext.experiments.comparison_page import LEVEL, axis_of, curves_of
from naslib_ext.experiments.drawing import DARK, LIGHT, Theme
from naslib_ext.experiments.figures import curves_png
from naslib_ext.experiments.page import MISSING, count, facts, figure, number, p_value, table
from naslib_ext.experiments.provenance import data_section, versions_section
from naslib_ext.experiments.rank_tests import critical_difference, friedman_p
from naslib_ext.experiments.suite.data import SuiteData, TaskData
from naslib_ext.experiments.suite.figures import critical_difference_png, heat_map_png
from naslib_ext.experiments.suite.tables import suite_tables
from naslib_ext.experiments.time_curves import time_figure

MOST_CURVES = len(LIGHT.lines)
"""Methods drawn in one figure of curves: more have no colour of their own."""

FILES = (
    "The same numbers stand beside this page: ranks.csv, results.csv and tests.csv; ranks.tex and results.tex for "
    "LaTeX; and every figure as PNG."
)


class SuitePage(NamedTuple):
    """The page before it is put into the template, and the files beside it."""

    kind: str
    title: str
    lead: str
    body: str
    files: dict[str, bytes | str]


def suite_page(data: SuiteData) -> SuitePage:
    """The page, its figures and its tables."""
    files: dict[str, bytes | str] = dict(suite_tables(data))
    parts = [facts(_facts(data)), _contents(data), _ranks_section(data, files), _tests_section(data)]
    parts += [_heat_section(data, files), _queries_section(data)]
    parts += [_task_section(data, place, files) for place in range(len(data.tasks))]
    environments = [(task.name, environment) for task in data.tasks for environment in task.environments]
    parts += [data_section(environments), _settings_section(data)]
    title = f"{count(len(data.methods), 'method')} on {count(len(data.tasks), 'benchmark')}"
    return SuitePage("Suite of comparisons", title, _lead(data), "\n".join(part for part in parts if part), files)


def _lead(data: SuiteData) -> str:
    name = data.methods[0]
    lead = f"{name} has the best mean rank, {data.mean_rank[name]:.2f} of {len(data.methods)}"
    near = [other for other in data.methods[1:] if data.mean_rank[other] - data.mean_rank[name] < _difference(data)]
    if len(data.methods) > 1 and not near:
        return lead + "; the critical difference sets it apart from all others."
    shown = ", ".join(near[:4]) + (f" and {len(near) - 4} more" if len(near) > 4 else "")
    return lead + (f". The critical difference does not set it apart from {shown}." if near else ".")


def _difference(data: SuiteData) -> float:
    return critical_difference(max(2, len(data.methods)), len(data.tasks), LEVEL)


def _facts(data: SuiteData) -> dict[str, str]:
    numbers = sorted(set(data.seeds.values()))
    return {
        "Methods": str(len(data.methods)),
        "Benchmarks": str(len(data.tasks)),
        "Budget": count(data.budget, "query", "queries"),
        "Seeds": " or ".join(map(str, numbers)),
        "Runs": f"{len(data.tasks) * sum(data.seeds.values()):,}",
    }


def _contents(data: SuiteData) -> str:
    links = [f'<a href="#{_anchor(task)}">{escape(task.name)}</a>' for task in data.tasks]
    return f'<p class="note">Benchmarks: {", ".join(links)}.</p>'


def _anchor(task: TaskData) -> str:
    return "benchmark-" + escape(task.name)


def _both(picture: Callable[[Theme], bytes]) -> tuple[bytes, bytes]:
    return picture(LIGHT), picture(DARK)


# over all benchmarks


def _ranks_section(data: SuiteData, files: dict[str, bytes | str]) -> str:
    heading = "<h2>Ranks over all benchmarks</h2>"
    seeds = min(data.seeds.values())
    rows = []
    for place, name in enumerate(data.methods):
        ranks = data.ranks[:, place]
        wins = int(np.sum(ranks == data.ranks.min(axis=1)))
        spread = float(ranks.std(ddof=1) / len(ranks) ** 0.5) if len(ranks) > 1 else None
        rows.append([
            name, *(number(of[name], 2) for of in data.mean_rank_after.values()),
            number(data.mean_rank[name], 2), number(spread, 2), number(float(ranks.min()), 1),
            number(float(ranks.max()), 1), str(wins), str(data.seeds[name]),
        ])  # fmt: skip
    note = (
        "Mean rank of the best value after so many queries among the methods with the same seed, over the "
        f"{count(seeds, 'seed')} that all methods have; 1 is the best, equal values share a rank. Standard error over "
        f"benchmarks, and all columns behind it, after {data.budget}. "
    )
    earlier = [f"After {queries}" for queries in data.mean_rank_after]
    columns = ["Method", *earlier, f"After {data.budget}", "Standard error", "Best", "Worst", "Benchmarks won", "Seeds"]
    return heading + _difference_figure(data, files) + table(columns, rows, note + FILES)


def _difference_figure(data: SuiteData, files: dict[str, bytes | str]) -> str:
    if len(data.methods) < 2 or len(data.tasks) < 2:
        return ""
    ranks, difference = np.array(list(data.mean_rank.values())), _difference(data)
    pictures = _both(lambda theme: critical_difference_png(data.methods, ranks, difference, theme))
    files["critical_difference.png"] = pictures[0]
    caption = (
        f"Mean ranks over {len(data.tasks)} benchmarks. A bar joins methods that Nemenyi's critical difference at "
        f"level {LEVEL} does not tell apart. Friedman's test that all are equal: p {_p(friedman_p(data.ranks))}."
    )
    alt = "Critical-difference diagram of the mean ranks, which the table that follows lists."
    return figure(*pictures, alt, caption)


def _p(value: float) -> str:
    text = p_value(value)
    return text if text.startswith("<") else f"= {text}"


def _tests_section(data: SuiteData) -> str:
    """The pairs with the best method; the others are in ``tests.csv``."""
    best = data.methods[0]
    rows = []
    for test in data.tests:
        if best not in (test["first"], test["second"]):
            continue
        other, sign = (test["second"], 1) if test["first"] == best else (test["first"], -1)
        verdict = f"{best} is better" if test["p_holm"] < LEVEL and sign * test["difference"] > 0 else "not shown"
        values = [number(sign * test["difference"], 2), p_value(test["p_value"]), p_value(test["p_holm"]), verdict]
        rows.append((data.methods.index(other), [other, *values]))
    if not rows:
        return ""
    note = (
        f"Two-sided Wilcoxon signed-rank test on the ranks of the {count(len(data.tasks), 'benchmark')}, with Holm's "
        f"correction for all {count(len(data.tests), 'pair')} of methods; a difference counts as shown where the "
        f"corrected p-value is below {LEVEL}. Benchmarks that share a table are not independent."
    )
    columns = ["Method", f"Ranks behind {best}", "p-value", "Corrected p", "Difference"]
    ordered = [row for _, row in sorted(rows)]
    return f"<h2>Is {escape(best)} really better?</h2>" + table(columns, ordered, note, text=("Difference",))


def _heat_section(data: SuiteData, files: dict[str, bytes | str]) -> str:
    names = [task.name for task in data.tasks]
    pictures = _both(lambda theme: heat_map_png(data.methods, names, data.ranks.T, theme))
    files["ranks.png"] = pictures[0]
    caption = "Mean rank over seeds of each method on each benchmark: 1 is the best, and the strongest colour."
    alt = f"Heat map of ranks, methods in rows and benchmarks in columns. Best overall: {data.methods[0]}."
    return "<h2>Who is good where</h2>" + figure(*pictures, alt, caption)


def _queries_section(data: SuiteData) -> str:
    known = [task for task in data.tasks if task.shared.summary["optimum"] is not None]
    if not known:
        return ""
    rows = [
        [name, *(number(task.results[name]["queries_to_optimum_mean"], 0) for task in known)] for name in data.methods
    ]
    note = (
        f"Mean number of queries until the optimum was found; a search that did not find it counts with all "
        f"{data.budget}. Benchmarks whose optimum is unknown are left out."
    )
    return "<h2>Queries to the optimum</h2>" + table(["Method", *(task.name for task in known)], rows, note)


# one benchmark


def _task_section(data: SuiteData, place: int, files: dict[str, bytes | str]) -> str:
    task, ranks = data.tasks[place], dict(zip(data.methods, data.ranks[place].tolist(), strict=True))
    ordered = sorted(data.methods, key=lambda name: (ranks[name], -float(task.scores[name].mean())))
    summary, known = task.shared.summary, task.shared.summary["optimum"] is not None
    shown = [name for name in data.methods if name in ordered[:MOST_CURVES]]
    label, curves = axis_of(task.shared), curves_of(task.results, known, shown)
    pictures = _both(lambda theme: curves_png(curves, label, known, theme))
    files[f"{'regret' if known else 'best'}-{task.name}.png"] = pictures[0]
    caption = f"Mean over seeds; the band is one standard error. {'Regret is the distance to the optimum.' * known}"
    if known and any(curve.mean[-1] == 0 for curve in curves):
        caption += " A line on the lower edge has regret 0: every seed has found the optimum."
    if len(shown) < len(ordered):
        caption += f" The {len(shown)} methods with the best ranks here."
    alt = f"Line chart: {label} against the number of architectures queried, for {', '.join(shown)}."
    optimum = f"optimum {number(summary['optimum'])}" if known else "optimum unknown"
    where = f"{summary['search_space']} / {summary['dataset']}, {task.shared.metric}, {optimum}"
    return (
        f'<h2 id="{_anchor(task)}">{escape(task.name)}</h2>\n<p class="note">{escape(where)}</p>'
        + figure(*pictures, alt, caption.strip())
        + _time_figure(task, shown, label, files)
        + _task_table(task, ordered, ranks)
        + _best_architecture(task)
    )


def _time_figure(task: TaskData, shown: Sequence[str], label: str, files: dict[str, bytes | str]) -> str:
    own = {curve.name: curve for curve in task.time_curves}
    curves = [own[name] for name in shown if name in own]
    if not curves:
        return ""
    html, files[f"seconds-{task.name}.png"] = time_figure(curves, label, task.shared.summary["optimum"] is not None)
    return html


def _task_table(task: TaskData, ordered: Sequence[str], ranks: dict[str, float]) -> str:
    rows = []
    for name in ordered:
        result = task.results[name]
        regret, found = result["regret_mean"], result["found_optimum"]
        rows.append([
            name, number(ranks[name], 2), f"{number(result['best_mean'][-1])} \N{PLUS-MINUS SIGN} "
            f"{number(result['best_sem'][-1])}", number(regret and regret[-1]),
            MISSING if found is None else f"{100 * found:.0f} %", number(result["queries_to_optimum_mean"], 1),
        ])  # fmt: skip
    columns = ["Method", "Rank", task.shared.metric, "Regret", "Found the optimum", "Queries to the optimum"]
    return table(columns, rows, "Mean \N{PLUS-MINUS SIGN} one standard error over seeds.")


def _best_architecture(task: TaskData) -> str:
    text, value, finders = task.best
    found = f"Found by {', '.join(finders)}." if len(finders) <= 6 else f"Found by {len(finders)} methods."
    heading = f"<h3>Best architecture found: {escape(task.shared.metric)} {number(value)}</h3>"
    drawing = draw(task.shared.summary["search_space"], text)
    return f'{heading}\n<p><code>{escape(text)}</code></p>\n{drawing}\n<p class="note">{escape(found)}</p>'


# what it was computed with


def _settings_section(data: SuiteData) -> str:
    numbers = sorted(set(data.seeds.values()), reverse=True)
    words = ["--budget", str(data.budget), "--tasks", ",".join(task.name for task in data.tasks)]
    options = (("--optimizers", "--seeds"), ("--slow", "--slow-seeds"))
    for (methods_option, seeds_option), seeds in zip(options, numbers, strict=False):
        names = ",".join(name for name, own in data.seeds.items() if own == seeds)
        words += [methods_option, names, seeds_option, str(seeds)]
    command = shlex.join(["python", "runners/suite/runner.py", *words, "--out", "DIR"])
    versions = versions_section(environment for task in data.tasks for environment in task.environments)
    return f"<h2>Settings and versions</h2><pre><code>{escape(command)}</code></pre>{versions}"
