"""Supernets on shrunk spaces (LISSNAS, section 5.1, Table 3): does weight sharing rank better in fewer architectures?

    study = OneShotStudy("digits", seeds=5)
    run_study(study, Path("one-shot"))          # goes on where it stopped

Three supernets are trained alike, for as many steps: on all architectures of the table, on those that LISSNAS keeps,
and on as many random ones. Each is compared with the table on the same three groups of architectures.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from naslib_ext.atomic import write_atomically, write_json
from naslib_ext.benchmarks import Benchmark, load_benchmark
from naslib_ext.benchmarks.images import ImageDataset
from naslib_ext.benchmarks.made_images import load_images
from naslib_ext.benchmarks.schedule import CARRIED_SCHEDULE, Schedule
from naslib_ext.errors import ConfigError, DataFileError, UnknownName
from naslib_ext.experiments.kept import read_kept
from naslib_ext.experiments.one_shot.shrunk_report import summarize
from naslib_ext.experiments.one_shot.shrunk_training import Machine, PathTraining
from naslib_ext.experiments.shrinkage.study import ShrinkStudy, example
from naslib_ext.optimizers import get_optimizer
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.search_spaces.distinct import key_forms
from naslib_ext.shrinkage import ShrunkSearchSpace
from naslib_ext.state_file import decode_state, encode_state

Values = NDArray[np.float64]
Groups = dict[str, Codes]

FULL, LISSNAS, RANDOM = "full", "lissnas", "random"
SUPERNETS = (FULL, LISSNAS, RANDOM)
"""What the paths of each supernet are drawn from: the whole space, LISSNAS's members, as many random ones."""
METRIC = "val_accuracy"
TOP = 10
"""Architectures whose mean accuracy is reported beside the best one's."""

SUPERNET_SCHEDULE = replace(CARRIED_SCHEDULE, epochs=20)
"""The carried tables' networks and training, ten times as long, as all architectures share it."""


@dataclass(frozen=True)
class OneShotStudy:
    """A NAS-Bench-201 table whose images can be trained on; seeds ``0..seeds-1``.

    Args:
        dataset: of the table, and of ``load_images``.
        seeds: repetitions, each with its own labels, shrunk spaces and supernets.
        size: members of a shrunk space.
        labels: architectures whose table values LISSNAS's predictor learns from.
        measured: architectures of each group at most, drawn once, at every measurement.
        every: epochs between measurements; the last epoch is always one.
        schedule: how a supernet is trained, and how large it is.
        other: another data set of the same space, whose table is compared as well, where it is there; ``""`` for none.
        data_dir: where the tables are; ``None`` as for ``load_benchmark``.
        machine: where it runs.

    Raises ``ConfigError`` where there would be no seed, no member, nothing measured.
    """

    dataset: str = "digits"
    seeds: int = 5
    size: int = 300
    labels: int = 300
    measured: int = 100
    every: int = 5
    schedule: Schedule = SUPERNET_SCHEDULE
    other: str = "cifar10"
    data_dir: str | None = None
    machine: Machine = field(default_factory=Machine)

    def __post_init__(self) -> None:
        for name in ("seeds", "size", "labels", "measured", "every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}: expected at least 1, got {getattr(self, name)}")

    @cached_property
    def shrinking(self) -> ShrinkStudy:
        """How LISSNAS shrinks: as in ``naslib-ext shrink``."""
        return ShrinkStudy(
            "nasbench201", self.dataset, METRIC, labels=self.labels, size=self.size, methods=(LISSNAS,),
            data_dir=self.data_dir,
        )  # fmt: skip

    @property
    def benchmark(self) -> Benchmark:
        """The table."""
        return self.shrinking.benchmark

    @property
    def space(self) -> SearchSpace:
        """The whole space."""
        return self.benchmark.space

    @cached_property
    def tables(self) -> dict[str, Benchmark]:
        """The tables to compare with, by data set."""
        tables = {self.dataset: self.benchmark}
        if self.other and self.other != self.dataset:
            with suppress(DataFileError, UnknownName):  # not everybody has it
                tables[self.other] = load_benchmark("nasbench201", self.other, data_dir=self.data_dir)
        return tables

    @cached_property
    def architectures(self) -> Codes:
        """(n, 6) every architecture that the table tells apart, once."""
        return np.unique(key_forms(self.space, self.space.enumerate(), self.benchmark.key), axis=0)

    def fingerprint(self) -> dict[str, Any]:
        """What a seed's results depend on."""
        values = asdict(self)
        for name in ("seeds", "data_dir"):
            del values[name]
        return {**values, "tables": sorted(self.tables), "machine": [self.machine.place.type, self.machine.mixed]}


