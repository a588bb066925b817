"""NAS-Bench-101 (Ying et al., ICML 2019): the published ``.tfrecord`` files, and NASLib's pickle.

A tfrecord is a sequence of records: length (8 bytes, little endian), its checksum (4), the data, its checksum (4). The
data is a JSON row [hash, epochs, adjacency as a text of bits, operations as a text with commas, metrics], and the
metrics are a base64 text of the protocol buffer

    ModelMetrics: 1 evaluations (repeated), 2 parameters (varint), 3 total seconds (double)
    evaluation:   1 epoch, 2 seconds, 3 train, 4 validation, 5 test accuracy (doubles, accuracies from 0 to 1)

whose evaluations are those at the start, half-way and at the end. There are three rows for each cell and schedule.
tensorflow is not needed.

NASLib's ``nasbench_only108.pkl`` is {hash: [fixed, computed]}: a dict of ``module_adjacency``, ``module_operations``
and ``trainable_parameters``, and {epochs: [run, run, run]} with ``final_validation_accuracy`` and so on in each run.
The same as JSON is read too.

Values are the means of the three runs, in percent; the parameters are in millions.
"""

from __future__ import annotations

import base64
import json
import struct
from array import array
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.benchmarks.official.plain_values import number, plain
from naslib_ext.benchmarks.official.rows import make_table, merge, read_json
from naslib_ext.benchmarks.official.unpickle import load
from naslib_ext.benchmarks.table import Table
from naslib_ext.errors import DataFileError, InvalidArchitecture
from naslib_ext.search_spaces import get_search_space
from naslib_ext.search_spaces.nasbench101 import VERTEX_NAMES, NASBench101SearchSpace

SOURCE, LICENCE = "NAS-Bench-101 (Ying et al., ICML 2019)", "Apache-2.0"
LARGEST_RECORD = 1 << 20

FINAL = {
    "train_time_s": ("final_training_time", 1.0),
    "train_accuracy": ("final_train_accuracy", 100.0),
    "val_accuracy": ("final_validation_accuracy", 100.0),
    "test_accuracy": ("final_test_accuracy", 100.0),
}
"""Metric -> NASLib's name of it and the factor to its unit; in this order, fields 2 to 5 of an evaluation."""

Cell = tuple[bytes, bytes]
"""Adjacency (49 bytes) and vertices (7 bytes, 255 where a smaller cell has none)."""


class _Cells:
    """Cells and the sums over their runs, in flat arrays: the full file has five million runs."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self._matrices, self._vertices, self._parameters = bytearray(), bytearray(), array("d")
        self._sums: dict[int, array[float]] = {}

    def add(self, name: str, cell: Cell, parameters: float) -> int:
        """The place of a new cell."""
        self.places[name] = len(self.places)
        self._matrices += cell[0]
        self._vertices += cell[1]
        self._parameters.append(parameters)
        return self.places[name]

    def add_run(self, place: int, epochs: int, finals: list[float]) -> None:
        """Adds the values of ``FINAL`` of one run."""
        sums, start = self._sums.setdefault(epochs, array("d")), WIDTH * place
        sums.extend([0.0] * (start + WIDTH - len(sums)))
        for field, value in enumerate((*finals, 1.0)):
            sums[start + field] += value

    def table(self, path: Path) -> Table:
        """The means as a table. Raises ``DataFileError`` for what is no cell of the space."""
        n = len(self.places)
        rows = {"cifar10/params": np.asarray(self._parameters) / 1e6}
        for epochs, flat in self._sums.items():
            sums = np.zeros((n, WIDTH))
            sums.ravel()[: len(flat)] = flat
            with np.errstate(invalid="ignore"):  # 0 / 0: no run of this schedule
                means = sums[:, :-1] / sums[:, -1:]
            for column, (metric, (_, factor)) in zip(means.T, FINAL.items(), strict=True):
                rows[f"cifar10/{metric}@{epochs}"] = factor * column
        space = get_search_space("nasbench101")
        assert isinstance(space, NASBench101SearchSpace)
        matrices = np.frombuffer(self._matrices, dtype=np.int8).reshape(n, 7, 7)
        try:
            codes = space.from_adjacency(matrices, np.frombuffer(self._vertices, dtype=np.int8).reshape(n, 7))
        except InvalidArchitecture as error:
            raise DataFileError(f"{path}: {error}") from error
        return make_table(str(path), space, codes, rows, SOURCE, LICENCE)


WIDTH = len(FINAL) + 1


def read(paths: list[Path]) -> list[Table]:
    """The table of NAS-Bench-101's files. Raises ``DataFileError`` naming the file and the record or the cell."""
    return [merge(_read_file(path) for path in paths)]


