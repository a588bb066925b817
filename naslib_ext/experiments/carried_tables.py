"""How the tables that the package carries are made: every NAS-Bench-201 cell really trained on two small data sets.

    build(Path("build/carried"), workers=2)     # goes on where it stopped; then save_table(assemble(...), CARRIED)

The work is cut into shards, one file each, written when it is finished. A shard is one group of cells trained side by
side on one data set with one seed, or timed, or scored by one zero-cost proxy.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from naslib_ext.atomic import write_atomically
from naslib_ext.benchmarks.grouped_training import train_group
from naslib_ext.benchmarks.images import ImageDataset
from naslib_ext.benchmarks.made_images import load_images
from naslib_ext.benchmarks.schedule import CARRIED_SCHEDULE as SCHEDULE
from naslib_ext.benchmarks.schedule import isolated_torch
from naslib_ext.benchmarks.table import Table, read_arrays
from naslib_ext.experiments.executors import execute
from naslib_ext.networks import build_network
from naslib_ext.proxies import list_proxies, score
from naslib_ext.search_spaces import Codes, get_search_space

Arrays = dict[str, NDArray[Any]]

SPACE = get_search_space("nasbench201")
DATASETS = ("digits", "shapes")
GROUP = 128
"""Cells in a shard. More are hardly faster together, and take memory."""
TIMED_STEPS = 5
PROXY_SETTINGS: dict[str, Any] = {"image_size": 8, "batch_size": 32}

LICENCE = "Apache-2.0 (the digits: CC BY 4.0, UCI, E. Alpaydin and C. Kaynak)"
SOURCE = "trained with this package: runners/benchmark/runner.py"


class Shard(NamedTuple):
    """A piece of work: ``kind`` is "train", "time" or a proxy's name; ``part`` is the group of cells."""

    kind: str
    part: int
    dataset: str = ""
    seed: int = 0

    def path(self, folder: Path) -> Path:
        """Where its result lies."""
        name = "-".join(str(value) for value in (self.kind, self.dataset, self.seed, self.part) if value != "")
        return folder / f"{name}.npz"


@lru_cache
def cells() -> Codes:
    """(6466, 6) the canonical codes: one of every kind of cell that the benchmark counts as distinct."""
    return np.unique(SPACE.canonical(SPACE.enumerate()), axis=0)


def shards(seeds: int) -> list[Shard]:
    """All pieces, trainings first, seed by seed, so that a build that is cut short has whole seeds."""
    parts = range(-(-len(cells()) // GROUP))
    trainings = [Shard("train", part, data, seed) for seed in range(seeds) for data in DATASETS for part in parts]
    others = [Shard(kind, part) for kind in ("time", *list_proxies()) for part in parts]
    return trainings + others


def build(folder: Path, seeds: int = 2, workers: int | None = None) -> None:
    """Does every shard that has no file in ``folder`` yet, with a progress bar."""
    wanted = shards(seeds)
    missing = [shard for shard in wanted if not shard.path(folder).is_file()]
    jobs = [(folder, shard) for shard in missing]
    with tqdm(total=len(wanted), initial=len(wanted) - len(missing), unit="shard") as bar:
        for _ in execute(_run, jobs, workers=workers, chunk=1):
            bar.update()


def _run(job: tuple[Path, Shard]) -> None:
    folder, shard = job
    codes = cells()[shard.part * GROUP : (shard.part + 1) * GROUP]
    started = time.process_time()
    if shard.kind == "train":
        arrays = train_group(SPACE, codes, _images(shard.dataset), SCHEDULE, shard.seed)._asdict()
    elif shard.kind == "time":
        arrays = {"seconds": np.array([_seconds(code) for code in codes], dtype=np.float32)}
    else:
        settings = {**PROXY_SETTINGS, "sizes": {**SCHEDULE.network, "in_channels": 1}}
        arrays = {"score": score(SPACE, codes, shard.kind, **settings)}
    buffer = io.BytesIO()
    np.savez(buffer, cpu_seconds=time.process_time() - started, **arrays)  # type: ignore[arg-type]
    write_atomically(shard.path(folder), buffer.getvalue())


@lru_cache
def _images(dataset: str) -> ImageDataset:
    return load_images(dataset)


def _seconds(code: Codes) -> float:
    """Seconds that a training of the cell alone takes on one core: its fastest step of a few, times all steps."""
    images, labels = _images(DATASETS[0]).train
    steps = SCHEDULE.epochs * -(-len(labels) // SCHEDULE.batch_size)
    with isolated_torch(0, torch.device("cpu")):
        network = build_network(SPACE, code, **SCHEDULE.network, in_channels=1)
        optimizer = torch.optim.SGD(network.parameters(), SCHEDULE.lr, SCHEDULE.momentum, nesterov=True)
        times = []
        for batch in range(1 + TIMED_STEPS):
            rows = slice(batch * SCHEDULE.batch_size, (batch + 1) * SCHEDULE.batch_size)
            started = time.perf_counter()
            optimizer.zero_grad()
            cross_entropy(network(images[rows]), labels[rows]).backward()
            optimizer.step()
            times.append(time.perf_counter() - started)
    return steps * min(times[1:])


def assemble(folder: Path, seeds: int = 2) -> Table:
    """The table of all finished shards. Raises ``DataFileError`` where one is missing."""
    columns: Arrays = {}
    for dataset in DATASETS:
        columns |= {f"{dataset}/{name}": values for name, values in _accuracies(folder, dataset, seeds)}
    columns["train_time_s"] = _joined(folder, "time")["seconds"]
    columns |= {kind: _joined(folder, kind)["score"].astype(np.float32) for kind in list_proxies()}
    return Table(SPACE, cells(), columns, list(DATASETS), "canonical", source=SOURCE, licence=LICENCE)


def _accuracies(folder: Path, dataset: str, seeds: int) -> Iterator[tuple[str, NDArray[Any]]]:
    """Columns of one data set: means over the seeds, and each seed's own accuracies."""
    last = SCHEDULE.epochs
    runs = [_joined(folder, "train", dataset, seed) for seed in range(seeds)]
    for seed, run in enumerate(runs):
        yield f"val_accuracy/seed{seed}@{last}", run["val_accuracy"][:, -1]
        yield f"test_accuracy/seed{seed}@{last}", run["test_accuracy"]
    yield f"test_accuracy@{last}", np.mean([run["test_accuracy"] for run in runs], axis=0)
    for epoch in range(1, last + 1):
        for metric in ("val_accuracy", "train_loss"):
            yield f"{metric}@{epoch}", np.mean([run[metric][:, epoch - 1] for run in runs], axis=0)


def _joined(folder: Path, kind: str, dataset: str = "", seed: int = 0) -> Arrays:
    """The arrays of one kind of shards, all cells one after the other."""
    same = [shard for shard in shards(seed + 1) if shard[0] == kind and shard[2:] == (dataset, seed)]
    results = [read_arrays(shard.path(folder)) for shard in same]
    return {name: np.concatenate([result[name] for result in results]) for name in results[0] if name != "cpu_seconds"}
