"""What a foreign pickle may hold: plain containers, arrays, tensors and known objects, each as something inert.

``known`` answers for the names in a pickle. What it gives only stores what it is handed: nothing here calls back into
numpy's or torch's own reconstructors, opens a file or looks up a name.
"""

from __future__ import annotations

import pickle
import re
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

RECORDS = {
    "ArchResults": r"nas_201_api(\.\w+)*|nats_bench(\.\w+)*",
    "ResultsCount": r"nas_201_api(\.\w+)*|nats_bench(\.\w+)*",
    "Booster": r"xgboost\.core|lightgbm\.basic",
}
"""Foreign classes that are read as ``Record``, with the modules that they come from."""

_NUMBER_TYPES = r"[<>=|]?(b1|[iuf][1248]|c8|c16|S\d+|U\d+)"
_STORAGES = {
    "Double": "f8",
    "Float": "f4",
    "Half": "f2",
    "Long": "i8",
    "Int": "i4",
    "Short": "i2",
    "Char": "i1",
    "Byte": "u1",
    "Bool": "?",
}


class Record:
    """An object of a foreign class: the attributes that were stored, none of its methods."""

    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, dict):
            raise pickle.UnpicklingError("an object's attributes are not a dict")
        self.attributes = state


class Array:
    """A numpy array of numbers or text; ``values`` once it is read."""

    def __init__(self) -> None:
        self.values: NDArray[Any] = np.empty(0)

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, raw = state
        data = raw.encode("latin1") if isinstance(raw, str) else raw
        if not isinstance(dtype, DType) or not isinstance(data, bytes):
            raise pickle.UnpicklingError("an array of objects")
        self.values = np.frombuffer(data, dtype.value).reshape(shape, order="F" if fortran else "C")


class DType:
    """A numpy dtype of numbers or text."""

    def __init__(self, code: Any, *_: Any) -> None:
        if not isinstance(code, str) or not re.fullmatch(_NUMBER_TYPES, code):
            raise pickle.UnpicklingError(f"an array of {code!r}")
        self.value = np.dtype(code)

    def __setstate__(self, state: Any) -> None:
        if state[1] in ("<", ">"):
            self.value = self.value.newbyteorder(state[1])


class Storage:
    """The memory of torch tensors: ``raw``, empty until it is read and for large ones."""

    def __init__(self, dtype: str, numel: int) -> None:
        self.dtype, self.numel, self.raw = np.dtype(dtype), numel, b""

    @property
    def nbytes(self) -> int:
        """Length of the stored memory."""
        return self.numel * self.dtype.itemsize


class Tensor:
    """A torch tensor, as a view of its storage."""

    def __init__(self, storage: Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> None:
        self.storage, self.offset, self.size, self.stride = storage, offset, size, stride

    @property
    def values(self) -> NDArray[Any]:
        """The numbers of a contiguous tensor, in its shape. Raises ``ValueError`` for others, and for skipped ones."""
        steps = [prod(self.size[axis + 1 :]) for axis in range(len(self.size))]
        if any(size > 1 and stride != step for size, stride, step in zip(self.size, self.stride, steps, strict=True)):
            raise ValueError("a tensor that is not contiguous")
        start = self.offset * self.storage.dtype.itemsize
        raw = self.storage.raw[start : start + prod(self.size) * self.storage.dtype.itemsize]
        return np.frombuffer(raw, self.storage.dtype).reshape(self.size)


def number(value: Any) -> float:
    """A measured value: a number, or an array or tensor of one; NaN for ``None``. Raises ``TypeError``."""
    if value is None:
        return np.nan
    if isinstance(value, Array | Tensor) and value.values.size == 1:
        return float(value.values.ravel()[0])
    if isinstance(value, bool | int | float):
        return float(value)
    raise TypeError(f"expected a number, got {type(value).__name__}")


def plain(value: Any) -> Any:
    """``value`` itself, or the nested list of an array or tensor."""
    return value.values.tolist() if isinstance(value, Array | Tensor) else value


# what a name stands for


def _reconstruct(*_: Any) -> Array:
    return Array()


def _from_buffer(buffer: Any, dtype: Any, shape: Any, order: Any) -> Array:
    array = Array()
    array.__setstate__((1, shape, dtype, order == "F", bytes(buffer)))
    return array


def _scalar(dtype: Any, raw: Any = b"") -> Any:
    data = raw.encode("latin1") if isinstance(raw, str) else raw
    if not isinstance(dtype, DType) or not isinstance(data, bytes):
        raise pickle.UnpicklingError("a numpy scalar of objects")
    return np.frombuffer(data, dtype.value, 1)[0].item()


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"bytes in encoding {encoding!r}")
    return text.encode("latin1")


def _bytes(data: Any = b"", encoding: str = "latin1") -> bytes:
    return _encode(data, encoding) if isinstance(data, str) else bytes(data) if isinstance(data, bytes) else b""


def _no_items(*_: Any) -> dict[Any, Any]:
    return {}


def _parameter(data: Any, *_: Any) -> Any:
    return data


def _device(*_: Any) -> None:
    return None


def _in_core(names: dict[str, Any]) -> dict[str, Any]:
    """numpy's modules before and since version 2."""
    return {f"numpy.{core}.{name}": value for core in ("core", "_core") for name, value in names.items()}


_KNOWN: dict[str, Any] = {
    "collections.OrderedDict": dict,
    "collections.defaultdict": _no_items,
    "_codecs.encode": _encode,
    **{
        f"{module}.{name}": value
        for module in ("builtins", "__builtin__")
        for name, value in {
            "dict": dict, "list": list, "tuple": tuple, "set": set, "frozenset": frozenset,
            "int": int, "float": float, "bytes": _bytes, "bytearray": _bytes,
        }.items()
    },
    **_in_core({"multiarray._reconstruct": _reconstruct, "multiarray.scalar": _scalar}),
    **_in_core({"numeric._frombuffer": _from_buffer}),
    "numpy.ndarray": Array,
    "numpy.dtype": DType,
    "torch._utils._rebuild_tensor_v2": Tensor,
    "torch._utils._rebuild_tensor": Tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch.device": _device,
    "torch.Size": tuple,
    **{f"torch.{name}Storage": partial(Storage, code) for name, code in _STORAGES.items()},
}  # fmt: skip


def known(module: str, name: str) -> Any:
    """Something inert of our own for a known name. Raises ``UnpicklingError`` for every other one."""
    value = _KNOWN.get(f"{module}.{name}")
    if value is None and re.fullmatch(RECORDS.get(name, "$^"), module):
        value = Record
    if value is None:
        raise pickle.UnpicklingError(f"refused: it asks for {module}.{name}, which is no plain value")
    return value