def _read_file(path: Path) -> Table:
    if not path.is_file():
        raise DataFileError(f"{path}: no such file")
    if path.suffix == ".tfrecord":
        return _from_records(path).table(path)
    with path.open("rb") as file:
        is_json = file.read(1) == b"{"
    content = read_json(path) if is_json else load(path, _shrink)
    if not isinstance(content, dict) or not content:
        raise DataFileError(f"{path}: expected a dict of cells, got {type(content).__name__}")
    cells = _Cells()
    for name, entry in content.items():
        try:
            _add_entry(cells, str(name), entry)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataFileError(f"{path}: cell {name}: {type(error).__name__}: {error}") from error
    return cells.table(path)


def _cell(bits: NDArray[np.int8], operations: list[str]) -> Cell:
    """One cell of at most seven vertices. Raises ``ValueError``."""
    n = len(operations)
    if bits.size != n * n or not 2 <= n <= 7:
        raise ValueError(f"{n} operations and {bits.size} bits of adjacency")
    matrix, vertices = np.zeros((7, 7), dtype=np.int8), np.full(7, -1, dtype=np.int8)
    matrix[:n, :n], vertices[:n] = bits.reshape(n, n), [VERTEX_NAMES.index(name) for name in operations]
    return matrix.tobytes(), vertices.tobytes()


# the published records


def _from_records(path: Path) -> _Cells:
    cells = _Cells()
    with path.open("rb") as file:
        for place, data in _records(path, file):
            try:
                name, epochs, bits, operations, metrics = json.loads(data)
                parameters, finals = parse_metrics(base64.b64decode(metrics, validate=True))
                if name not in cells.places:
                    numbers = np.frombuffer(bits.encode(), dtype=np.int8) - ord("0")
                    cells.add(name, _cell(numbers, operations.split(",")), parameters)
                cells.add_run(cells.places[name], int(epochs), finals)
            except (AttributeError, ValueError, TypeError, struct.error, IndexError) as error:
                raise DataFileError(f"{path}: record at byte {place:,}: {type(error).__name__}: {error}") from error
    return cells


def _records(path: Path, file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """(byte offset, data) of every record. The lengths' checksums are checked; the parser checks the data."""
    while True:
        place = file.tell()
        header = file.read(12)
        if not header:
            return
        length = int.from_bytes(header[:8], "little")
        if (
            len(header) < 12
            or int.from_bytes(header[8:], "little") != masked_crc(header[:8])
            or length > LARGEST_RECORD
        ):
            raise DataFileError(f"{path}: byte {place:,}: damaged, cut short or not a tfrecord")
        data = file.read(length + 4)
        if len(data) < length + 4:
            raise DataFileError(f"{path}: byte {place:,}: the last record is cut short")
        yield place, data[:length]


@cache
def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ 0x82F63B78 * (value & 1)
        table.append(value)
    return table


def masked_crc(data: bytes) -> int:
    """CRC-32C of ``data``, rotated and shifted as tfrecord has it."""
    table, crc = _crc_table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def parse_metrics(data: bytes) -> tuple[float, list[float]]:
    """Parameter count and the values of ``FINAL`` at the last evaluation. Raises ``ValueError``."""
    parameters, last = np.nan, None
    for field, value in _fields(data):
        if field == 1 and isinstance(value, bytes):
            last = value
        elif field == 2 and isinstance(value, int):
            parameters = float(value)
    if last is None:
        raise ValueError("metrics without an evaluation")
    evaluation = dict(_fields(last))
    return parameters, [float(evaluation.get(field, np.nan)) for field in (2, 3, 4, 5)]


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """(number, value) of a message's fields: varints, doubles, floats and bytes."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        field, kind = tag >> 3, tag & 7
        if kind == 0:
            value, place = _varint(data, place)
            yield field, value
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            yield field, struct.unpack_from("<d" if kind == 1 else "<f", data, place)[0]
            place += size
        elif kind == 2:
            size, place = _varint(data, place)
            if place + size > len(data):
                raise ValueError("metrics cut short")
            yield field, data[place : place + size]
            place += size
        else:
            raise ValueError(f"metrics with wire type {kind}")


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


# NASLib's pickle and JSON


def _shrink(items: dict[Any, Any]) -> bool:
    """Leaves what is read of a run; true for the description of a cell, which ends the entry before it."""
    if "final_validation_accuracy" in items:
        kept = {name: items.get(name) for name, _ in FINAL.values()}
        items.clear()
        items.update(kept)
    return "module_adjacency" in items


def _add_entry(cells: _Cells, name: str, entry: Any) -> None:
    fixed, computed = entry
    bits = np.array(plain(fixed["module_adjacency"]), dtype=np.int8)
    place = cells.add(name, _cell(bits, list(fixed["module_operations"])), number(fixed["trainable_parameters"]))
    for epochs, repeats in computed.items():
        for run in repeats:
            cells.add_run(place, int(epochs), [number(run[key]) for key, _ in FINAL.values()])
