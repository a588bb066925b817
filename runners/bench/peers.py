"""Other software, imported where it is installed: none of it is required."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from naslib_ext.errors import MissingDependency
from naslib_ext.naslib_bridge.adapters.naslib_names import naslib_object
from runners.bench.meter import Missing, Work

LOOP = "plain loop"
"""The same work as one writes it down in Python, one architecture at a time."""


def package(name: str) -> Any:
    """A module. Raises ``Missing`` saying how to install it."""
    try:
        return import_module(name)
    except ImportError as error:
        root = name.split(".")[0]
        reason = f"pip install {root}" if error.name == root else str(error)
        raise Missing(reason) from error


def naslib(module: str, name: str) -> Any:
    """``name`` of NASLib's ``module``. Raises ``Missing``."""
    try:
        return naslib_object(module, name)
    except MissingDependency as error:
        raise Missing(str(error)) from error


def plain(work: Work, count: int = 1) -> Callable[[], tuple[Work, int]]:
    """A peer that is always there."""
    return lambda: (work, count)
