"""What a search on another data set, or with another schedule, leaves for the next one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from naslib_ext.errors import InvalidArchitecture, RunFolderError
from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.state_file import decode_state


def finished_run(folder: str, space: SearchSpace, name: str) -> tuple[Codes, NDArray[np.float64]]:
    """All architectures (n, L) of the run in ``folder`` and their scores (n,), those that failed left out.

    Of a run on a shrunk space or on the whole one, those that are in ``space``.

    Args:
        folder: of a search that queries.
        space: what the codes must mean.
        name: of the space in configurations.

    Raises ``RunFolderError`` where there is no such run, where it is not finished, on another space or without results,
    ``DataFileError`` where its checkpoint is damaged.
    """
    where, path = f"search.warm_start: {folder}", Path(folder)
    if not all((path / file).is_file() for file in ("config.yaml", "checkpoint", "errors.json")):
        raise RunFolderError(f"{where} holds no finished run")
    try:
        searched = yaml.safe_load((path / "config.yaml").read_text())["search_space"]
    except (yaml.YAMLError, ValueError, TypeError, KeyError) as error:
        raise RunFolderError(f"{where}/config.yaml is no configuration of a run") from error
    if searched != name:
        raise RunFolderError(f"{where} is a run on {searched}, not on {name}")
    content = decode_state((path / "checkpoint").read_bytes(), f"{path}/checkpoint")
    if "queries" not in content:
        raise RunFolderError(f"{where} is no run of a method that queries")
    codes, scores = content["optimizer"]["codes"], np.asarray(content["optimizer"]["scores"], dtype=np.float64)
    try:
        good = np.isfinite(scores) & space.is_valid(codes)
    except InvalidArchitecture as error:  # of another length
        raise RunFolderError(f"{where}: {error}") from error
    if not good.any():
        raise RunFolderError(f"{where} holds no result in {space.name}")
    return space.check(codes[good]), scores[good]
