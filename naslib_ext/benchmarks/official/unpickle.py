"""Foreign pickles and ``.pth`` files as plain values. Nothing that a file names is ever run.

A pickle may name any function and have it called. Here a name is answered only if ``plain_values`` knows it, and always
with something inert of our own: plain containers, numpy arrays, torch tensors, and the classes of the benchmarks' own
packages as records. Every other name ends the reading with an error. torch and the benchmarks' packages are not
imported.

Read are plain pickles (``.pickle``, ``.pkl``), the same under bzip2 (``.pbz2``), and both forms of ``torch.save``.
"""

from __future__ import annotations

import bz2
import io
import logging
import pickle
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

from naslib_ext.benchmarks.official.plain_values import Array, Storage, Tensor, known
from naslib_ext.errors import DataFileError

logger = logging.getLogger(__name__)

Hook = Callable[[dict[Any, Any]], bool]
"""Sees every dict as soon as its items are set and may shrink it in place; true where a whole entry is complete."""

TORCH_MAGIC = 0x1950A86A20F9469CFC6C
"""The first value in the older form of ``torch.save``."""

LARGEST_TENSOR = 1 << 16
"""Bytes; larger tensors are trained weights, which no table needs, and are skipped."""


class _Refusing:
    """The part that both unpicklers share: what names and outside references stand for."""

    storages: dict[str, Storage]
    read_storage: Callable[[str], bytes] | None

    def find_class(self, module: str, name: str) -> Any:
        """See ``plain_values.known``."""
        return known(module, name)

    def persistent_load(self, pid: Any) -> Storage:
        """The storage that torch keeps outside its pickle."""
        kind, make, key, _, numel = pid[:5]
        if kind != "storage" or not isinstance(make, partial) or not isinstance(numel, int):
            raise pickle.UnpicklingError("refused: an outside reference that is no torch storage")
        if key not in self.storages:
            storage = make(numel)
            if self.read_storage and storage.nbytes <= LARGEST_TENSOR:
                storage.raw = self.read_storage(str(key))
            self.storages[key] = storage
        return self.storages[key]


class _WholeUnpickler(_Refusing, pickle.Unpickler):
    """For files that fit in memory several times over."""


class _StreamingUnpickler(_Refusing, pickle._Unpickler):
    """The standard library's unpickler in Python, which lets go of an entry's parts as soon as the entry is complete.

    A pickle keeps a list of all values that it may refer back to. Of these, after each complete entry (``hook`` says
    so), containers and the keys of curves are struck off. A file that refers back to one of them is never misread:
    ``load`` then reads it in whole.
    """

    memo: dict[int, Any]
    stack: list[Any]
    read: Callable[[int], bytes]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, file: IO[bytes], hook: Hook) -> None:
        super().__init__(file)
        self._hook = hook
        self._count = 0
        self._recent: list[int] = []

    def _remember(self, index: int) -> None:
        self.memo[index] = self.stack[-1]
        self._recent.append(index)
        self._count += 1

    def _memoize(self) -> None:
        self._remember(self._count)

    def _binput(self) -> None:
        self._remember(self.read(1)[0])

    def _long_binput(self) -> None:
        self._remember(int.from_bytes(self.read(4), "little"))

    def _setitems(self) -> None:
        items = self.pop_mark()
        target = self.stack[-1]
        for i in range(0, len(items), 2):
            target[items[i]] = items[i + 1]
        self._see(target)

    def _setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.stack[-1][key] = value
        self._see(self.stack[-1])

    def _see(self, target: Any) -> None:
        if type(target) is dict and self._hook(target):
            for index in self._recent:
                if _is_passing(self.memo.get(index)):
                    del self.memo[index]
            self._recent.clear()

    dispatch = pickle._Unpickler.dispatch | {  # type: ignore[assignment]
        pickle.MEMOIZE[0]: _memoize,
        pickle.BINPUT[0]: _binput,
        pickle.LONG_BINPUT[0]: _long_binput,
        pickle.SETITEMS[0]: _setitems,
        pickle.SETITEM[0]: _setitem,
    }


