"""Names -> classes. Entries are import paths, so that listing names imports nothing heavy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from naslib_ext.errors import MissingDependency, UnknownName


def unknown_name(kind: str, name: str, known: Iterable[str], prefix: str = "") -> UnknownName:
    """The error for a name that is not known; it names the nearest valid one. ``prefix`` stands before all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {prefix + near[0]!r}?" if near else f"known: {', '.join(names) or 'none'}"
    return UnknownName(f"unknown {kind} {prefix + name!r}; {hint}")


class Registry:
    """Objects by name, from this package (``"module:attribute"``) and from third parties' entry points.

    Args:
        kind: what the entries are, for messages (``"optimizer"``).
        group: the entry-point group that third parties add to (``"naslib_ext.optimizers"``).
        entries: name -> ``"module:attribute"``.
    """

    def __init__(self, kind: str, group: str, entries: dict[str, str]) -> None:
        self.kind = kind
        self.group = group
        self._entries = entries

    def names(self) -> list[str]:
        """Every registered name, this package's own first."""
        return [*self._entries, *sorted(set(self._third_party()) - set(self._entries))]

    def get(self, name: str) -> Any:
        """The object of that name. Raises ``UnknownName``, and ``MissingDependency`` where it cannot be loaded."""
        if name in self._entries:
            module, attribute = self._entries[name].split(":")
            return getattr(import_module(module), attribute)
        third_party = self._third_party()
        if name not in third_party:
            raise unknown_name(self.kind, name, self.names())
        point = third_party[name]
        try:
            return point.load()
        except (ImportError, AttributeError) as error:
            raise MissingDependency(f"{self.kind} {name!r}: cannot load {point.value!r}: {error}") from error

    def _third_party(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self.group)}
