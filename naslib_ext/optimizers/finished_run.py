"""What a search on another data set, or with another schedule, leaves for the next one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from naslib_ext.errors import RunFolderError
from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.state_file import decode_state


def finished_run(folder: str, space: SearchSpace) -> tuple[Codes, NDArray[np.float64]]:
    """All architectures (n, L) of the run in ``folder`` and their scores (n,), those that failed left out.

    Raises ``RunFolderError`` where there is no checkpoint with results, ``InvalidArchitecture`` where it is a run in
    another space.
    """
    path = Path(folder) / "checkpoint"
    if not path.is_file():
        raise RunFolderError(f"search.warm_start: {folder} holds no checkpoint of a run")
    state = decode_state(path.read_bytes(), str(path))["optimizer"]
    scores = np.asarray(state["scores"], dtype=np.float64)
    good = np.isfinite(scores)
    if not good.any():
        raise RunFolderError(f"search.warm_start: {folder} holds no result")
    return space.check(np.asarray(state["codes"])[good]), scores[good]
