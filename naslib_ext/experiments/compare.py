"""Compare search methods on one benchmark: method x seed runs, then curves, ranks and tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray

from naslib_ext.atomic import write_atomically, write_json
from naslib_ext.benchmarks import Benchmark, TabularBenchmark, find_table, load_benchmark
from naslib_ext.configuration import Config, complete, section
from naslib_ext.defaults.run_folder import Record, folder_of, incumbents
from naslib_ext.defaults.trainer import Trainer
from naslib_ext.errors import ConfigError, NaslibExtError
from naslib_ext.experiments import naslib_runs
from naslib_ext.experiments.environment import environment
from naslib_ext.experiments.shared_runs import check_budgets, claimed, finished, lengthen, run_all
from naslib_ext.experiments.statistics import mean, sem
from naslib_ext.experiments.table_formats import to_csv
from naslib_ext.experiments.time_curves import write_time_curves
from naslib_ext.optimizers import get_optimizer

DEFAULT_BUDGET = 150

EARLIER = (10, 20, 50, 100, 200, 500, 1000)
"""Numbers of queries after which ``runs.csv`` has the best value of each run too."""


@dataclass(frozen=True)
class Comparison:
    """What is compared: every optimizer with every seed ``0..seeds-1``.

    Args:
        optimizers: names of search methods, or variants of them as ``variant`` reads them; ``naslib:re`` is NASLib's.
        seeds: runs a method.
        out: folder of the runs.
        values: a configuration as ``configuration.complete`` takes it; ``search.epochs`` is the budget. A key of one
            of the methods need not be known to the others.
        results: folder of the summary and the tables; ``out`` where it is not given.
    """

    optimizers: tuple[str, ...]
    seeds: int
    out: str
    values: Mapping[str, Any]
    results: str = ""

    def config(self, job: Job) -> Config:
        """The configuration of one run. Raises ``ConfigError``."""
        name, changes = variant(job.optimizer)
        given = {"epochs": DEFAULT_BUDGET, **section(self.values, "search")}
        ours = [label for label in self.optimizers if not naslib_runs.is_naslibs(variant(label)[0])]
        for label in ours:
            if get_optimizer(variant(label)[0]).using_step_function:
                raise ConfigError(f"{label} trains weights and queries nothing: run it with 'naslib-ext search'")
        others = {key for label in ours for key in get_optimizer(variant(label)[0]).parameters}
        if naslib_runs.is_naslibs(name):
            values = {**self.values, "search": given, "seed": job.seed, "out_dir": self.out}
            config = naslib_runs.config_of(name, values, changes, others)
            config.save = str(folder_of(config).parent.with_name(job.optimizer.replace(":", "_")) / str(job.seed))
            return config
        others -= set(get_optimizer(name).parameters)
        search = {key: value for key, value in given.items() if key not in others}
        budget = search["epochs"]
        search["checkpoint_freq"] = budget  # runs are short; the journal alone resumes them
        search.update(changes)
        own = {"optimizer": name, "seed": job.seed, "out_dir": self.out, "save": "", "search": search}
        config = complete({**self.values, **own})
        config.save = str(folder_of(config).parent.with_name(job.optimizer) / str(job.seed))
        return config

    @cached_property
    def settings(self) -> Config:
        """What all runs share, with every mistake in the settings raised."""
        if not self.optimizers or self.seeds < 1:
            raise ConfigError(f"nothing to compare: optimizers {list(self.optimizers)}, {self.seeds} seeds")
        first, *_ = [self.config(Job(name, 0)) for name in self.optimizers]
        return first

    @property
    def budget(self) -> int:
        """Queries a run."""
        return int(self.settings.search.epochs)

    def benchmark(self) -> Benchmark:
        """The benchmark that is queried."""
        c = self.settings
        return load_benchmark(c.search_space, c.dataset, c.benchmark, c.data_dir or None, c.get("training"))


def variant(label: str) -> tuple[str, dict[str, Any]]:
    """The method's name and its settings of ``anasod_bo+decoding=random+beta_max=0``; values are read as YAML.

    Raises ``ConfigError`` where a part is no ``key=value``, or a key is there twice.
    """
    name, *parts = label.split("+")
    for part in parts:
        if "=" not in part:
            raise ConfigError(f"optimizer {label!r}: {part!r} is not of the form key=value")
    keys = [part.split("=")[0] for part in parts]
    if len(set(keys)) < len(keys) or "/" in label:
        raise ConfigError(f"optimizer {label!r}: a key is there twice, or it cannot name a folder")
    try:
        return name, {key: yaml.safe_load(value) for key, value in (part.split("=", 1) for part in parts)}
    except yaml.YAMLError as error:
        raise ConfigError(f"optimizer {label!r}: its settings are no YAML") from error


class Job(NamedTuple):
    """One run of a comparison."""

    optimizer: str
    seed: int


class Run(NamedTuple):
    """What came of one run: the best value so far after each query (budget,), and the architecture found.

    ``times`` (budget,) are the simulated seconds until then, ``None`` where the benchmark has none. A run that ended
    before the budget keeps its last value and time.
    """

    best: NDArray[np.float64]
    code: NDArray[np.int8]
    distinct: int
    times: NDArray[np.float64] | None

    @property
    def seconds(self) -> float | None:
        """Simulated seconds of the whole run."""
        return None if self.times is None else float(self.times[-1])


def compare(
    comparison: Comparison, executor: str = "process", workers: int | None = None, address: str | None = None
) -> dict[str, Any]:
    """Runs what is missing of the comparison and writes its results: ``summary.json`` and the tables beside it.

    Every run has its folder ``<out>/<search_space>/<dataset>/<optimizer>/<seed>``. Finished runs are not touched, an
    interrupted comparison goes on, and any number of processes may work on the same one: each run is done once.
    ``environment.json`` beside the results has the versions and the data. Returns the summary.

    Raises:
        RunFolderError: there are runs of another budget that cannot be shortened or go on, or another comparison's.
        RunsFailed: some runs raised or killed their workers; they are in ``failures.csv`` and the others are kept.
        NaslibExtError: what a run raises for wrong settings.
    """
    comparison.benchmark().resolve(comparison.settings.metric, comparison.settings.epoch or None)
    check_budgets({name: _folder_of_runs(comparison, name) for name in comparison.optimizers}, comparison.budget)
    jobs = [Job(name, seed) for name in comparison.optimizers for seed in range(comparison.seeds)]
    out = Path(comparison.results or comparison.out)
    out.mkdir(parents=True, exist_ok=True)  # where that is impossible, before anything is run
    given = {"executor": executor, "workers": workers, "address": address}
    runs = run_all(partial(run, comparison), jobs, partial(_is_free, comparison), out, **given)
    summary = summarize(comparison, runs)
    write_atomically(out / "curves.csv", _curves_csv(summary))
    write_atomically(out / "runs.csv", _runs_csv(comparison, runs))
    by_method = {name: [runs[Job(name, seed)] for seed in range(comparison.seeds)] for name in comparison.optimizers}
    timed = {name: [(done.times, done.best) for done in own] for name, own in by_method.items()}
    write_time_curves(out / "seconds.csv", timed, summary["optimum"])
    write_json(out / "environment.json", environment(comparison.settings, comparison.values))
    write_json(out / "summary.json", summary)
    return summary


def _folder_of_runs(comparison: Comparison, label: str) -> tuple[Path, bool]:
    """Where the method's runs are, and whether they can go on to a larger budget."""
    config = comparison.config(Job(label, 0))
    naslibs = naslib_runs.is_naslibs(config.optimizer)
    return folder_of(config).parent, not naslibs and not get_optimizer(config.optimizer).depends_on_budget


