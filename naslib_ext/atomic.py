"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_atomically(path: Path, data: bytes | str) -> None:
    """Writes ``data`` beside ``path`` and renames it into place, so that a killed process leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")  # two processes may write the same file
    beside.write_bytes(data.encode() if isinstance(data, str) else data)
    os.replace(beside, path)
