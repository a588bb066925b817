"""Predictors against each other: rank correlation with the truth against the number of labels (Delta-NAS, Table 1)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from tqdm import tqdm

from naslib_ext.atomic import write_atomically, write_json
from naslib_ext.benchmarks import Benchmark, load_benchmark
from naslib_ext.benchmarks.metrics import Column
from naslib_ext.defaults.predictor_evaluator import RANKING, draw_split, measure
from naslib_ext.errors import ConfigError, RunFolderError
from naslib_ext.experiments.executors import execute
from naslib_ext.experiments.point_figure import Points, points_png
from naslib_ext.predictors import Predictor, get_predictor

FORMAT = 1
MEASURES = (*RANKING, "sign_accuracy")
MEASURES_TWICE = (*MEASURES, *(f"{name}_without_twins" for name in MEASURES))
COUNTS = ("num_test", "num_twins", "num_pairs")
FIGURES = {"kendalltau": "Kendall's tau", "sign_accuracy": "Sign accuracy on one-edit pairs"}

Values = NDArray[np.float64]


class Job(NamedTuple):
    """One fit: a predictor's name with its settings, the number of labels, and the trial."""

    predictor: str
    size: int
    trial: int


@dataclass(frozen=True)
class PredictorStudy:
    """What is compared: every predictor at every training size in trials ``0..trials-1``.

    In a trial all predictors see the same split, and small training sets are part of large ones.

    Args:
        search_space, dataset, metric, epoch: what is predicted; no ``epoch`` is the longest schedule.
        predictors: names, each with settings behind it if wanted: ``xgb:encoding=path:max_depth=4``.
        train_sizes: numbers of labels.
        out: folder of results.
        trials: splits.
        test_size: architectures to test on; 0 takes all others of a table.
        kind: ``"table"`` or ``"surrogate"``.
        data_dir: folder of tables.
    """

    search_space: str
    dataset: str
    predictors: tuple[str, ...]
    train_sizes: tuple[int, ...]
    out: str
    trials: int = 5
    metric: str = "val_accuracy"
    epoch: int | None = None
    test_size: int = 0
    kind: str = "table"
    data_dir: str | None = None

    @cached_property
    def benchmark(self) -> Benchmark:
        """What answers."""
        return load_benchmark(self.search_space, self.dataset, self.kind, self.data_dir)

    @cached_property
    def column(self) -> Column:
        """The metric with its training schedule. Raises ``MissingMetric``."""
        return Column(self.metric, self.benchmark.resolve(self.metric, self.epoch))

    @property
    def jobs(self) -> list[Job]:
        """All fits, small training sets first."""
        return [
            Job(name, size, trial)
            for size in sorted(self.train_sizes)
            for trial in range(self.trials)
            for name in self.predictors
        ]

    def file(self, job: Job) -> Path:
        """Where the result of ``job`` lies."""
        folder = Path(self.out, self.search_space, self.dataset, str(self.column), job.predictor.replace(":", ","))
        return folder / str(job.size) / f"{job.trial}.json"

    def identity(self, job: Job) -> dict[str, Any]:
        """What decides a result, kept with it."""
        settings = build_predictor(job.predictor).settings
        return {"format": FORMAT, "kind": self.kind, "test_size": self.test_size, "settings": settings, **job._asdict()}


def build_predictor(name: str) -> Predictor:
    """The unbound predictor of ``name`` or ``name:setting=value:...``. Raises ``UnknownName``, ``ConfigError``."""
    base, *words = name.split(":")
    if any("=" not in word for word in words):
        raise ConfigError(f"predictor {name!r}: settings look like 'xgb:encoding=path:max_depth=4'")
    return get_predictor(base)(**dict(word.split("=", 1) for word in words))