def _is_passing(value: Any) -> bool:
    """Whether no later entry is likely to share ``value``: containers, ``"x-valid@17"``, the memory of an array."""
    if isinstance(value, str):
        return "@" in value
    return isinstance(value, dict | list | Array | Tensor) or (isinstance(value, bytes) and len(value) > 16)


def load(path: Path, hook: Hook | None = None) -> Any:
    """The plain value that a pickle or ``.pth`` file holds.

    Args:
        path: the file.
        hook: reads the file as a stream and shrinks its entries, for files of gigabytes.

    Raises ``DataFileError`` naming the file and the byte for whatever is damaged, cut short or not a plain value.
    """
    if not path.is_file():
        raise DataFileError(f"{path}: no such file")
    try:
        return _load(path, hook)
    except DataFileError as error:
        if hook is None or "Memo value not found" not in str(error):
            raise
    logger.warning("%s: its entries share parts; it is read in whole, which needs more memory", path)
    value = _load(path, None)
    _visit(value, hook)
    return value


def _load(path: Path, hook: Hook | None) -> Any:
    if zipfile.is_zipfile(path):
        return _load_zip(path, hook)
    with path.open("rb") as raw:
        packed = raw.read(3) == b"BZh"
        raw.seek(0)
        file = io.BufferedReader(bz2.BZ2File(raw)) if packed else raw
        value = _load_one(path, file, hook)
        if value == TORCH_MAGIC:
            return _load_old_torch(path, file, hook)
        return value


def _load_one(
    path: Path,
    file: IO[bytes],
    hook: Hook | None,
    storages: dict[str, Storage] | None = None,
    read_storage: Callable[[str], bytes] | None = None,
) -> Any:
    with _naming(path, file):
        unpickler = _StreamingUnpickler(file, hook) if hook else _WholeUnpickler(file)
        unpickler.storages = {} if storages is None else storages
        unpickler.read_storage = read_storage
        return unpickler.load()


def _visit(value: Any, hook: Hook) -> None:
    """Shows every dict in ``value`` to ``hook``, the inner ones first."""
    if isinstance(value, dict | list | tuple):
        for item in list(value.values()) if isinstance(value, dict) else value:
            _visit(item, hook)
    if isinstance(value, dict):
        hook(value)


def _load_zip(path: Path, hook: Hook | None) -> Any:
    """The form of ``torch.save`` since version 1.6: a zip of ``NAME/data.pkl`` and ``NAME/data/<storage>``."""
    with _naming(path, None), zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith("data.pkl")]
        if len(names) != 1:
            raise DataFileError(f"{path}: a zip without data.pkl is not from torch.save")
        folder = names[0].removesuffix("data.pkl")
        with archive.open(names[0]) as file:
            return _load_one(path, file, hook, read_storage=lambda key: archive.read(f"{folder}data/{key}"))


def _load_old_torch(path: Path, file: IO[bytes], hook: Hook | None) -> Any:
    """The form before: protocol number, system, value, names of the storages, then each one's length and memory."""
    for _ in range(2):
        _load_one(path, file, None)
    storages: dict[str, Storage] = {}
    value = _load_one(path, file, hook, storages)
    names = _load_one(path, file, None)
    with _naming(path, file):
        for name in names:
            storage = storages[name]
            if int.from_bytes(file.read(8), "little") != storage.numel:
                raise ValueError(f"the length of storage {name!r} differs")
            data = file.read(storage.nbytes)
            storage.raw = data if len(data) <= LARGEST_TENSOR else b""
    return value


@contextmanager
def _naming(path: Path, file: IO[bytes] | None) -> Iterator[None]:
    """Turns what a damaged or hostile file raises into one error that names file and place."""
    try:
        yield
    except DataFileError:
        raise
    except MemoryError as error:
        raise DataFileError(f"{path}: not enough memory to read it") from error
    except Exception as error:  # a damaged stream fails as anything: EOFError, IndexError, OSError, UnicodeError, ...
        try:
            place = f" near byte {file.tell():,}" if file else ""
        except (OSError, ValueError):
            place = ""
        what = str(error) or "cut short"
        if not what.startswith("refused"):
            what = f"damaged or cut short ({type(error).__name__}: {what})"
        raise DataFileError(f"{path}{place}: {what}") from error
