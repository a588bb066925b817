"""The mends of NASLib's modules, each a function of the module, and the table of which module gets which.

A mend looks first whether it is needed and does nothing otherwise, and changes as little as it can: one module of
NASLib rather than the library that this module uses.
"""

from __future__ import annotations

import collections
import collections.abc
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from naslib_ext.naslib_bridge import base
from naslib_ext.naslib_bridge.repairs import (
    checkpoint_light_objects,
    checkpoint_whole_searches,
    copy_graphs_that_ran,
    evaluate_predictors_on_transbench101,
    keep_trajectory,
    mutate_macro_architectures,
    report_training_time,
)

Mend = Callable[[ModuleType], "str | None"]
"""Mends a module where that is needed; returns what it did, ``None`` for nothing worth telling."""

_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_kept_alive: list[Any] = []
"""torch forgets operators when their library object is collected."""


# mends before a module is executed


def restore_iterable(_: ModuleType) -> str | None:
    """``collections.Iterable``, gone since Python 3.10: NASLib's predictors import it."""
    if hasattr(collections, "Iterable"):
        return None
    vars(collections)["Iterable"] = collections.abc.Iterable
    return "collections.Iterable is collections.abc.Iterable again"


def declare_operators(_: ModuleType) -> str | None:
    """Operators that torchvision refers to even where its binary does not fit the torch beside it."""
    import torch

    operators = torch.ops.torchvision
    missing = [schema for schema in _OPERATORS if not hasattr(operators, schema.partition("(")[0])]
    if not missing:
        return None
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in missing:
        library.define(schema)
    _kept_alive.append(library)
    return "declared operators of torchvision, whose binary does not fit this torch"


def stand_in_imports(_: ModuleType) -> str | None:
    """Modules that GSparsity imports by mistake: tkinter's ``turtle``, and ``distutils``, gone since Python 3.12."""
    missing = [name for name in ("turtle", "distutils.command.config") if not _importable(name)]
    sys.modules.update({name: _StandIn(name) for name in missing})
    return f"GSparsity's needless import of {', '.join(missing)} is ignored" if missing else None


def remove_stand_ins(_: ModuleType) -> None:
    """Takes away what ``stand_in_imports`` left in ``sys.modules``."""
    for name in [name for name, module in sys.modules.items() if isinstance(module, _StandIn)]:
        del sys.modules[name]


class _StandIn(ModuleType):
    """A module that has every name, all of them ``None``."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def _importable(name: str) -> bool:
    try:
        import_module(name)
    except ImportError:
        return False
    return True


# mends after a module has been executed


def count_parameters(module: ModuleType) -> str | None:
    """``count_parameters_in_MB`` sums a generator with ``numpy.sum``, which newer numpy refuses."""
    name = "count_parameters_in_MB"
    broken = getattr(module, name, None)
    if broken is None or _counts(broken):
        return None

    def count(model: Any) -> float:
        """Millions of parameters, those of auxiliary heads left out."""
        return sum(values.numel() for key, values in model.named_parameters() if "auxiliary" not in key) / 1e6

    rebind(name, broken, count)
    return "count_parameters_in_MB counts again"


def _counts(function: Callable[[Any], Any]) -> bool:
    import torch

    try:
        return abs(float(function(torch.nn.Linear(1, 1))) - 2e-6) < 1e-12
    except TypeError:
        return False


def root_mean_squared_error(module: ModuleType) -> str | None:
    """``mean_squared_error(squared=False)``, gone since scikit-learn 1.6, where NASLib compares predictions."""
    from inspect import signature

    metrics = getattr(module, "metrics", None)
    if metrics is None or "squared" in signature(metrics.mean_squared_error).parameters:
        return None

    def mean_squared_error(*args: Any, squared: bool = True, **options: Any) -> Any:
        function = metrics.mean_squared_error if squared else metrics.root_mean_squared_error
        return function(*args, **options)

    vars(module)["metrics"] = _copy_of(metrics, mean_squared_error=mean_squared_error)
    return f"{module.__name__} takes mean_squared_error(squared=False) again"


def restore_int(module: ModuleType) -> str | None:
    """``numpy.int``, gone since numpy 1.24, in SemiNAS."""
    numpy = getattr(module, "np", None)
    if numpy is None or "int" in vars(numpy):
        return None
    vars(module)["np"] = _copy_of(numpy, int=int)
    return f"{module.__name__} has numpy.int again"


def load_whole_files(module: ModuleType) -> str | None:
    """``torch.load`` refuses TransNAS-Bench-101's file since torch 2.6; NASLib's reader of that file, no other."""
    from functools import partial
    from inspect import signature

    torch = getattr(module, "torch", None)
    if torch is None or "weights_only" not in signature(torch.load).parameters:
        return None
    vars(module)["torch"] = _copy_of(torch, load=partial(torch.load, weights_only=False))
    return "TransNAS-Bench-101's file is loaded with weights_only=False"


def _copy_of(library: ModuleType, **changes: Any) -> ModuleType:
    """A module with all names of ``library`` and those of ``changes``, so that ``library`` itself stays as it is."""
    copy = ModuleType(library.__name__)
    vars(copy).update(vars(library) | changes)
    return copy


def rebind(name: str, old: Any, new: Any) -> None:
    """Puts ``new`` wherever a loaded module of NASLib has ``old`` under ``name``."""
    for key, module in list(sys.modules.items()):
        if key.partition(".")[0] == "naslib" and vars(module).get(name) is old:
            vars(module)[name] = new


BEFORE: dict[str, Mend] = {
    "naslib": restore_iterable,
    "naslib.optimizers.oneshot.gsparsity.optimizer": stand_in_imports,
    "torchvision._meta_registrations": declare_operators,
}
"""What is done right before a module is executed."""

AFTER: dict[str, tuple[Mend, ...]] = {
    base.OPTIMIZER_MODULE: (base.adopt,),
    base.PREDICTOR_MODULE: (base.adopt,),
    "naslib.utils": (count_parameters, root_mean_squared_error),
    "naslib.utils.utils": (count_parameters, root_mean_squared_error),
    "naslib.utils.zerocost": (root_mean_squared_error,),
    "naslib.defaults.predictor_evaluator": (root_mean_squared_error, evaluate_predictors_on_transbench101),
    "naslib.predictors.seminas": (restore_int,),
    "naslib.predictors.omni_seminas": (restore_int,),
    base.GRAPH_MODULE: (copy_graphs_that_ran, base.announce_graphs),
    "naslib.search_spaces.transbench101.api": (load_whole_files,),
    "naslib.search_spaces.transbench101.graph": (mutate_macro_architectures,),
    "naslib.defaults.trainer": (keep_trajectory, checkpoint_whole_searches),
    **{
        f"naslib.optimizers.discrete.{name}.optimizer": (checkpoint_light_objects,)
        for name in ("bananas", "ls", "npenas", "re", "rs")
    },
    "naslib.optimizers.discrete.bp.optimizer": (report_training_time, checkpoint_light_objects),
    "naslib.optimizers.oneshot.gsparsity.optimizer": (remove_stand_ins,),
}
"""What is done right after a module has been executed."""
