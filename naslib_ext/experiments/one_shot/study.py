"""One-shot methods on one supernet, measured with a table: Figure 5 and Table 3 of ANASOD (Wan et al., WACV 2022).

The supernet has the size of the networks of the carried tables, so that a table knows what every cell of the space is
worth when it is trained alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from naslib_ext.atomic import write_atomically, write_json
from naslib_ext.benchmarks import Benchmark, load_benchmark
from naslib_ext.benchmarks.schedule import CARRIED_SCHEDULE
from naslib_ext.configuration import Config, complete
from naslib_ext.defaults.one_shot_folder import OneShotFolder
from naslib_ext.defaults.one_shot_trainer import OneShotTrainer
from naslib_ext.defaults.run_folder import folder_of
from naslib_ext.errors import ConfigError
from naslib_ext.experiments.compare import variant
from naslib_ext.experiments.point_figure import Points, points_png
from naslib_ext.experiments.statistics import mean, sem
from naslib_ext.optimizers import get_optimizer
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes

Floats = NDArray[np.float64]

METHODS = ("anasod_dnas", "darts", "gaea", "gdas", "enas", "rsws")
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "anasod_dnas": {"exclude": "none"},
    "gaea": {"exclude": "none"},
    "enas": {"num_aggregate": 5},
}
"""What differs from the defaults: ``none`` is left out, as by the command of GAEA's code, on which the paper builds."""

UNIFORM = 1000
"""Uniform encodings a seed."""

SAMPLED = ("anasod_dnas", "enas", "rsws")
"""Methods whose cells are sampled; the others take each edge's most likely operation."""

SHOWN = (1, 2, 3, 5, 8, 12, 16, 20)
"""Epochs in the picture."""


@dataclass(frozen=True)
class OneShotStudy:
    """Methods (``anasod_dnas+update=projected`` is a variant), on one data set with a table, and seeds 0, 1, ..."""

    dataset: str
    methods: tuple[str, ...] = METHODS
    seeds: int = 5
    epochs: int = 20
    search_space: str = "nasbench201"
    metric: str = "val_accuracy"

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise ConfigError(f"seeds: expected at least 1, got {self.seeds}")

    def config(self, label: str, seed: int, out: Path) -> Config:
        """The configuration of one run. Raises ``ConfigError`` for a method that is no one-shot method."""
        name, changes = variant(label)
        if not get_optimizer(name).using_step_function:
            raise ConfigError(f"{name} is no one-shot method; use 'naslib-ext compare'")
        return complete(
            {
                "optimizer": name, "search_space": self.search_space, "dataset": self.dataset, "seed": seed,
                "metric": self.metric, "save": str(out / "runs" / label / str(seed)),
                "training": {"network": dict(CARRIED_SCHEDULE.network)},
                "search": {"epochs": self.epochs, **SETTINGS.get(name, {}), **changes},
            }
        )  # fmt: skip

    @cached_property
    def benchmark(self) -> Benchmark:
        """The table."""
        return load_benchmark(self.search_space, self.dataset)

    @cached_property
    def codes(self) -> Codes:
        """(size, L) all architectures."""
        return self.benchmark.space.enumerate()

    @cached_property
    def values(self) -> Floats:
        """(size,) what the table says of them."""
        return self.benchmark.query(self.codes, self.metric)

    def expected(self, distribution: Floats) -> float:
        """The mean value of cells whose edges draw their operations from (E, K): exact, all cells are summed over."""
        probabilities = np.prod(distribution[np.arange(len(distribution)), self.codes], axis=1)
        return float(probabilities @ self.values / probabilities.sum())

    def uniform(self, seed: int, without: str = "") -> float:
        """The mean value of cells of uniform encodings, Dir(1), ``without`` an operation; the same for all methods."""
        operations = [k for k, name in enumerate(self.benchmark.space.operation_names) if name != without]
        encodings = stream(seed, "uniform encodings").dirichlet(np.ones(len(operations)), UNIFORM)
        kept = np.isin(self.codes, operations).all(axis=1)
        counts = (self.codes[kept][:, :, None] == np.array(operations)).sum(axis=1)
        return float((np.exp(counts @ np.log(encodings).T).T @ self.values[kept]).mean())