def run_study(
    study: OneShotStudy, out: Path, images: ImageDataset | None = None, tell: Callable[[int], None] | None = None
) -> dict[str, Any]:
    """Trains and measures every supernet of every seed; returns and writes ``out/summary.json``.

    What ``out`` holds of the same study is not done again; a supernet goes on from its newest epoch that is kept.

    Args:
        study: what to do.
        out: folder; ``study.json`` is the study, ``seed-0/lissnas.npz`` the shrunk space, ``seed-0/full.json`` what was
            measured, and so on.
        images: to train on instead of ``load_images(study.dataset)``: anybody's own, to be compared with the table.
        tell: called with the number of epochs finished, those found in ``out`` included.

    Raises ``RunFolderError`` where ``out`` holds results of another study.
    """
    images = images or load_images(study.dataset)
    fingerprint = {**study.fingerprint(), "images": images.fingerprint}
    if read_kept(out / "study.json", fingerprint) is None:
        write_json(out / "study.json", {"study": fingerprint})
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in SUPERNETS}
    for seed in range(study.seeds):
        folder = out / f"seed-{seed}"
        groups: Groups | None = None
        for name in SUPERNETS:
            result = read_kept(folder / f"{name}.json", fingerprint)
            if result is None:
                groups = groups or member_groups(study, seed, folder)
                result = _run(study, seed, name, groups, images, folder, tell)
                content = {"study": fingerprint, **result}
                write_json(folder / f"{name}.json", content)
                (folder / f"{name}.checkpoint").unlink(missing_ok=True)
            elif tell is not None:
                tell(study.schedule.epochs)
            results[name].append(result)
    summary = {**study.fingerprint(), "seeds": study.seeds, **summarize(results)}
    write_json(out / "summary.json", summary)
    return summary


def member_groups(study: OneShotStudy, seed: int, folder: Path) -> Groups:
    """What the supernets are trained on: codes (m, 6) by name; LISSNAS's are kept in ``folder``."""
    path = folder / f"{LISSNAS}.npz"
    if path.is_file():
        shrunk = ShrunkSearchSpace.load(path)
    else:
        shrunk = example(study.shrinking, seed)[0]
        shrunk.save(path)
    every = study.architectures
    rows = stream(seed, "random members").choice(len(every), min(shrunk.size, len(every)), replace=False)
    return {FULL: every, LISSNAS: shrunk.enumerate(), RANDOM: every[np.sort(rows)]}


def _run(
    study: OneShotStudy, seed: int, name: str, groups: Groups, images: ImageDataset, folder: Path,
    tell: Callable[[int], None] | None,
) -> dict[str, Any]:  # fmt: skip
    """One supernet from its newest checkpoint to its end: measurements, and what it finds."""
    training = PathTraining(study.space, groups[name], images, study.schedule, seed, study.machine)
    checkpoint = folder / f"{name}.checkpoint"
    measures: list[dict[str, Any]] = []
    if checkpoint.is_file():
        state = decode_state(checkpoint.read_bytes(), str(checkpoint))
        training.load_state(state["training"])
        measures = state["measures"]
        if tell is not None:
            tell(training.epoch)
    rng = stream(seed, "measured")
    drawn = {group: codes[_some(len(codes), study.measured, rng)] for group, codes in groups.items()}
    while training.epoch < study.schedule.epochs:
        training.train_epoch()
        if training.epoch % study.every == 0 or training.epoch == study.schedule.epochs:
            agreement = {group: compare(study, codes, training.accuracies(codes)) for group, codes in drawn.items()}
            measures.append({"steps": training.epoch * training.steps_an_epoch, "groups": agreement})
            write_atomically(checkpoint, encode_state({"training": training.state(), "measures": measures}))
        if tell is not None:
            tell(1)
    found = pick(study, *search(study, groups[name], training, seed))
    return {"measures": measures, "found": found}


def search(study: OneShotStudy, members: Codes, training: PathTraining, seed: int) -> tuple[Codes, Values]:
    """Up to ``study.size`` of the ``members`` (m, 6) and their accuracies with shared weights.

    All of them where they are as few; else by regularized evolution, as in section 3.4 of Guo et al.
    """
    if len(members) <= study.size:
        return members, training.accuracies(members)
    key = study.benchmark.key
    optimizer = get_optimizer("re")().bind(study.space, seed, study.size, key)
    codes, shared = [], []
    while len(asked := optimizer.ask(1)):
        codes.append(key_forms(study.space, asked, key))
        shared.append(training.accuracies(codes[-1]))
        optimizer.tell(asked, shared[-1])
    return np.concatenate(codes), np.concatenate(shared)


def _some(n: int, most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.sort(rng.choice(n, min(n, most), replace=False))


def compare(study: OneShotStudy, codes: Codes, shared: Values) -> dict[str, dict[str, float | None]]:
    """By data set the correlations of ``shared`` (n,), accuracies with shared weights, with the table's."""
    return {
        dataset: {
            "pearson": _correlation(stats.pearsonr, shared, table.score(codes, METRIC)),
            "kendalltau": _correlation(stats.kendalltau, shared, table.score(codes, METRIC)),
        }
        for dataset, table in study.tables.items()
    }


def _correlation(measure: Callable[..., Any], a: Values, b: Values) -> float | None:
    """``None`` where one of them is constant."""
    return float(measure(a, b)[0]) if np.ptp(a) > 0 and np.ptp(b) > 0 else None


def pick(study: OneShotStudy, candidates: Codes, shared: Values) -> dict[str, Any]:
    """What the supernet takes for the best of ``candidates`` (n, 6), and what the table says to it.

    Equal accuracies with shared weights go to the earlier one. ``mean`` and ``best`` are the table's of all candidates.
    """
    order = np.argsort(-shared, kind="stable")
    true = study.benchmark.query(candidates, METRIC)
    test_metric = study.benchmark.test_metric(METRIC)
    found = candidates[order[:1]]
    return {
        "code": found[0].tolist(),
        "evaluations": len(candidates),
        "shared_accuracy": float(shared[order[0]]),
        METRIC: float(true[order[0]]),
        "test_accuracy": float(study.benchmark.query(found, test_metric)[0]) if test_metric else None,
        f"top_{TOP}": float(true[order[:TOP]].mean()),
        "mean": float(true.mean()),
        "best": float(true.max()),
    }