def _is_free(comparison: Comparison, job: Job) -> bool:
    with claimed(Path(comparison.out), comparison.config(job)) as mine:
        return mine


def run(comparison: Comparison, job: Job) -> Run | None:
    """One run, or the rest of one; ``None`` where another process is at it."""
    config = comparison.config(job)
    records = finished(config)
    if records is None:
        with claimed(Path(comparison.out), config) as mine:
            if not mine:
                return None
            records = finished(config) or _search(config, comparison.benchmark())
    if not records:
        raise NaslibExtError(f"{job.optimizer}, seed {job.seed}: asked for no architecture")
    values = np.array([np.nan if record.value is None else record.value for record in records])
    chosen = incumbents(values, comparison.benchmark().direction(config.metric))
    best, found = values[chosen], np.array(records[chosen[-1]].code, dtype=np.int8)
    filled = np.minimum(np.arange(comparison.budget), len(best) - 1)
    seconds = [record.seconds for record in records if record.seconds is not None]
    times = np.cumsum(seconds)[filled] if len(seconds) == len(records) else None
    return Run(best[filled], found, len({tuple(record.code) for record in records}), times)


def _search(config: Config, benchmark: Benchmark) -> list[Record]:
    if naslib_runs.is_naslibs(config.optimizer):
        return naslib_runs.search(config, benchmark)
    lengthen(config)
    trainer = Trainer(get_optimizer(config.optimizer)(config), config, True, benchmark)
    trainer.search(resume_from=True)
    return trainer.records


# the summary


def summarize(comparison: Comparison, runs: dict[Job, Run]) -> dict[str, Any]:
    """The content of ``summary.json``; ``search_seconds_mean`` are simulated seconds, null where there are none."""
    config, benchmark = comparison.settings, comparison.benchmark()
    epoch = benchmark.resolve(config.metric, config.epoch or None)
    optimum = _optimum(config, benchmark, epoch)
    return {
        "search_space": config.search_space,
        "dataset": config.dataset,
        "metric": config.metric,
        "epoch": epoch,
        "budget": comparison.budget,
        "seeds": comparison.seeds,
        "optimum": optimum,
        "maximize": benchmark.direction(config.metric) > 0,
        "optimizers": {
            name: _summary_of(comparison, optimum, [runs[Job(name, seed)] for seed in range(comparison.seeds)])
            for name in comparison.optimizers
        },
    }


