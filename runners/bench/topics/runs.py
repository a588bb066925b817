"""Runs: the trainer, journal, checkpoint, resuming, import of the package."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

import numpy as np

from naslib_ext.benchmarks import CARRIED, load_benchmark
from naslib_ext.configuration import complete
from naslib_ext.defaults.run_folder import Record, RunFolder
from naslib_ext.defaults.trainer import Trainer
from naslib_ext.optimizers import Optimizer, get_optimizer
from naslib_ext.search_spaces import get_search_space
from naslib_ext.state_file import decode_state, encode_state
from runners.bench.made_up import additive
from runners.bench.meter import Meter, Work


def measure(meter: Meter) -> None:
    _importing(meter)
    with tempfile.TemporaryDirectory() as folder:
        _states(meter)
        _journal(meter, Path(folder))
        _trainer(meter, Path(folder))


def _importing(meter: Meter) -> None:
    """Processor seconds of a new Python that imports a module."""
    for module in ("numpy", "naslib_ext", "naslib_ext.optimizers", "naslib_ext.predictors", "naslib_ext.benchmarks"):
        times, kernels = [], []
        for _ in range(meter.size(5, 1)):
            kernels.append(meter.kernel())
            before = getrusage(RUSAGE_CHILDREN)
            path = str(Path(__file__).parents[3])
            subprocess.run([sys.executable, "-c", f"import sys; sys.path[0] = {path!r}; import {module}"], check=True)
            after = getrusage(RUSAGE_CHILDREN)
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        meter.add(f"start Python and import {module}", min(times), min(kernels))


def _told(observations: int) -> Optimizer:
    space = get_search_space("nasbench301")
    codes = space.sample(observations, np.random.default_rng(0))
    optimizer = get_optimizer("re")().bind(space)
    optimizer.tell(codes, additive(space)(codes))
    return optimizer


def _states(meter: Meter) -> None:
    sizes, many = meter.sizes(100, 1_000, 10_000), meter.size(1_000, 4)

    def write(observations: int) -> Work:
        optimizer = _told(observations)
        return lambda: encode_state(optimizer.state_dict())

    def read(observations: int) -> Work:
        optimizer = _told(observations)
        data = encode_state(optimizer.state_dict())
        return lambda: optimizer.load_state_dict(decode_state(data))

    def tell(observations: int) -> Work:
        return partial(_told, observations)

    for what, work in (("checkpoint to bytes", write), ("checkpoint from bytes", read), ("tell all at once", tell)):
        item = meter.time(f"`re` with {many:,} observations, {what}", work(many), memory=True)
        meter.grow(item, "observations", sizes, work)


def _journal(meter: Meter, folder: Path) -> None:
    number = meter.size(1_000, 4)
    records = [Record(query + 1, [0] * 6, 90.0, 1.0, 0, 0) for query in range(number)]

    def write(count: int, place: Path) -> None:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        with RunFolder(place) as run:
            for record in records[:count]:
                run.append(record)

    item = meter.time("journal, a line written", partial(write, number, folder / "journal"), number)
    meter.grow(
        item, "lines", meter.sizes(10, 100, 1_000), lambda count: partial(write, count, folder / f"journal-{count}")
    )
    write(number, folder / "journal")
    meter.time("journal, a line read", RunFolder(folder / "journal").records, number)


def _trainer(meter: Meter, folder: Path) -> None:
    benchmark, queries = load_benchmark("nasbench201", "digits", data_dir=CARRIED), meter.size(150, 4)

    def settings(name: str, place: Path) -> dict[str, Any]:
        search = {"epochs": queries, "checkpoint_freq": max(2, queries // 3)}
        run = {"search_space": "nasbench201", "dataset": "digits", "optimizer": name, "save": str(place)}
        return complete({**run, "search": search})

    def search(name: str, place: Path, resume: bool) -> None:
        if not resume:
            shutil.rmtree(place, ignore_errors=True)
        config = settings(name, place)
        Trainer(get_optimizer(name)(config), config, benchmark=benchmark).search(resume_from=resume)

    for name in ("rs", "re"):
        work = partial(search, name, folder / name, False)
        meter.time(f"`{name}` in the Trainer, journal and checkpoints, a query", work, queries, memory=True)
        meter.time(f"`{name}` in the Trainer, resume a finished run", partial(search, name, folder / name, True))
