"""Shrinking a space in many ways and many times: the tables of LISSNAS (Gopal et al., IJCAI 2023) on a benchmark."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.atomic import write_atomically, write_json
from naslib_ext.benchmarks import Benchmark, TabularBenchmark, load_benchmark
from naslib_ext.benchmarks.row_index import RowIndex
from naslib_ext.errors import NaslibExtError
from naslib_ext.experiments.kept import read_kept
from naslib_ext.predictors import get_predictor
from naslib_ext.predictors.targets import without_failures
from naslib_ext.random_streams import stream
from naslib_ext.registry import unknown_name
from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.search_spaces.distinct import distinct
from naslib_ext.shrinkage import ShrunkSearchSpace
from naslib_ext.shrinkage.labelling import ROUNDS, next_labels, schedule
from naslib_ext.shrinkage.lissnas import Settings
from naslib_ext.shrinkage.quality import Reference, measure
from naslib_ext.shrinkage.rivals import METHODS, Task, available, lissnas, shrink_by

Values = NDArray[np.float64]

LISTED = 20_000
"""Spaces with at most this many architectures are predicted once and compared with as a whole."""

SAMPLED = 10_000
"""Architectures that stand for a larger space, and members for a larger shrunk space."""

SIZES = ("flops", "params")
SHOWN = ("lissnas", "abs", "pad_nas", "nse", "greedy_nas")
"""Methods in the picture of error distributions."""

FULL = "full space"

LABELS = {"nasbench201": 300, "transbench101_micro": 200, "nasbench_macro": 200}
LABELS_ELSEWHERE = 300
SHARES = {"nasbench101": 1 / 33, "nasbench301": 1e-11, "mobilenet": 1e-6}
"""The paper's reduction factors (Tables 5 and 6) where it has some."""

LARGEST = 10_000
"""Members wanted of spaces whose published size would be more."""


@dataclass(frozen=True)
class ShrinkStudy:
    """A benchmark, labels, a predictor and a size; seeds ``0..seeds-1``. Zeros and no ``epoch`` have defaults.

    ``labels`` architectures are what every method knows, chosen in ``rounds`` (one: all at random); ``size`` is the
    most members that a method may keep.
    """

    search_space: str
    dataset: str
    metric: str = ""
    epoch: int | None = None
    labels: int = 0
    size: int = 0
    seeds: int = 20
    predictor: str = "structure_gp"
    rounds: int = ROUNDS
    methods: tuple[str, ...] = tuple(METHODS)
    kind: str = "table"
    data_dir: str | None = None

    @cached_property
    def benchmark(self) -> Benchmark:
        """Where the labels come from, and what the shrunk spaces are measured with."""
        return load_benchmark(self.search_space, self.dataset, self.kind, self.data_dir)

    @property
    def space(self) -> SearchSpace:
        """The whole space."""
        return self.benchmark.space

    @cached_property
    def measured(self) -> str:
        """The metric: validation accuracy where there is one, else test accuracy, else the first."""
        names = list(self.benchmark.metrics())
        usual = [name for name in ("val_accuracy", "test_accuracy") if name in names]
        return self.metric or (usual or names)[0]

    @property
    def num_labels(self) -> int:
        """Labelled architectures."""
        return self.labels or LABELS.get(self.search_space, LABELS_ELSEWHERE)

    @cached_property
    def members(self) -> int:
        """The size wanted: as given, else the paper's reduction, else a fiftieth."""
        if self.size:
            return self.size
        return max(1, min(int(self.number * SHARES.get(self.search_space, 0.02)), LARGEST))

    @property
    def number(self) -> int:
        """Architectures of the whole space: functions where the benchmark tells them apart by these."""
        functions = self.space.num_functions if self.benchmark.key == "canonical" else None
        return functions or self.space.size

    def score(self, codes: Codes) -> Values:
        """(n,) true scores of codes (n, L), higher is better."""
        return self.benchmark.score(codes, self.measured, self.epoch)

    def sizes(self, codes: Codes) -> dict[str, Values]:
        """FLOPs and parameters (n,) where they are known."""
        free = self.benchmark.free
        return {name: np.asarray(free[name](codes)) for name in SIZES if name in free}

    @property
    def size_score(self) -> Callable[[Any], Values] | None:
        """What keeps the range of sizes: FLOPs, where they are known."""
        return self.benchmark.free.get("flops")

    @cached_property
    def listed(self) -> Codes | None:
        """(size, L) every architecture; ``None`` where they are too many, or where the benchmark lacks some."""
        if prod(self.space.cardinalities.tolist()) > LISTED:
            return None
        codes = self.space.enumerate()
        if isinstance(self.benchmark, TabularBenchmark) and not self.benchmark.holds(codes, self.measured).all():
            return None
        return codes

    @cached_property
    def reference(self) -> Reference:
        """The whole space, or a sample of it."""
        codes = self.space.sample(SAMPLED, stream(0, "reference")) if self.listed is None else self.listed
        scores = self.score(codes)
        best = None if self.listed is None else codes[scores.argmax()]
        return Reference(codes, scores, self.sizes(codes), best)

    def fingerprint(self) -> dict[str, Any]:
        """What a seed's results depend on, but for the methods and the number of seeds."""
        values = asdict(self)
        for name in ("methods", "seeds", "data_dir"):
            del values[name]
        return {**values, "metric": self.measured, "labels": self.num_labels, "size": self.members}