def _optimum(config: Config, benchmark: Benchmark, epoch: int | None) -> float | None:
    """The best value there is, within the constraints where there are some; ``None`` where it is not known."""
    best = benchmark.optimum(config.metric, epoch)
    if best is None or not config.search.constraints:
        return best
    codes = benchmark.space.enumerate()
    bounds = config.search.constraints.items()
    feasible = np.all([benchmark.free[name](codes) <= float(most) for name, most in bounds], axis=0)
    direction = benchmark.direction(config.metric)
    return direction * float((direction * benchmark.query(codes[feasible], config.metric, epoch)).max())


def _summary_of(comparison: Comparison, optimum: float | None, runs: list[Run]) -> dict[str, Any]:
    best = np.stack([run.best for run in runs])
    hit = None if optimum is None else _queries_to(best, optimum)
    seconds = [run.seconds for run in runs if run.seconds is not None]
    return {
        "checkpoints": list(range(1, comparison.budget + 1)),
        "best_mean": mean(best),
        "best_sem": sem(best),
        "regret_mean": None if optimum is None else mean(np.abs(optimum - best)),
        "test_mean": _test_means(comparison, np.stack([run.code for run in runs])),
        "found_optimum": None if hit is None else float(np.mean(hit > 0)),
        "queries_to_optimum_mean": None if hit is None else float(np.where(hit > 0, hit, comparison.budget).mean()),
        "distinct_queries_mean": float(np.mean([run.distinct for run in runs])),
        "search_seconds_mean": float(np.mean(seconds)) if seconds else None,
    }


def _queries_to(best: NDArray[np.float64], optimum: float) -> NDArray[np.int64]:
    """(seeds,) number of queries until the optimum was found, 0 where it was not."""
    found = best == optimum
    return np.where(found.any(axis=1), found.argmax(axis=1) + 1, 0)


def _test_means(comparison: Comparison, codes: NDArray[np.int8]) -> dict[str, float]:
    """Mean test metric of the architectures found (seeds, L), at the longest schedule, on every data set."""
    config = comparison.settings
    if not isinstance(comparison.benchmark(), TabularBenchmark):  # a predictor or surrogate, whatever was asked for
        return {}
    table = find_table(config.search_space, config.dataset, config.data_dir or None)
    means = {}
    for dataset in table.datasets:
        benchmark = table.benchmark(dataset)
        test = config.test_metric or benchmark.test_metric(config.metric)
        if test in benchmark.metrics() and benchmark.holds(codes, test).all():
            means[dataset] = float(benchmark.query(codes, test).mean())
    return means


def _curves_csv(summary: dict[str, Any]) -> str:
    rows: list[list[Any]] = [["optimizer", "query", "best_mean", "best_sem", "regret_mean"]]
    for name, result in summary["optimizers"].items():
        regret = result["regret_mean"] or [None] * summary["budget"]
        rows += [
            [name, *row]
            for row in zip(result["checkpoints"], result["best_mean"], result["best_sem"], regret, strict=True)
        ]
    return to_csv(rows)


def _runs_csv(comparison: Comparison, runs: dict[Job, Run]) -> str:
    space = comparison.benchmark().space
    earlier = [query for query in EARLIER if query < comparison.budget]
    rows: list[list[Any]] = [["optimizer", "seed", "best", "distinct_queries", "architecture", *map(after, earlier)]]
    rows += [
        [*job, run.best[-1], run.distinct, space.to_string(run.code), *run.best[np.array(earlier, dtype=int) - 1]]
        for job, run in runs.items()
    ]
    return to_csv(rows)


def after(query: int) -> str:
    """The column of ``runs.csv`` that holds the best value after ``query`` queries."""
    return f"best_after_{query}"


def format_summary(summary: dict[str, Any]) -> str:
    """The summary as a table for the terminal: best value, regret and test metrics after the whole budget."""
    at = "" if summary["epoch"] is None else f"@{summary['epoch']}"
    optimum = "unknown" if summary["optimum"] is None else f"{summary['optimum']:.3f}"
    width = max(14, *(len(name) + 1 for name in summary["optimizers"]))
    lines = [
        f"{summary['search_space']}/{summary['dataset']}: {summary['metric']}{at} after {summary['budget']} queries, "
        f"{summary['seeds']} seeds (optimum {optimum})",
        f"{'optimizer':<{width}}{'best':>10}{'+-sem':>9}{'regret':>9}{'found':>8}{'queries':>9}  test",
    ]
    for name, result in summary["optimizers"].items():
        test = "  ".join(f"{dataset} {value:.2f}" for dataset, value in result["test_mean"].items())
        regret = result["regret_mean"] and result["regret_mean"][-1]
        cells = (
            (result["best_mean"][-1], 10, 3), (result["best_sem"][-1], 9, 3), (regret, 9, 3),
            (result["found_optimum"], 8, 2), (result["queries_to_optimum_mean"], 9, 1),
        )  # fmt: skip
        lines.append(f"{name:<{width}}" + "".join(_cell(*cell) for cell in cells) + f"  {test}")
    return "\n".join(lines)


def _cell(value: float | None, width: int, digits: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:>{width}.{digits}f}"
