"""NAS-Bench-Suite-Zero (Krishnakumar et al., NeurIPS 2022): ``zc_<space>.json``.

The file is {data set: {architecture: {proxy: {"score": s, "time": t}, ..., "val_accuracy": v}}} where the architecture
is the text of NASLib's tuple for the space, which the file's name says (``zc_nasbench201.json``).

``val_accuracy`` gets the schedule of the benchmark that it was taken from: 200 epochs on NAS-Bench-201, 108 on
NAS-Bench-101, and none elsewhere. On NAS-Bench-301 it is a prediction. ``params`` and ``flops`` become millions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from naslib_ext.benchmarks.official.plain_values import number
from naslib_ext.benchmarks.official.rows import Rows, codes_of, merge, merge_by_space, read_json
from naslib_ext.benchmarks.table import Table
from naslib_ext.errors import DataFileError
from naslib_ext.search_spaces import Codes, SearchSpace, get_search_space

SOURCE, LICENCE = "NAS-Bench-Suite-Zero (Krishnakumar et al., NeurIPS 2022)", "Apache-2.0"

SCHEDULES = {"nasbench201": "@200", "nasbench101": "@108"}
SPACES = ("nasbench101", "nasbench201", "nasbench301", "transbench101_micro", "transbench101_macro")


def read(paths: list[Path]) -> list[Table]:
    """One table a search space. Raises ``DataFileError`` naming the file, data set and architecture."""
    return merge_by_space(_read_file(path) for path in paths)


def _read_file(path: Path) -> Table:
    names = [name for name in SPACES if path.stem.removeprefix("zc_") == name]
    if not names:
        raise DataFileError(f"{path}: expected a file zc_<space>.json of {', '.join(SPACES)}")
    space, content = get_search_space(names[0]), read_json(path)
    if not isinstance(content, dict) or not all(isinstance(archs, dict) for archs in content.values()):
        raise DataFileError(f"{path}: expected {{data set: {{architecture: scores}}}}")
    return merge([_dataset_table(f"{path}: {dataset}", space, dataset, archs) for dataset, archs in content.items()])


def _dataset_table(where: str, space: SearchSpace, dataset: str, archs: dict[str, Any]) -> Table:
    codes = codes_of(where, space, archs, _reader(space))
    rows = Rows()
    for row, (arch, scores) in enumerate(archs.items()):
        try:
            rows.put(row, {f"{dataset}/{name}": value for name, value in _columns(space, scores).items()})
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataFileError(f"{where}: architecture {arch}: {type(error).__name__}: {error}") from error
    return rows.table(where, space, codes, SOURCE, LICENCE)


def _columns(space: SearchSpace, scores: Mapping[str, Any]) -> dict[str, float]:
    return {
        f"{name}{SCHEDULES.get(space.name, '')}" if name == "val_accuracy" else name: number(
            entry["score"] if isinstance(entry, dict) else entry
        )
        for name, entry in scores.items()
    }


def _reader(space: SearchSpace) -> Callable[[str], Codes]:
    """Reads a key: NASLib's tuple as text, with or without inner brackets, or the benchmark's own string."""

    def read_key(key: str) -> Codes:
        if "~" in key or key.startswith("64-"):
            return space.from_string(key)
        numbers = [int(text) for text in re.findall(r"-?\d+", key)]
        if space.name == "nasbench301":
            return space.from_spec(np.reshape(numbers, (2, 8, 2)))
        return space.from_spec(numbers)

    return read_key