def run_study(study: ShrinkStudy, out: Path, tell: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Measures every method on every seed, those apart that ``out`` holds already; returns and writes the summary.

    Raises ``RunFolderError`` where ``out`` holds results of another study, ``UnknownName`` for an unknown method.
    """
    for name in study.methods:
        if name not in METHODS:
            raise unknown_name("shrinkage method", name, METHODS)
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in (FULL, *study.methods)}
    results[FULL].append(_measure(study, study.reference.codes, study.number, stream(0, "full")))
    for seed in range(study.seeds):
        for name, found in run_seed(study, out / "seeds" / f"{seed}.json", seed).items():
            results[name].append(found)
        if tell is not None:
            tell(f"seed {seed} of {study.seeds}")
    summary = summarize(study, results)
    write_json(out / "summary.json", summary)
    return summary


def run_seed(study: ShrinkStudy, path: Path, seed: int) -> dict[str, dict[str, Any]]:
    """Measures of every method by name, read from ``path`` as far as they are there, else measured and kept there."""
    content = read_kept(path, study.fingerprint())
    kept: dict[str, dict[str, Any]] = content["methods"] if content else {}
    names = [name for name in study.methods if name not in kept and available(name, study.space)]
    if names:
        predict = fit(study, seed)
        queries = kept.get("lissnas", {}).get("queries")
        for name in ["lissnas", *[name for name in names if name != "lissnas"]]:
            if name == "lissnas" and queries is not None:
                continue  # its number of queries, which others get as well, is known
            task = Task(study.space, predict, study.members, queries or 0, study.benchmark.key, study.size_score)
            found = shrink_by(name, task, stream(seed, f"shrink {name}"))
            queries = found.queries if name == "lissnas" else queries
            rng = stream(seed, f"measure {name}")
            kept[name] = {**_measure(study, found.codes, found.size, rng), "queries": found.queries}
        write_atomically(path, json.dumps({"study": study.fingerprint(), "methods": kept}, indent=1) + "\n")
    return {name: kept[name] for name in study.methods if name in kept}


def fit(study: ShrinkStudy, seed: int) -> Callable[[Codes], Values]:
    """Predicted scores (n,) of codes (n, L) by a predictor of this seed's labels.

    The labels are chosen as the optimizer ``lissnas`` chooses them, and every method has the same.
    """
    space, key = study.space, study.benchmark.key
    steps = schedule(study.num_labels, study.rounds)
    codes = random_labels(study, steps[0], stream(seed, "labels"))
    for round_, end in enumerate([*steps[1:], None], start=1):
        predict = _fitted(study, seed, codes)
        if end is not None:
            rng, settings = stream(seed, "shrink", round_), Settings(size=study.members)
            labels = study.num_labels
            more = next_labels(space, predict, end - len(codes), labels, codes, rng, settings, key, study.size_score)
            codes = np.concatenate([codes, more])
    return predict


def _fitted(study: ShrinkStudy, seed: int, codes: Codes) -> Callable[[Codes], Values]:
    predictor = get_predictor(study.predictor)().bind(study.space, seed, dict(study.benchmark.free))
    predictor.fit(codes, without_failures(study.score(codes)))
    if study.listed is None:
        return predictor.query
    predicted, index = predictor.query(study.listed), RowIndex(study.listed, study.space.cardinalities)
    return lambda codes: predicted[index.find(codes)]


def random_labels(study: ShrinkStudy, number: int, rng: np.random.Generator) -> Codes:
    """(number, L) distinct random architectures. Raises ``NaslibExtError`` where the space has fewer."""
    codes = study.space.sample(number, rng)
    for _ in range(50):
        codes = codes[distinct(study.space, codes, study.benchmark.key)]
        if len(codes) >= number:
            return codes[:number]
        codes = np.concatenate([codes, study.space.sample(number, rng)])
    raise NaslibExtError(f"{study.search_space} has fewer than {number} architectures to label")


def _measure(study: ShrinkStudy, codes: Codes, size: float, rng: np.random.Generator) -> dict[str, Any]:
    if len(codes) > SAMPLED and study.listed is None:
        codes = codes[np.sort(rng.choice(len(codes), SAMPLED, replace=False))]
    scores = study.score(codes)
    found = measure(study.space, codes, scores, study.sizes(codes), size, study.reference, rng)
    sign = study.benchmark.direction(study.measured)
    in_its_unit = {"mean_accuracy": sign * float(scores.mean()), "max_accuracy": sign * float(scores.max())}
    return {**found, **in_its_unit}


def summarize(study: ShrinkStudy, results: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The content of ``summary.json``: for every method the mean of each measure over seeds and its standard error."""
    methods = {}
    for name, seeds in results.items():
        if not seeds:
            continue
        means: dict[str, Any] = {}
        for measure_name in seeds[0]:
            values = [seed[measure_name] for seed in seeds]
            label = "size_mean" if measure_name == "size" else measure_name
            known = all(value is not None for value in values)
            means[label] = float(np.mean(values)) if known else None
            if known and len(values) > 1 and measure_name != "best_kept":
                means[f"{label}_sem"] = float(np.std(values, ddof=1) / np.sqrt(len(values)))
        methods[name] = {**means, "reduction": study.number / means["size_mean"]}
    return {
        "search_space": study.search_space,
        "dataset": study.dataset,
        "metric": study.measured,
        "epoch": study.benchmark.resolve(study.measured, study.epoch),
        "size": study.number,
        "wanted_size": study.members,
        "seeds": study.seeds,
        "labels": study.num_labels,
        "rounds": study.rounds,
        "predictor": study.predictor,
        "shrink_index": {"n": 10, "k": 2, "good": 0.1},
        "optimum": study.benchmark.optimum(study.measured, study.epoch),
        "methods": methods,
    }


def example(study: ShrinkStudy, seed: int = 0) -> tuple[ShrunkSearchSpace, dict[str, Values]]:
    """The space that LISSNAS keeps with one seed, and true scores (m,) by name: of its members, its rivals' and all."""
    task = Task(study.space, fit(study, seed), study.members, 0, study.benchmark.key, study.size_score)
    first = lissnas(task, stream(seed, "shrink lissnas"))
    task, scores = task._replace(queries=first.queries), {FULL: study.reference.scores}
    for name in SHOWN:
        if name in study.methods:
            rng = stream(seed, f"shrink {name}")
            found = first if name == "lissnas" else shrink_by(name, task, rng)
            scores[name] = study.score(found.codes[:SAMPLED])
    return ShrunkSearchSpace(study.space, first.codes, study.benchmark.key), scores
