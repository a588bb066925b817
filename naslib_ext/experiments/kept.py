"""Results of one part of a study, kept in a file, so that the same command goes on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from naslib_ext.errors import RunFolderError


def read_kept(path: Path, study: Any) -> dict[str, Any] | None:
    """What a JSON file holds beside its ``study``; ``None`` where there is no file.

    Args:
        path: the file.
        study: plain values that say what was measured; those in the file must be equal.

    Raises ``RunFolderError`` where the file is damaged or holds results of another study.
    """
    if not path.is_file():
        return None
    try:
        content: dict[str, Any] = json.loads(path.read_text())
        found = content.pop("study")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RunFolderError(f"{path} holds no results of a study: {error}") from error
    if found != json.loads(json.dumps(study)):  # JSON has lists alone, and no tuples
        raise RunFolderError(f"{path} holds results of another study; name another folder")
    return content
