"""The report of a single run: its values, the best so far and the best architectures."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray

from naslib_ext.benchmarks.metrics import metric_info
from naslib_ext.defaults.run_folder import Record, RunFolder, incumbents
from naslib_ext.errors import NaslibExtError, RunFolderError
from naslib_ext.experiments.drawing import DARK, LIGHT
from naslib_ext.experiments.figures import far_worse, run_png
from naslib_ext.experiments.page import MISSING, Page, count, facts, number, read_yaml, table
from naslib_ext.experiments.time_curves import unit_of
from naslib_ext.search_spaces import get_search_space


class RunData(NamedTuple):
    """What a run left in its folder."""

    config: dict[str, Any]
    records: list[Record]
    values: NDArray[np.float64]  # (n,), NaN where the evaluation failed
    maximize: bool

    @property
    def metric(self) -> str:
        """The metric's name, and its schedule where the run names one: ``val_accuracy@12``."""
        epoch = self.config.get("epoch")
        return str(self.config["metric"]) + (f"@{epoch}" if epoch else "")


def read_run(folder: Path) -> RunData:
    """Reads configuration and journal. Raises ``RunFolderError``."""
    config, records = read_yaml(folder / "config.yaml"), RunFolder(folder).records()
    missing = [key for key in ("optimizer", "search_space", "dataset", "seed", "metric") if key not in config]
    if missing:
        raise RunFolderError(f"{folder / 'config.yaml'}: not the configuration of a run, {', '.join(missing)} missing")
    if not records:
        raise RunFolderError(f"{folder / 'journal.jsonl'}: holds no evaluation yet")
    values = np.array([np.nan if record.value is None else record.value for record in records], dtype=np.float64)
    return RunData(config, records, values, _maximizes(folder, str(config["metric"]), values))


def _maximizes(folder: Path, metric: str, values: NDArray[np.float64]) -> bool:
    """Whether higher is better: the benchmark decides that, and ``errors.json`` shows it by what the run found.

    Before the run is finished, the metric's name tells.
    """
    try:
        content = json.loads((folder / "errors.json").read_text())
        found = (content[1] if isinstance(content, list) else content)["valid_acc"][-1]
    except (OSError, ValueError, TypeError, LookupError):
        found = None
    known = values[~np.isnan(values)]
    if len(known) and known.min() < known.max() and found in (known.min(), known.max()):
        return bool(found == known.max())
    return metric_info(metric).maximize


def run_page(run: RunData) -> Page:
    """The page with its figure."""
    best = run.values[incumbents(run.values, 1 if run.maximize else -1)]
    unit = metric_info(run.config["metric"]).unit
    label = run.metric + (f" ({unit})" if unit else "")
    light, dark = (run_png(run.values, best, label, run.maximize, theme) for theme in (LIGHT, DARK))
    far = int(far_worse(run.values, run.maximize).sum())
    caption = f"Each dot is one evaluation, the line is the best {run.metric} so far."
    if far:
        caption += f" The {count(far, 'triangle')} on the edge: values too far off to be drawn to scale."
    config = run.config
    return Page(
        "One search",
        f"{config['optimizer']} on {config['search_space']} / {config['dataset']}",
        f"Best {run.metric} after {count(len(best), 'query', 'queries')} with seed {config['seed']}: "
        f"{number(float(best[-1]))}.",
        "best.png",
        light,
        dark,
        f"Chart: {run.metric} of each architecture queried and the best so far. The best are in the table below.",
        caption,
        facts(_run_facts(run)) + "\n<h2>Value during the search</h2>",
        _best_table(run) + "<h2>Settings</h2><pre><code>" + escape(yaml.safe_dump(config)) + "</code></pre>",
    )


def _run_facts(run: RunData) -> dict[str, str]:
    last, seconds = run.records[-1], [record.seconds for record in run.records if record.seconds is not None]
    return {
        "Metric": f"{run.metric}, {'higher' if run.maximize else 'lower'} is better",
        "Queries": str(len(run.records)),
        "Distinct architectures": str(len({tuple(record.code) for record in run.records})),
        "Failed": str(int(np.isnan(run.values).sum())),
        "Repeated asks": str(last.repeats),
        "Scores read without a query": str(last.free_scores),
        "Simulated cost": _duration(sum(seconds)) if seconds else MISSING,
    }


def _duration(seconds: float) -> str:
    unit, length = unit_of(seconds)
    return f"{seconds / length:.1f} {unit}"


def _best_table(run: RunData) -> str:
    order = np.argsort(-run.values if run.maximize else run.values, kind="stable")  # NaN last, first query first
    first: dict[tuple[int, ...], int] = {}
    for index in order[~np.isnan(run.values[order])]:
        first.setdefault(tuple(run.records[index].code), int(index))
    rows = [
        [str(place), number(float(run.values[index])), str(index + 1), _architecture(run, code)]
        for place, (code, index) in enumerate(list(first.items())[:5], start=1)
    ]
    columns = ["Place", run.metric, "Query", "Architecture"]
    listed = table(columns, rows, "Query: when it was evaluated.", code=("Architecture",))
    return "<h2>Best architectures</h2>" + (listed if rows else "<p>Every evaluation failed.</p>")


def _architecture(run: RunData, code: tuple[int, ...]) -> str:
    try:
        return get_search_space(run.config["search_space"]).to_string(code)
    except NaslibExtError:  # a space of the user's own, or one that is not installed here
        return "-".join(map(str, code))
