"""What results were computed with: versions of the packages and checksums of the data, so that they can be cited."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import naslib_ext
from naslib_ext.benchmarks import find_table, list_tables, open_table
from naslib_ext.benchmarks.table import read_manifest
from naslib_ext.configuration import Config
from naslib_ext.defaults.run_folder import PLACES
from naslib_ext.errors import NaslibExtError

PACKAGES = ("numpy", "scipy", "torch", "xgboost-cpu", "scikit-learn", "optuna")
"""Whose versions may change a number."""


def environment(config: Config, values: Mapping[str, Any]) -> dict[str, Any]:
    """``{"versions": {package: version}, "data": {"file", "sha256", "source", "licence"}, "settings": {key: value}}``.

    Args:
        config: of a run; it names the data, ``{}`` where there are none.
        values: what was asked for; places are left out.
    """
    settings = {key: value for key, value in values.items() if key not in PLACES}
    return {"versions": versions(), "data": _data(config), "settings": settings}


def versions() -> dict[str, str]:
    """Of Python, this package and those of ``PACKAGES`` that are installed."""
    found = {"naslib_ext": naslib_ext.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _data(config: Config) -> dict[str, str]:
    """The table that is queried, or that the surrogate is fitted on, as its manifest has it."""
    if config.benchmark == "training":
        return {}
    try:
        table = find_table(config.search_space, config.dataset, config.data_dir or None)
        path = next(path for path, _ in list_tables(config.data_dir or None) if open_table(path) is table)
        manifest = read_manifest(path.with_suffix(".json"))
    except (NaslibExtError, StopIteration):  # a benchmark of the user's own, or a table without a manifest
        return {}
    return {"file": path.name, **{key: str(manifest[key]) for key in ("sha256", "source", "licence")}}
