"""NAS-Bench-201 and NATS-Bench, NAS-Bench-360's tables in their format, and NASLib's pickles of NAS-Bench-201.

``NAS-Bench-201-v1_*.pth`` and ``NATS-*.pickle.pbz2`` hold

    {"meta_archs": [architecture, ...], "evaluated_indexes": ..., "arch2infos": {index: {schedule: results}}}

with ``schedule`` ``"less"`` and ``"full"`` or ``"12"``, ``"200"``, ...; ``results`` is a dict with ``all_results``,
{(data set, seed): run}, and a run is a dict of ``epochs``, ``flop`` and ``params`` (both in millions), ``latency``
(seconds), curves ``train_acc1es``, ``train_losses``, ``train_times`` by epoch, and ``eval_acc1es``, ``eval_losses`` by
``"<split>@<epoch>"``. A NATS folder (``NATS-tss-v1_0-3ffb9-simple``) has ``meta.pickle.pbz2`` and a file of schedules
for each index.

NASLib's ``nb201_*_full_training.pickle`` is {architecture: {data set: {"train_acc1es": [one an epoch], "eval_acc1es":
..., "cost_info": {"flops", "params", "latency", "train_time"}}}}.

Values are those of the last epoch, the mean over the seeds. ``cifar10/val_accuracy`` is that of ``cifar10-valid``
(trained on half of the training set), ``cifar10/test_accuracy`` that of ``cifar10`` (trained on all of it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from naslib_ext.benchmarks.official.plain_values import Record, number, plain
from naslib_ext.benchmarks.official.rows import Rows, codes_of, merge_by_space
from naslib_ext.benchmarks.official.unpickle import load
from naslib_ext.benchmarks.table import Table
from naslib_ext.errors import DataFileError, InvalidArchitecture
from naslib_ext.search_spaces import CategoricalSearchSpace, Codes, SearchSpace, get_search_space

SOURCE, LICENCE = "NATS-Bench's format (Dong et al., ICLR 2020 and TPAMI 2021; Tu et al., NeurIPS 2022)", "MIT"

SPLITS = {
    ("cifar10-valid", "x-valid"): ("cifar10", "val"),
    ("cifar10", "ori-test"): ("cifar10", "test"),
    ("cifar100", "x-valid"): ("cifar100", "val"),
    ("cifar100", "x-test"): ("cifar100", "test"),
    ("ImageNet16-120", "x-valid"): ("ImageNet16-120", "val"),
    ("ImageNet16-120", "x-test"): ("ImageNet16-120", "test"),
    ("ninapro", "ori-test"): ("ninapro", "test"),
    ("darcyflow", "ori-test"): ("darcyflow", "test"),
}
"""Data set and split of a run -> data set and split of the column. Other splits overlap with these."""

PREFIXES = {
    "cifar10-valid": "cifar10",
    **{name: name for name in ("cifar100", "ImageNet16-120", "ninapro", "darcyflow")},
}
"""Data set of a run -> data set of the columns of training and cost: for CIFAR-10 the run that a search pays for."""

REGRESSION = ("darcyflow",)
"""Data sets whose accuracy is only 1 - loss; the loss, a relative L2 error, is what counts."""

NASLIB_NAMES = {"cifar10-valid": "cifar10"}
NATS_SIZES = range(8, 65, 8)
"""Channels of a layer in the size space."""

RUN = "eval_acc1es"
"""The key that tells a run from other dicts."""


def read(paths: list[Path]) -> list[Table]:
    """The tables of NAS-Bench-201, NATS-Bench, NAS-Bench-360 and NASLib files, one a search space.

    Raises ``DataFileError`` naming the file and, where it is known, the architecture.
    """
    return merge_by_space(_read_folder(path) if path.is_dir() else _read_file(path) for path in paths)


def _read_file(path: Path) -> Table:
    content = load(path, _shrink)
    if not isinstance(content, dict) or not content:
        raise DataFileError(f"{path}: expected a dict, got {type(content).__name__}")
    if "arch2infos" in content:
        archs, infos = content.get("meta_archs"), content["arch2infos"]
        if not isinstance(archs, list) or not isinstance(infos, dict):
            raise DataFileError(f"{path}: meta_archs or arch2infos is missing")
        places = sorted(infos)
        if any(not isinstance(place, int) or not 0 <= place < len(archs) for place in places):
            raise DataFileError(f"{path}: arch2infos has indexes that meta_archs lacks")
        return _table(path, [archs[place] for place in places], (infos[place] for place in places))
    if all(isinstance(name, str) and "~" in name for name in content):
        return _naslib_table(path, content)
    keys = ", ".join(map(str, content))[:80]
    raise DataFileError(f"{path}: neither NAS-Bench-201, NATS-Bench nor NASLib's; its keys are {keys}")


def _read_folder(folder: Path) -> Table:
    meta = load(folder / "meta.pickle.pbz2")
    archs = meta.get("meta_archs") if isinstance(meta, dict) else None
    if not isinstance(archs, list):
        raise DataFileError(f"{folder / 'meta.pickle.pbz2'}: meta_archs is missing")
    files = sorted(path for path in folder.glob("*.pickle.pbz2") if path.name.split(".")[0].isdigit())
    places = [int(path.name.split(".")[0]) for path in files]
    if not places or max(places) >= len(archs):
        raise DataFileError(f"{folder}: files {len(places)}, architectures {len(archs)}")
    return _table(folder, [archs[place] for place in places], (load(path, _shrink) for path in files))


def _table(where: Path, archs: list[str], infos: Iterable[Any]) -> Table:
    space, codes = _codes(where, archs)
    rows = Rows()
    for row, (arch, info) in enumerate(zip(archs, infos, strict=True)):
        try:
            values = [_schedule_columns(results) for results in info.values()]
            rows.put(row, {name: value for columns in values for name, value in columns.items()})
        except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
            raise DataFileError(f"{where}: architecture {arch}: {type(error).__name__}: {error}") from error
    return rows.table(str(where), space, codes, SOURCE, LICENCE)


def _codes(where: Path, archs: list[str]) -> tuple[SearchSpace, Codes]:
    space: SearchSpace
    if archs and all(isinstance(arch, str) and re.fullmatch(r"\d+(:\d+)+", arch) for arch in archs):
        space = CategoricalSearchSpace("natsbenchsize", [len(NATS_SIZES)] * (archs[0].count(":") + 1))
        return space, codes_of(str(where), space, archs, lambda arch: space.from_spec(_sizes(arch)))
    space = get_search_space("nasbench201")
    return space, codes_of(str(where), space, archs, space.from_string)


def _sizes(arch: str) -> list[int]:
    channels = [int(text) for text in arch.split(":")]
    if any(count not in NATS_SIZES for count in channels):
        raise InvalidArchitecture(f"natsbenchsize: not an architecture: {arch!r}")
    return [NATS_SIZES.index(count) for count in channels]


# one run, shrunk as soon as it is read


def _shrink(items: dict[Any, Any]) -> bool:
    """Leaves the last epoch of a run; true for the results of an architecture and for one of NASLib's entries."""
    if RUN in items and "epochs" in items:
        summary = _summary(items)
        items.clear()
        items.update(summary)
        return False
    if RUN in items and "cost_info" in items:
        for name in ("train_acc1es", "train_losses", RUN, "eval_losses", "train_times"):
            curve = plain(items.get(name))
            if isinstance(curve, list) and curve:
                items[name] = [len(curve), curve[-1], sum(curve) if name == "train_times" else 0.0]
        return True
    return "all_results" in items