def run_study(
    study: PredictorStudy, reference: str, executor: str = "process", workers: int | None = None
) -> dict[str, Any]:
    """Runs the fits that are missing and writes ``summary.json`` and the figures into ``out``; returns the summary.

    ``reference`` is the predictor that is tested against the others.

    A fit that is there is not run again, and an interrupted study goes on.
    Raises ``ConfigError`` for a reference that is not compared, ``RunFolderError`` where ``out`` holds other fits under
    the same name, and what a fit raises.
    """
    if reference not in study.predictors:
        raise ConfigError(f"reference {reference!r} is not among the predictors {', '.join(study.predictors)}")
    _ = study.column
    for name in study.predictors:
        build_predictor(name)  # a wrong name or setting is told before hours of fits
    jobs = study.jobs
    done = execute(partial(run, study), jobs, executor, workers, chunk=1)
    results = dict(zip(jobs, tqdm(done, "fits", len(jobs), disable=None, leave=False), strict=True))
    summary = summarize(study, results)
    summary["paired"] = {"reference": reference, "differences": paired_differences(study, results, reference)}
    out = Path(study.out)
    write_json(out / "summary.json", summary)
    for measured, label in FIGURES.items():
        if any(result[measured]["mean"] is not None for result in _all_results(summary)):
            write_atomically(out / f"{measured}.png", _figure(study, summary, measured, label))
    return summary


def run(study: PredictorStudy, job: Job) -> dict[str, Any]:
    """The measures of one fit, read or run."""
    path = study.file(job)
    identity = study.identity(job)
    if path.is_file():
        try:
            kept: dict[str, Any] = json.loads(path.read_text())
        except ValueError as error:
            raise RunFolderError(f"{path} is no result: {error}") from error
        if {key: kept.get(key) for key in identity} != identity:
            raise RunFolderError(f"{path} is the result of another study; name another folder")
        return kept
    split = draw_split(study.benchmark, *study.column, job.size, study.test_size, job.trial)
    predictor = build_predictor(job.predictor).bind(study.benchmark.space, job.trial, study.benchmark.free)
    measures = measure(predictor, study.benchmark, *study.column, split)
    plain = {name: None if value != value else value for name, value in measures.items()}
    result = {**identity, "split": _digest(split.train), **plain}
    write_json(path, result)
    return result


def _digest(codes: NDArray[np.int8]) -> str:
    return hashlib.sha256(codes.tobytes()).hexdigest()[:16]


# the summary


def summarize(study: PredictorStudy, results: Mapping[Job, Mapping[str, Any]]) -> dict[str, Any]:
    """The content of ``summary.json``: means and standard errors over trials; null where a measure is undefined."""
    return {
        "search_space": study.search_space,
        "dataset": study.dataset,
        "metric": study.metric,
        "epoch": study.column.epoch,
        "trials": study.trials,
        "predictors": {
            name: {str(size): _summary_of(_trials(study, results, name, size)) for size in sorted(study.train_sizes)}
            for name in study.predictors
        },
    }


def _trials(
    study: PredictorStudy, results: Mapping[Job, Mapping[str, Any]], name: str, size: int
) -> list[Mapping[str, Any]]:
    return [results[Job(name, size, trial)] for trial in range(study.trials)]