class Measured(NamedTuple):
    """One run: table values after every epoch (epochs,) and at the end.

    ``sampled`` is the mean of cells drawn from the distribution, ``argmax`` the cell of each edge's most likely
    operation, ``share`` the largest share of the encoding (the mean distribution of the edges), ``skips`` and ``nones``
    are the edges of the argmax with these operations, ``found`` and ``found_test`` belong to the architecture that the
    method ends with, ``supernet`` is that one's accuracy with the shared weights.
    """

    sampled: Floats
    argmax: Floats
    share: Floats
    skips: Floats
    nones: Floats
    found: float
    found_test: float
    supernet: float


def run_study(study: OneShotStudy, out: Path, tell: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Searches with every method and seed, those apart that ``out`` holds already; returns and writes the summary.

    An interrupted search goes on where it was. ``out`` gets ``summary.json`` and ``curves.png``.

    Raises ``RunFolderError`` where ``out`` holds runs of another study.
    """
    results: dict[str, list[Measured]] = {label: [] for label in study.methods}
    for seed in range(study.seeds):
        for label in study.methods:
            results[label].append(run(study, label, seed, out))
            if tell is not None:
                last = results[label][-1]
                tell(f"{study.dataset}, seed {seed}, {label}: sampled {last.sampled[-1]:.2f}, found {last.found:.2f}")
    summary = summarize(study, results)
    write_json(out / "summary.json", summary)
    write_atomically(out / "curves.png", curves_png(study, summary))
    return summary


def run(study: OneShotStudy, label: str, seed: int, out: Path) -> Measured:
    """One search, or the rest of one, measured with the table."""
    config = study.config(label, seed, out)
    folder = OneShotFolder(folder_of(config))
    folder.claim(config, resume=True)  # not another study's
    if not (folder.path / "found.json").is_file():
        optimizer: Any = get_optimizer(config.optimizer)(config)
        OneShotTrainer(optimizer, config, True, benchmark=study.benchmark).search(resume_from=True)
    epochs, found = folder.records(), folder.load_found()
    shares = np.array([epoch.distribution for epoch in epochs])
    argmax = shares.argmax(axis=2).astype(np.int8)
    names = study.benchmark.space.operation_names
    skip, none = names.index("skip_connect"), names.index("none")
    code = np.array([found["code"]], dtype=np.int8)
    test = study.benchmark.test_metric(study.metric) or study.metric
    return Measured(
        np.array([study.expected(distribution) for distribution in shares]),
        study.benchmark.query(argmax, study.metric),
        shares.mean(axis=1).max(axis=1),
        (argmax == skip).sum(axis=1).astype(np.float64),
        (argmax == none).sum(axis=1).astype(np.float64),
        float(study.benchmark.query(code, study.metric)[0]),
        float(study.benchmark.query(code, test)[0]),
        max(found["supernet_accuracy"]),
    )


# the summary


def summarize(study: OneShotStudy, results: Mapping[str, list[Measured]]) -> dict[str, Any]:
    """The content of ``summary.json``."""
    distinct = study.benchmark.query(np.unique(study.benchmark.space.canonical(study.codes), axis=0), study.metric)
    uniform = {
        label: np.array([study.uniform(seed, without) for seed in range(study.seeds)])
        for label, without in (("uniform", ""), ("uniform_without_none", "none"))
    }
    return {
        **asdict(study),
        "methods": {label: _summary_of(runs, uniform) for label, runs in results.items()},
        "table": {
            "mean": float(study.values.mean()),
            "percentile_75": float(np.percentile(study.values, 75)),
            "distinct_mean": float(distinct.mean()),
            "distinct_percentile_75": float(np.percentile(distinct, 75)),
            "optimum": float(study.values.max()),
        },
        "encodings": {label: _with_error(values) for label, values in uniform.items()},
    }


def _summary_of(runs: list[Measured], uniform: Mapping[str, Floats]) -> dict[str, Any]:
    sampled, argmax = (np.stack([getattr(run, name) for run in runs]) for name in ("sampled", "argmax"))
    last = {name: np.array([getattr(run, name)[-1] for run in runs]) for name in ("share", "skips", "nones")}
    final = {name: np.array([getattr(run, name) for run in runs]) for name in ("found", "found_test", "supernet")}
    ends = {"sampled": sampled[:, -1], "argmax": argmax[:, -1], **last, **final}
    return {
        "curves": {
            "sampled_mean": mean(sampled), "sampled_sem": sem(sampled),
            "argmax_mean": mean(argmax), "argmax_sem": sem(argmax),
        },
        **{name: _with_error(values) for name, values in ends.items()},
        "largest_share": float(max(run.share.max() for run in runs)),
        **{f"above_{label}": _above(sampled[:, -1], values) for label, values in uniform.items()},
    }  # fmt: skip


def _above(values: Floats, others: Floats) -> dict[str, Any]:
    """The mean difference of as many pairs, and the p-value of the paired t test; ``None`` for a single pair."""
    p_value = float(stats.ttest_rel(values, others).pvalue) if len(values) > 1 else None
    return {**_with_error(values - others), "p_value": p_value}


def _with_error(values: Floats) -> dict[str, Any]:
    return {"mean": float(values.mean()), "sem": sem(values[:, None])[0], "values": values.tolist()}


def format_summary(summary: Mapping[str, Any]) -> str:
    """The summary as a Markdown table."""
    table, (uniform, without) = summary["table"], summary["encodings"].values()
    lines = [
        f"{summary['search_space']}/{summary['dataset']}: {summary['metric']} after {summary['epochs']} epochs, "
        f"{summary['seeds']} seeds",
        f"all cells: mean {table['mean']:.2f}, 75th percentile {table['percentile_75']:.2f}; distinct cells: mean "
        f"{table['distinct_mean']:.2f}, 75th percentile {table['distinct_percentile_75']:.2f}; "
        f"best {table['optimum']:.2f}; uniform encodings {uniform['mean']:.2f}, without none {without['mean']:.2f}",
        "",
        "| | sampled | above uniform, without none (p) | argmax | found | its test | largest share | skips, nones |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for label, result in summary["methods"].items():
        above = result["above_uniform"], result["above_uniform_without_none"]
        cells = [
            _cell(result["sampled"]),
            ", ".join(f"{found['mean']:+.2f}" for found in above) + _p_value(above[1]["p_value"]),
            *(_cell(result[name]) for name in ("argmax", "found", "found_test")),
            f"{result['share']['mean']:.3f}, at most {result['largest_share']:.3f}",
            f"{result['skips']['mean']:.1f}, {result['nones']['mean']:.1f}",
        ]
        lines.append(f"| `{label}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _p_value(value: float | None) -> str:
    return "" if value is None else f" ({value:.1e})"


def _cell(value: Mapping[str, Any]) -> str:
    return f"{value['mean']:.2f}" + ("" if value["sem"] is None else f" ± {value['sem']:.2f}")


def curves_png(study: OneShotStudy, summary: Mapping[str, Any]) -> bytes:
    """Table values after some epochs: means of sampled cells or argmax cells, whichever the method ends with."""
    epochs = np.array([epoch for epoch in SHOWN if epoch <= study.epochs])
    lines = []
    for label, result in summary["methods"].items():
        kind = "sampled" if label.split("+")[0] in SAMPLED else "argmax"
        curve = (np.array(result["curves"][f"{kind}_{part}"], dtype=np.float64) for part in ("mean", "sem"))
        means, errors = (values[epochs - 1] for values in curve)
        lines.append(Points(label, epochs.astype(np.float64), means, np.nan_to_num(errors)))
    level = np.full(len(epochs), summary["table"]["distinct_percentile_75"])
    lines.append(Points("best 25 %", epochs.astype(np.float64), level, np.zeros(len(epochs))))
    return points_png(lines, "Epochs", f"{study.dataset}: table's {study.metric.replace('_', ' ')} (%)")
