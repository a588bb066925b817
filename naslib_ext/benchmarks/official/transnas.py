"""TransNAS-Bench-101 (Duan et al., CVPR 2021): ``transnas-bench_v10141024.pth``.

The file is a ``torch.save`` of {"data": {"micro" | "macro": {architecture: {task: result}}}, "metrics_dict": ...,
"info_names": ..., "task_list": ...}; a result has ``metrics``, {name: [one value an epoch]}, and ``model_info``.

Values are those of the last epoch. ``valid_top1`` becomes ``val_accuracy``; the tasks that are no classification keep
the name of their measure: ``val_ssim`` (autoencoder, normal), ``val_neg_loss`` (room_layout), ``val_acc`` and
``val_mIoU`` (segmentsemantic).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from naslib_ext.benchmarks.official.plain_values import number, plain
from naslib_ext.benchmarks.official.rows import Rows, codes_of, merge_by_space
from naslib_ext.benchmarks.official.unpickle import load
from naslib_ext.benchmarks.table import Table
from naslib_ext.errors import DataFileError
from naslib_ext.search_spaces import get_search_space

SOURCE, LICENCE = "TransNAS-Bench-101 (Duan et al., CVPR 2021)", "not stated"

SPACES = {"micro": "transbench101_micro", "macro": "transbench101_macro"}
SPLITS = {"train": "train", "valid": "val", "test": "test"}
MEASURES = {"top1": "accuracy"}

COSTS = {"model_params": "params", "model_FLOPs": "flops"}
"""Name in ``model_info`` -> metric."""


def read(paths: list[Path]) -> list[Table]:
    """The tables of both search spaces. Raises ``DataFileError`` naming the file and the architecture."""
    return merge_by_space(table for path in paths for table in _read_file(path))


def _read_file(path: Path) -> list[Table]:
    content = load(path, _shrink)
    data = content.get("data") if isinstance(content, dict) else None
    if not isinstance(data, dict) or not set(data) & set(SPACES):
        raise DataFileError(f"{path}: not TransNAS-Bench-101: no 'data' of micro or macro")
    tables = []
    for part in [part for part in SPACES if data.get(part)]:
        space = get_search_space(SPACES[part])
        codes = codes_of(str(path), space, data[part], space.from_string)
        rows = Rows()
        for row, (arch, tasks) in enumerate(data[part].items()):
            try:
                columns = {task: _columns(result) for task, result in tasks.items()}
                rows.put(row, {f"{task}/{name}": v for task, values in columns.items() for name, v in values.items()})
            except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
                raise DataFileError(f"{path}: architecture {arch}: {type(error).__name__}: {error}") from error
        tables.append(rows.table(str(path), space, codes, SOURCE, LICENCE))
    return tables


def _shrink(items: dict[Any, Any]) -> bool:
    """Leaves the last epoch of each curve of a result, which is complete then."""
    if not isinstance(items.get("metrics"), dict):
        return False
    curves = {name: plain(curve) for name, curve in items["metrics"].items()}
    items["metrics"] = {name: curve[-1:] for name, curve in curves.items() if isinstance(curve, list)}
    return True


def _columns(result: Mapping[str, Any]) -> dict[str, float]:
    columns = {}
    for name, curve in result["metrics"].items():
        split, _, measure = name.partition("_")
        if curve and split in SPLITS:
            columns[f"{SPLITS[split]}_{MEASURES.get(measure, measure)}"] = number(curve[-1])
        elif curve and name == "time_elapsed":
            columns["train_time_s"] = number(curve[-1])
    info = result.get("model_info") or {}
    return columns | {metric: number(info[name]) for name, metric in COSTS.items() if name in info}