def _summary(run: Mapping[str, Any]) -> dict[str, Any]:
    """The last values of a run under its own keys, ``train_times`` as their sum."""
    epochs = run["epochs"]
    last = f"@{epochs - 1}"
    kept: dict[str, Any] = {"epochs": epochs, "flop": number(run["flop"]), "params": number(run["params"])}
    latency = plain(run.get("latency"))
    kept["latency"] = float(np.mean(latency)) if isinstance(latency, list) and latency else np.nan
    times = run.get("train_times")
    kept["train_times"] = float(sum(times.values())) if isinstance(times, dict) and times else np.nan
    for name in ("train_acc1es", "train_losses"):
        kept[name] = number((run.get(name) or {}).get(epochs - 1))
    for name in (RUN, "eval_losses"):
        ends = {key: value for key, value in run[name].items() if str(key).endswith(last)}
        kept[name] = {key[: -len(last)]: number(value) for key, value in ends.items()}
    return kept


def _schedule_columns(results: Any) -> dict[str, float]:
    """Columns of one training schedule, the mean over its seeds."""
    if isinstance(results, Record):
        results = results.attributes
    values: dict[str, list[float]] = {}
    for (dataset, _), run in results["all_results"].items():
        stored = run.attributes if isinstance(run, Record) else run
        summary = _summary(stored) if isinstance(stored.get("train_acc1es"), dict) else stored
        for name, value in _run_columns(dataset, summary).items():
            values.setdefault(f"{name}@{summary['epochs']}" if "@" not in name else name[:-1], []).append(value)
    return {name: float(np.mean(known)) for name, seen in values.items() if (known := [v for v in seen if v == v])}