def _summary_of(trials: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    measures: dict[str, Any] = {name: _mean_and_error([trial[name] for trial in trials]) for name in MEASURES_TWICE}
    counts = {name: float(np.mean([trial[name] for trial in trials])) for name in COUNTS}
    return {
        **measures,
        "fit_seconds": float(np.mean([trial["fit_time"] for trial in trials])),
        "query_microseconds": 1e6 * float(np.mean([trial["query_time"] for trial in trials])),
        **counts,
    }


def _mean_and_error(values: Sequence[float | None]) -> dict[str, float | None]:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return {"mean": None, "sem": None}
    error = float(np.std(known, ddof=1) / np.sqrt(len(known))) if len(known) > 1 else None
    return {"mean": float(np.mean(known)), "sem": error}


def paired_differences(
    study: PredictorStudy, results: Mapping[Job, Mapping[str, Any]], reference: str, measured: str = "kendalltau"
) -> dict[str, dict[str, dict[str, float | None]]]:
    """How much better ``reference`` is than each other predictor in the same trials.

    Returns:
        Other predictor -> training size -> mean ``difference``, its ``sem`` and the ``p_value`` of a paired t-test
        (with five trials Wilcoxon's cannot fall below 0.06); the last two are null for a single trial.
    """
    paired: dict[str, dict[str, dict[str, float | None]]] = {}
    for name in study.predictors:
        for size in sorted(study.train_sizes) if name != reference else ():
            own, other = (
                np.array([trial[measured] for trial in _trials(study, results, which, size)], dtype=np.float64)
                for which in (reference, name)
            )
            paired.setdefault(name, {})[str(size)] = _paired(own - other)
    return paired


def _paired(gains: Values) -> dict[str, float | None]:
    if np.isnan(gains).any():
        return {"difference": None, "sem": None, "p_value": None}
    p_value = None
    if len(gains) > 1:
        p_value = float(stats.ttest_1samp(gains, 0).pvalue) if np.ptp(gains) > 0 else float(not gains.any())
    return {"difference": float(gains.mean()), "sem": _mean_and_error(gains.tolist())["sem"], "p_value": p_value}


# what is shown


def format_summary(summary: Mapping[str, Any]) -> str:
    """Kendall's tau with standard errors, with and without twins, sign accuracy and times, one predictor a line."""
    epoch = "" if summary["epoch"] is None else f"@{summary['epoch']}"
    lines = [
        f"{summary['search_space']}/{summary['dataset']}: {summary['metric']}{epoch}, {summary['trials']} trials, "
        "on architectures not trained on"
    ]
    sizes = list(next(iter(summary["predictors"].values())))
    for size in sizes:
        titles = f"{'tau':>14}{'without twins':>16}{'sign':>14}{'fit s':>8}{'query us':>10}"
        lines.append(f"\n{size + ' labels':<44}{titles}")
        for name, of in summary["predictors"].items():
            result = of[size]
            cells = [
                _cell(result[key]).rjust(width)
                for key, width in (("kendalltau", 14), ("kendalltau_without_twins", 16), ("sign_accuracy", 14))
            ]
            times = f"{result['fit_seconds']:8.2f}{result['query_microseconds']:10.1f}"
            lines.append(f"{name:<44}{''.join(cells)}{times}")
    return "\n".join(lines)


def _cell(result: Mapping[str, float | None]) -> str:
    if result["mean"] is None:
        return "-"
    return f"{result['mean']:.3f}" + ("" if result["sem"] is None else f" ±{result['sem']:.3f}")


def format_paired(paired: Mapping[str, Any]) -> str:
    """One line a predictor: the reference's mean gain at each size, its standard error and p-value."""
    lines = [f"\nKendall's tau, {paired['reference']} minus each other (paired over trials)"]
    for name, sizes in paired["differences"].items():
        lines.append(f"{name:<44}" + "   ".join(f"{size}: {_gain(gain)}" for size, gain in sizes.items()))
    return "\n".join(lines)


def _gain(gain: Mapping[str, float | None]) -> str:
    if gain["difference"] is None:
        return "-"
    p_value = "" if gain["p_value"] is None else f" ±{gain['sem']:.3f} (p {gain['p_value']:.2g})"
    return f"{gain['difference']:+.3f}{p_value}"


def _all_results(summary: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [result for sizes in summary["predictors"].values() for result in sizes.values()]


def _figure(study: PredictorStudy, summary: Mapping[str, Any], measured: str, label: str) -> bytes:
    sizes = np.array(sorted(study.train_sizes), dtype=np.float64)
    curves = []
    for name, of in summary["predictors"].items():
        results = [of[str(int(size))][measured] for size in sizes]
        mean = np.array([np.nan if result["mean"] is None else result["mean"] for result in results])
        curves.append(Points(name, sizes, mean, np.array([result["sem"] or 0.0 for result in results])))
    return points_png(curves, "Labelled architectures", f"{label} ({study.column})", logarithmic=len(sizes) > 1)
