"""Files of the published benchmarks as tables: one module a format, read in a process of their own.

``import_files`` is what ``naslib-ext data import KIND FILES...`` runs. A reader takes paths and gives tables; pickles
are read by ``unpickle`` alone, which runs nothing of what they name.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from naslib_ext.atomic import write_atomically
from naslib_ext.benchmarks.official.rows import merge
from naslib_ext.benchmarks.table import Table, load_table, save_table
from naslib_ext.errors import DataFileError
from naslib_ext.registry import unknown_name

logger = logging.getLogger(__name__)

KINDS = {
    "nasbench101": "NAS-Bench-101: nasbench_only108.tfrecord, nasbench_full.tfrecord, NASLib's pickle",
    "nasbench201": "NAS-Bench-201: NAS-Bench-201-v1_*.pth, NASLib's pickles",
    "natsbench": "NATS-Bench: NATS-*.pickle.pbz2 or its folder",
    "nasbench301": "NAS-Bench-301: model folders, NASLib's pickle",
    "nasbench360": "NAS-Bench-360 on NAS-Bench-201: ninapro and darcyflow",
    "transbench101": "TransNAS-Bench-101: transnas-bench_v10141024.pth",
    "suite_zero": "NAS-Bench-Suite-Zero: zc_<space>.json",
}
"""Kind of file -> what it stands for."""

FAILED = 3
"""The child's exit status for a file that it cannot read; its last line says why."""


def import_files(kind: str, files: list[Path], folder: Path) -> list[Path]:
    """Reads ``files`` of one kind and puts what they hold into ``folder``; the files written or added to.

    A table that is already there keeps its other columns and architectures.

    Raises ``DataFileError`` naming the file and the place in it, and writes nothing then; ``UnknownName`` for a kind
    that there is not.
    """
    if kind not in KINDS:
        raise unknown_name("kind of file", kind, KINDS)
    with TemporaryDirectory(prefix="naslib_ext_") as name:
        _read_in_child(kind, files, Path(name))
        made = sorted(Path(name).glob("*.npz"))
        if not made:
            raise DataFileError(f"{', '.join(map(str, files))}: nothing in them")
        tables = [_together(path, folder) for path in made if path.with_suffix(".json").is_file()]
        others = [path for path in made if not path.with_suffix(".json").is_file()]
        try:
            return [save_table(table, folder) for table in tables] + [_copied(path, folder) for path in others]
        except OSError as error:
            raise DataFileError(f"{folder}: cannot write there: {error}") from error


def _read_in_child(kind: str, files: list[Path], folder: Path) -> None:
    """Runs ``child`` on the files, so that whatever a hostile or huge file does ends with that process."""
    command = [sys.executable, "-m", "naslib_ext.benchmarks.official.child", kind, str(folder), *map(str, files)]
    result = subprocess.run(command, stderr=subprocess.PIPE, env=_environment(), check=False, text=True)
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    if result.returncode == FAILED and lines:
        raise DataFileError(lines[-1])
    if result.returncode:
        how = f"signal {-result.returncode}" if result.returncode < 0 else f"status {result.returncode}"
        hint = "too little memory?" if result.returncode == -9 else lines[-1] if lines else "no message"
        raise DataFileError(f"{', '.join(map(str, files))}: the reader ended with {how}: {hint}")
    for line in lines:
        logger.warning("%s", line)


def _environment() -> dict[str, str]:
    """The caller's, with this package on the path wherever it was imported from."""
    root = str(Path(__file__).parents[3])
    known = os.environ.get("PYTHONPATH")
    return os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{known}" if known else root}


def _together(path: Path, folder: Path) -> Table:
    """The table at ``path``, with what ``folder`` already has of its space."""
    table, target = load_table(path), folder / path.name
    if target.is_file():
        if not target.with_suffix(".json").is_file():
            raise DataFileError(f"{target} is there and has no manifest; import into another folder")
        known = load_table(target)
        if known.key != table.key:
            raise DataFileError(f"{target} has its rows by {known.key}, these files by {table.key}; use another folder")
        table = merge([known, table])
    for dataset in table.datasets:
        table.benchmark(dataset)  # a table that cannot be used is not written
    return table


def _copied(path: Path, folder: Path) -> Path:
    write_atomically(folder / path.name, path.read_bytes())
    return folder / path.name
