"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# the same examples in every run: what fails here fails everywhere
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

pytest.register_assert_rewrite("naslib_ext.testing")


@pytest.fixture(scope="session")
def tables() -> Path:
    """The folder of real benchmark tables: ``NASLIB_EXT_DATA``, or ``../shared/data`` beside the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("NASLIB_EXT_DATA") or beside)
    if not folder.is_dir():
        pytest.skip(f"no benchmark tables at {folder}; set NASLIB_EXT_DATA")
    return folder
