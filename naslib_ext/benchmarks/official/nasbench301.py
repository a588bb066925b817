"""NAS-Bench-301 (Zela et al., ICLR 2022): NASLib's ``nb301_full_training.pickle``, trained architectures.

The file is {NASLib's compact tuple: {"val_accuracies": [one an epoch], "train_losses": ..., "runtime": seconds}}. These
are measurements; the folders of surrogate models are read by ``nasbench301_models``.

``val_accuracy`` is that of the last epoch, under the number of epochs (``val_accuracy@98``), so that it stays apart
from predictions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from naslib_ext.benchmarks.official.plain_values import number, plain
from naslib_ext.benchmarks.official.rows import Rows, codes_of, merge
from naslib_ext.benchmarks.official.unpickle import load
from naslib_ext.benchmarks.table import Table
from naslib_ext.errors import DataFileError
from naslib_ext.search_spaces import get_search_space

SOURCE, LICENCE = "NAS-Bench-301's trained architectures (Zela et al., ICLR 2022), NASLib's pickle", "Apache-2.0"

CURVES = {"val_accuracy": "val_accuracies", "train_loss": "train_losses"}


def read(paths: list[Path]) -> list[Table]:
    """The table of the trained architectures. Raises ``DataFileError`` naming the file and the architecture."""
    return [merge(_read_file(path) for path in paths)]


def _read_file(path: Path) -> Table:
    content = load(path)
    if not isinstance(content, dict) or not content:
        raise DataFileError(f"{path}: expected a dict of architectures, got {type(content).__name__}")
    space = get_search_space("nasbench301")
    codes = codes_of(str(path), space, content, space.from_spec)
    rows = Rows()
    for row, (arch, entry) in enumerate(content.items()):
        try:
            rows.put(row, {f"cifar10/{name}": value for name, value in _columns(entry).items()})
        except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
            raise DataFileError(f"{path}: architecture {arch}: {type(error).__name__}: {error}") from error
    return rows.table(str(path), space, codes, SOURCE, LICENCE)


def _columns(entry: dict[str, Any]) -> dict[str, float]:
    curves = {metric: plain(entry[name]) for metric, name in CURVES.items() if name in entry}
    columns = {f"{metric}@{len(curve)}": number(curve[-1]) for metric, curve in curves.items()}
    if "runtime" in entry:
        columns["train_time_s"] = number(entry["runtime"])
    return columns
