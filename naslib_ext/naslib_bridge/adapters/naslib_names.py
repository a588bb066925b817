"""NASLib's own optimizers by the names that its runners have for them; each is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from naslib_ext.errors import MissingDependency
from naslib_ext.registry import unknown_name

PREFIX = "naslib:"
"""What stands before a name of NASLib's, ``naslib:re``, where ours are meant otherwise."""

DISCRETE = {
    "rs": "RandomSearch",
    "re": "RegularizedEvolution",
    "ls": "LocalSearch",
    "bananas": "Bananas",
    "npenas": "Npenas",
    "bp": "BasePredictor",
}
"""Those that query a benchmark. BasePredictor is in none of NASLib's runners; its package is called ``bp``."""

ONE_SHOT = {
    "darts": "DARTSOptimizer",
    "drnas": "DrNASOptimizer",
    "gdas": "GDASOptimizer",
}
"""Those that train a network's weights: on NASLib's graphs, with images."""

GRAPHS = {
    "nasbench101": "NasBench101SearchSpace",
    "nasbench201": "NasBench201SearchSpace",
    "nasbench301": "NasBench301SearchSpace",
    "nlp": "NasBenchNLPSearchSpace",
    "transbench101_micro": "TransBench101SearchSpaceMicro",
    "transbench101_macro": "TransBench101SearchSpaceMacro",
    "asr": "NasBenchASRSearchSpace",
}
"""NASLib's search spaces by the names that its runners have for them."""


def is_naslibs(name: str, ours: list[str]) -> bool:
    """Whether an optimizer's name means NASLib's: it begins with ``naslib:``, or only NASLib has it.

    Raises ``UnknownName`` for a name with the prefix that NASLib does not have.
    """
    bare = name.removeprefix(PREFIX)
    if bare != name and bare not in (*DISCRETE, *ONE_SHOT):
        raise unknown_name("optimizer", bare, (*DISCRETE, *ONE_SHOT), PREFIX)
    return bare != name or (name not in ours and name in (*DISCRETE, *ONE_SHOT))


def discrete_optimizer(name: str) -> Any:
    """NASLib's class of that name in ``DISCRETE``. Raises ``UnknownName``, or ``MissingDependency`` without NASLib."""
    if name not in DISCRETE:
        raise unknown_name("optimizer of NASLib", name, DISCRETE)
    return naslib_object("naslib.optimizers", DISCRETE[name])


def one_shot_optimizer(name: str) -> Any:
    """NASLib's class of that name in ``ONE_SHOT``. Raises ``UnknownName``, or ``MissingDependency`` without NASLib."""
    if name not in ONE_SHOT:
        raise unknown_name("optimizer of NASLib", name, ONE_SHOT)
    return naslib_object("naslib.optimizers", ONE_SHOT[name])


def naslib_object(module: str, name: str) -> Any:
    """``name`` of NASLib's ``module``. Raises ``MissingDependency`` saying what is missing."""
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing.partition(".")[0] == "naslib":
            raise MissingDependency("NASLib is not found; clone it and set NASLIB_HOME to its folder") from error
        raise MissingDependency(f"NASLib needs the package {missing}; see 'naslib-ext doctor'") from error
