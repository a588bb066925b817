"""Nested states of plain values and arrays <-> bytes: JSON for the structure, npz for the arrays, no pickle."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np

from naslib_ext.errors import DataFileError


def encode_state(state: dict[str, Any]) -> bytes:
    """The same bytes for the same state. Values: dict (text keys), list, numpy array or scalar, text, number, None."""
    arrays: dict[str, Any] = {}

    def strip(value: Any) -> Any:
        if isinstance(value, np.ndarray | np.generic):
            if value.dtype.hasobject:
                raise TypeError("an array of objects would need a pickle")
            name = f"a{len(arrays)}"
            arrays[name] = value
            return {"array": name}
        if isinstance(value, dict):
            return {"dict": {key: strip(item) for key, item in value.items()}}
        if isinstance(value, list | tuple):
            return {"list": [strip(item) for item in value]}
        return value

    tree = json.dumps(strip(state), allow_nan=False)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, tree=np.frombuffer(tree.encode(), dtype=np.uint8), **arrays)
    return buffer.getvalue()


def decode_state(data: bytes, where: str = "state") -> dict[str, Any]:
    """The inverse of ``encode_state``. Raises ``DataFileError`` where ``data`` is damaged."""

    def restore(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        ((kind, content),) = value.items()
        if kind == "array":
            return archive[content]
        if kind == "dict":
            return {key: restore(item) for key, item in content.items()}
        return [restore(item) for item in content]

    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            state = restore(json.loads(archive["tree"].tobytes()))
            if not isinstance(state, dict):
                raise TypeError(f"expected a dict, got {type(state).__name__}")
            return state
    except Exception as error:  # zipfile, zlib and numpy raise a dozen kinds for damaged files
        raise DataFileError(f"{where} is damaged: {error}") from error
