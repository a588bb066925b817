"""Has an unmodified NASLib mended on import, so that it runs on today's Python, numpy, scikit-learn and torch.

``install`` puts a finder first on ``sys.meta_path``. It costs nothing until ``naslib`` is imported; then each module
that ``mends`` names is mended right before or right after it is executed, before any other module can copy names out
of it. What is done is logged to ``naslib_ext``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from naslib_ext.naslib_bridge.mends import AFTER, BEFORE, Mend

HOME_VARIABLE = "NASLIB_HOME"
"""Environment variable with the folder that holds the package ``naslib``, for a NASLib that is not on the path."""


def _apply(mends: Sequence[Mend], module: ModuleType) -> None:
    for mend in mends:
        done = mend(module)
        if done:
            import logging

            logging.getLogger("naslib_ext").info("NASLib: %s", done)


def _before(module: ModuleType) -> None:
    if module.__name__ in BEFORE:
        _apply((BEFORE[module.__name__],), module)


def _after(module: ModuleType) -> None:
    _apply(AFTER.get(module.__name__, ()), module)


class _MendingLoader:
    """Executes a module with another loader and mends it; afterwards the module knows that other loader alone."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """The other loader's module."""
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Executes ``module``, with its mends before and after."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        _before(module)
        self._loader.exec_module(module)
        _after(module)


class NaslibFinder:
    """Finds NASLib's modules with the other finders of ``sys.meta_path`` and has the named ones mended."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's spec, for ``naslib`` and the modules to mend; ``None`` leaves a module to the other finders."""
        if name != "naslib" and not ("naslib" in sys.modules and (name in BEFORE or name in AFTER)):
            return None
        spec = self._others(name, path, target)
        if name == "naslib" and (spec is None or spec.loader is None):
            spec = _at_home() or spec
        if spec is not None and spec.loader is not None:
            spec.loader = _MendingLoader(spec.loader)  # type: ignore[assignment]  # a loader by duck typing
        return spec

    def _others(self, name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                return spec
        return None


def _at_home() -> ModuleSpec | None:
    """The spec of ``naslib`` in the folder ``NASLIB_HOME``, which then goes to the end of ``sys.path``."""
    home = os.environ.get(HOME_VARIABLE)
    spec = PathFinder.find_spec("naslib", [home]) if home else None
    if home and spec is not None and home not in sys.path:
        sys.path.append(home)
    return spec


def install() -> None:
    """Has NASLib mended when it is imported, and at once as far as it is loaded already. Idempotent."""
    if any(isinstance(finder, NaslibFinder) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, NaslibFinder())
    if "naslib" in sys.modules:
        for name in BEFORE | AFTER:
            if name in sys.modules:
                _before(sys.modules[name])
                _after(sys.modules[name])
