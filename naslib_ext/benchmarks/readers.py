"""Foreign table files -> ``Table``: npz files that come without a manifest, and CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.benchmarks.metrics import parse_column
from naslib_ext.benchmarks.table import Table, read_arrays
from naslib_ext.errors import DataFileError, NaslibExtError
from naslib_ext.search_spaces import CategoricalSearchSpace, SearchSpace, get_search_space
from naslib_ext.search_spaces.nasbench101 import NASBench101SearchSpace
from naslib_ext.search_spaces.nasbench301 import NASBench301SearchSpace

Arrays = dict[str, NDArray[Any]]

SHARED = ("latency_ms",)
"""Column prefixes that name no data set: they hold for all of them."""


MAX_CHOICES = 127
"""A position's choices in a space that is guessed from a CSV; codes are int8."""


def _nasbench101_codes(arrays: Arrays) -> NDArray[Any]:
    return NASBench101SearchSpace().from_adjacency(arrays.pop("adjacency"), arrays.pop("ops"))


def _nasbench301_codes(arrays: Arrays) -> NDArray[Any]:
    return NASBench301SearchSpace().from_cells(arrays.pop("codes"))


def _flat_codes(arrays: Arrays) -> NDArray[Any]:
    codes = arrays.pop("codes")
    return codes.reshape(len(codes), -1)


CODES: dict[str, Callable[[Arrays], NDArray[Any]]] = {
    "nasbench201": _flat_codes,
    "transbench101_micro": _flat_codes,
    "transbench101_macro": _flat_codes,
    "nasbench_macro": _flat_codes,
    "nasbench301": _nasbench301_codes,
    "nasbench101": _nasbench101_codes,
}
"""How to read the codes of each space's npz file; the file's name begins with the space's."""


def space_of_file(path: Path) -> str | None:
    """The search space whose table an npz without manifest is, by its name (``nasbench101_20k.npz``)."""
    names = [name for name in CODES if path.stem == name or path.stem.startswith(f"{name}_")]
    return max(names, key=len) if names else None


def read_npz(path: Path, source: str = "", licence: str = "") -> Table:
    """A table without manifest: codes beside columns ``<dataset>/<metric>[@<epochs>]``. Raises ``DataFileError``.

    Numeric columns with one value a row are kept; everything else (strings, hashes, single runs) is left behind.
    Counts (``params``, ``flops`` as integers) become millions, their unit here.
    """
    name = space_of_file(path)
    if name is None:
        raise DataFileError(f"{path}: not a table of a known search space ({', '.join(CODES)})")
    arrays = read_arrays(path)
    space = get_search_space(name)
    try:
        codes = space.check(CODES[name](arrays))
    except KeyError as error:
        raise DataFileError(f"{path}: the array {error} is missing") from error
    except (NaslibExtError, TypeError, ValueError, IndexError) as error:
        raise DataFileError(f"{path}: {error}") from error
    columns = {
        column: values / 1e6 if values.dtype.kind in "iu" and column.endswith(("/params", "/flops")) else values
        for column, values in arrays.items()
        if "/" in column and values.shape == (len(codes),) and values.dtype.kind in "fiu"
    }
    datasets = sorted({column.split("/")[0] for column in columns} - set(SHARED))
    return Table(space, codes, columns, datasets, space.key, source=source, licence=licence)


def read_csv(path: Path, space: SearchSpace | None, dataset: str, source: str = "", licence: str = "") -> Table:
    """A CSV of one architecture string and its metrics a line; the header names the metrics. Raises ``DataFileError``.

    Without ``space`` the architecture is a list of integers and the space has as many choices at each position as
    the column's largest value shows. An empty field is a missing value.
    """
    try:
        with path.open(newline="") as file:
            reader = csv.reader(file)
            rows = [(reader.line_num, row) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataFileError(f"{path}: cannot read it: {error}") from error
    if len(rows) < 2 or len(rows[0][1]) < 2:
        raise DataFileError(f"{path}: expected a header and lines of an architecture and its metrics")
    header, body = rows[0][1], rows[1:]
    try:
        parsed = {parse_column(name.strip()) for name in header[1:]}
    except ValueError as error:
        raise DataFileError(f"{path}, line {rows[0][0]}: {error}") from error
    if len(parsed) < len(header) - 1:
        raise DataFileError(f"{path}, line {rows[0][0]}: two columns have the same name")
    parser = space or _digits_space(path, [row[0] for _, row in body])
    codes, values = [], []
    for number, row in body:
        if len(row) != len(header):
            raise DataFileError(f"{path}, line {number}: {len(row)} fields, the header has {len(header)}")
        try:
            codes.append(parser.from_string(row[0]))
            values.append([float(text) if text.strip() else np.nan for text in row[1:]])
        except (NaslibExtError, ValueError, OverflowError) as error:
            raise DataFileError(f"{path}, line {number}: {error}") from error
    columns = dict(zip((f"{dataset}/{name.strip()}" for name in header[1:]), np.array(values).T, strict=True))
    return Table(parser, np.stack(codes), columns, [dataset], parser.key, source=source, licence=licence)


def _digits_space(path: Path, texts: list[str]) -> CategoricalSearchSpace:
    wide = [text.replace("-", " ").replace(",", " ").split() for text in texts]
    lengths = {len(numbers) for numbers in wide}
    if len(lengths) != 1 or not all(number.isdecimal() for numbers in wide for number in numbers):
        raise DataFileError(f"{path}: name the search space, or write architectures as integers of one length")
    largest = [max(int(numbers[position]) for numbers in wide) for position in range(lengths.pop())]
    if not largest or max(largest) >= MAX_CHOICES:
        raise DataFileError(f"{path}: an architecture is integers from 0 to {MAX_CHOICES - 1}, got up to {largest}")
    return CategoricalSearchSpace(path.stem, [value + 1 for value in largest])
