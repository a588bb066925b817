"""Files that are there whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from uuid import uuid4


def write_atomically(path: Path, data: bytes | str) -> None:
    """Writes ``data`` beside ``path`` and renames it into place, so that a killed process leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid4().hex}.part")  # two processes, or machines, may write the same file
    beside.write_bytes(data.encode() if isinstance(data, str) else data)
    os.replace(beside, path)


def write_json(path: Path, content: Any) -> None:
    """``write_atomically`` of ``content`` as indented JSON. Raises ``ValueError`` for NaN, which JSON does not have."""
    write_atomically(path, json.dumps(content, indent=1, allow_nan=False) + "\n")