def _run_columns(dataset: str, run: Mapping[str, Any]) -> dict[str, float]:
    """Columns of one run; those whose name ends with ``@`` hold for every schedule."""
    columns: dict[str, float] = {}
    measures = [("loss", "losses")] if dataset in REGRESSION else [("accuracy", "acc1es"), ("loss", "losses")]
    for measure, key in measures:
        for split, value in run[f"eval_{key}"].items():
            if (dataset, split) in SPLITS:
                name, part = SPLITS[dataset, split]
                columns[f"{name}/{part}_{measure}"] = value
        if dataset in PREFIXES:
            columns[f"{PREFIXES[dataset]}/train_{measure}"] = run[f"train_{key}"]
    if dataset in PREFIXES:
        prefix = PREFIXES[dataset]
        columns[f"{prefix}/train_time_s"] = run["train_times"]
        columns[f"{prefix}/flops@"], columns[f"{prefix}/params@"] = run["flop"], run["params"]
        columns[f"{prefix}/latency_ms@"] = 1000 * run["latency"]
    return columns


# NASLib's pickles


def _naslib_table(path: Path, content: dict[str, Any]) -> Table:
    space, codes = _codes(path, list(content))
    rows = Rows()
    for row, (arch, datasets) in enumerate(content.items()):
        try:
            values = [_naslib_columns(NASLIB_NAMES.get(name, name), entry) for name, entry in datasets.items()]
            rows.put(row, {name: value for columns in values for name, value in columns.items()})
        except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
            raise DataFileError(f"{path}: architecture {arch}: {type(error).__name__}: {error}") from error
    return rows.table(str(path), space, codes, "NASLib's pickles of NAS-Bench-201 (Dong and Yang, ICLR 2020)", "MIT")


def _naslib_columns(dataset: str, entry: Mapping[str, Any]) -> dict[str, float]:
    """Columns of one architecture on one data set. NASLib's validation and test accuracy are this one number."""
    epochs, accuracy, _ = entry[RUN]
    cost = entry["cost_info"]
    seconds = entry["train_times"][2] if entry.get("train_times") else number(cost.get("train_time"))
    columns = {f"val_accuracy@{epochs}": accuracy, f"train_time_s@{epochs}": seconds}
    for name, key in (("train_accuracy", "train_acc1es"), ("train_loss", "train_losses"), ("val_loss", "eval_losses")):
        if entry.get(key):
            columns[f"{name}@{epochs}"] = entry[key][1]
    columns |= {"flops": cost.get("flops"), "params": cost.get("params")}
    if cost.get("latency") is not None:
        columns["latency_ms"] = 1000 * number(cost["latency"])
    return {f"{dataset}/{name}": number(value) for name, value in columns.items()}
