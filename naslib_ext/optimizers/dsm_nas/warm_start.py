"""DSM-NAS+: subspaces from a finished run (section IV-A, transferability of the subspace graph)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from naslib_ext.errors import RunFolderError
from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.state_file import decode_state


def final_subspaces(folder: str, space: SearchSpace, number: int) -> Codes:
    """(m, L) the centres of the final graph of the run in ``folder``, the best first.

    Of another method's run the ``number`` best architectures. Raises ``RunFolderError`` where there is no checkpoint,
    ``InvalidArchitecture`` where it is a run in another space.
    """
    path = Path(folder) / "checkpoint"
    if not path.is_file():
        raise RunFolderError(f"search.warm_start: {folder} holds no checkpoint of a run")
    optimizer = decode_state(path.read_bytes(), str(path))["optimizer"]
    graph = optimizer["method"].get("graph") or optimizer
    scores = np.asarray(graph["scores"])
    best = np.argsort(-scores, kind="stable")[:number]
    return space.check(np.asarray(graph["codes"])[best])
