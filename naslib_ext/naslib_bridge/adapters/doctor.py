"""What is installed, which NASLib is found, and what it still needs: the text of ``naslib-ext doctor``."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import logging
import os
import platform
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from naslib_ext import __version__
from naslib_ext.benchmarks import data_folders, list_tables
from naslib_ext.naslib_bridge.adapters.naslib_names import naslib_object
from naslib_ext.naslib_bridge.adapters.search import naslib_folder
from naslib_ext.naslib_bridge.shims import HOME_VARIABLE


class Package(NamedTuple):
    """A package by the name that is imported and the one that pip installs."""

    module: str
    pip: str

    @property
    def is_installed(self) -> bool:
        """Whether it can be imported, without importing it."""
        return importlib.util.find_spec(self.module) is not None

    @property
    def version(self) -> str:
        """Its version, empty where it does not say."""
        try:
            return importlib.metadata.version(self.pip)
        except importlib.metadata.PackageNotFoundError:
            return ""


def _packages(names: str) -> tuple[Package, ...]:
    pairs = (name.split(":") for name in names.split())
    return tuple(Package(pair[0], pair[-1]) for pair in pairs)


OURS = _packages("numpy scipy torch yaml:pyyaml xgboost:xgboost-cpu matplotlib tqdm")
OPTIONAL = {
    "scikit-learn": "images of digits, encodings' figures",
    "optuna": "the method tpe",
    "tensorboard": "the bbo runner's event files",
    "ray": "comparisons on a cluster",
}
"""What some commands use, and which."""

NASLIB_NEEDS = _packages(
    "fvcore yaml:pyyaml ConfigSpace lightgbm ngboost xgboost:xgboost-cpu emcee sklearn:scikit-learn scipy tqdm "
    "matplotlib seaborn termcolor pytorch_msssim:pytorch-msssim tabulate pyro:pyro-ppl six skimage:scikit-image "
    "transforms3d zmq:pyzmq ipywidgets tornado ipykernel nbformat tensorboard networkx"
)
"""What NASLib imports, whichever part of it is used."""

NASLIB_NEEDS_WITHOUT_PINS = _packages("torchvision grakel pybnn tensorwatch nasbench_pytorch:nasbench-pytorch")
"""The same; their own pins are too old for a modern Python, so they are installed without them."""

SOME_SPACES = {"nasbench301": "NASLib's own NAS-Bench-301 files", "nats_bench": "NATS-Bench's size search space"}
"""What NASLib imports for some data only; light objects need neither."""

CLONE = "git clone -b Develop https://github.com/automl/NASLib && export NASLIB_HOME=$PWD/NASLib"


def doctor(import_naslib: bool = False) -> list[str]:
    """The lines of ``naslib-ext doctor``.

    Args:
        import_naslib: import NASLib, which takes some seconds, and say what had to be mended for it to work here.
    """
    lines = [f"naslib_ext {__version__} on Python {platform.python_version()}"]
    lines += _installed(OURS)
    lines += [_optional(name, use) for name, use in OPTIONAL.items()]
    lines += _tables()
    folder = naslib_folder()
    if folder is None:
        return [*lines, *_no_naslib()]
    lines.append(f"NASLib: {folder}{commit_of(folder)}")
    missing = _missing()
    lines += missing or ["NASLib: everything that it imports is installed"]
    lines += [f"NASLib: no {name}; only needed for {use}" for name, use in SOME_SPACES.items() if not _has(name)]
    if import_naslib and not missing:
        lines += _mended()
    return lines


def _installed(packages: Sequence[Package]) -> Iterator[str]:
    found = [f"{package.pip} {package.version}".strip() for package in packages if package.is_installed]
    absent = [package.pip for package in packages if not package.is_installed]
    yield f"installed: {', '.join(found)}"
    if absent:
        yield f"missing: {', '.join(absent)}; pip install {' '.join(absent)}"


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _optional(name: str, use: str) -> str:
    package = Package({"scikit-learn": "sklearn"}.get(name, name), name)
    if package.is_installed:
        return f"installed: {name} {package.version}".rstrip() + f" ({use})"
    return f"not installed, only needed for {use}: {name}; pip install {name}"


def _tables() -> Iterator[str]:
    tables = list_tables()
    where = ", ".join(map(str, data_folders()))
    yield f"tables: {len(tables)} in {where} ({', '.join(dict.fromkeys(space for _, space in tables)) or 'none'})"


def _no_naslib() -> Iterator[str]:
    home = os.environ.get(HOME_VARIABLE)
    yield f"NASLib: not found{f'; {HOME_VARIABLE} is {home}, which holds no package naslib' if home else ''}"
    yield "NASLib is not needed, but for its own optimizers and Trainer. To have it:"
    yield f"  {CLONE}"
    yield from _missing()


def _missing() -> list[str]:
    """The pip lines that install what NASLib lacks."""
    lines = []
    for packages, option in ((NASLIB_NEEDS, ""), (NASLIB_NEEDS_WITHOUT_PINS, "--no-deps ")):
        names = [package.pip for package in packages if not package.is_installed]
        if names:
            lines.append(f"NASLib needs {', '.join(names)}:")
            lines.append(f"  pip install {option}{' '.join(names)}")
    return lines


def commit_of(package: Path) -> str:
    """The commit of the checkout that the package lies in, as text to append; empty where it is none."""
    git = package.parent / ".git"
    try:
        head = (git / "HEAD").read_text().strip()
        reference = head.removeprefix("ref: ")
        if reference == head:
            return f", commit {head[:8]}"
        branch = reference.rpartition("/")[2]
        if (git / reference).is_file():
            commit = (git / reference).read_text()
        else:
            packed = re.search(rf"^(\w+) {re.escape(reference)}$", (git / "packed-refs").read_text(), re.MULTILINE)
            commit = packed[1] if packed else ""
        return f", branch {branch}, commit {commit[:8]}"
    except OSError:
        return ""


def _mended() -> list[str]:
    """What importing NASLib had to mend, one line each."""
    messages: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    logger, collector = logging.getLogger("naslib_ext"), Collector()
    level = logger.level
    logger.addHandler(collector)
    logger.setLevel(logging.INFO)
    try:
        naslib_object("naslib.defaults.trainer", "Trainer")
        naslib_object("naslib.optimizers", "RandomSearch")
        naslib_object("naslib.defaults.predictor_evaluator", "PredictorEvaluator")
    finally:
        logger.removeHandler(collector)
        logger.setLevel(level)
    mended = [message.removeprefix("NASLib: ") for message in messages if message.startswith("NASLib: ")]
    return ["NASLib: imported; mended for this Python and its packages:", *(f"  {message}" for message in mended)]
