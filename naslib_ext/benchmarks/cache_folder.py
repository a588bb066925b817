"""Where costly things are kept between runs: fitted surrogates, trainings."""

import os
from pathlib import Path

CACHE_VARIABLE = "NASLIB_EXT_CACHE"


def cache_folder() -> Path:
    """The folder that ``NASLIB_EXT_CACHE`` names, by default ``~/.cache/naslib_ext``."""
    return Path(os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache" / "naslib_ext")
