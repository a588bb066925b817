"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest

pytest.register_assert_rewrite("naslib_ext.testing")


@pytest.fixture(scope="session")
def tables() -> Path:
    """The folder of real benchmark tables: ``NASLIB_EXT_DATA``, or ``../shared/data`` beside the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("NASLIB_EXT_DATA") or beside)
    if not folder.is_dir():
        pytest.skip(f"no benchmark tables at {folder}; set NASLIB_EXT_DATA")
    return folder
