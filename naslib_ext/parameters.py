"""Declared parameters: name, published default, and what values are possible."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from typing import Any

from naslib_ext.errors import ConfigError


@dataclass(frozen=True)
class Parameter:
    """A hyper-parameter: its published default, least value and, where they are few, its choices."""

    default: Any
    help: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] | None = None

    def check(self, value: Any, where: str) -> Any:
        """``value`` in the default's type. Raises ``ConfigError`` saying ``where`` and what was expected."""
        converted = convert(value, type(self.default), where)
        if self.minimum is not None and converted < self.minimum:
            raise ConfigError(f"{where}: expected at least {self.minimum}, got {value!r}")
        if self.maximum is not None and converted > self.maximum:
            raise ConfigError(f"{where}: expected at most {self.maximum}, got {value!r}")
        if self.choices is not None and converted not in self.choices:
            raise ConfigError(f"{where}: expected one of {', '.join(map(str, self.choices))}, got {value!r}")
        return converted


def convert(value: Any, kind: type, where: str) -> Any:
    """``value`` as ``kind``: integers pass as floats, text is parsed. Raises ``ConfigError``, also for NaN and inf."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()  # a scalar of numpy
    if kind is bool and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if kind in (int, float) and isinstance(value, str | int) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            value = kind(value)
    endless = isinstance(value, float) and not isfinite(value)
    if isinstance(value, kind) and not endless and not (kind is int and isinstance(value, bool)):
        return value
    raise ConfigError(f"{where}: expected {_NAMES.get(kind, kind.__name__)}, got {value!r}")


_NAMES: dict[type, str] = {
    **{int: "an integer", float: "a number", str: "text", bool: "true or false"},
    **{list: "a list", dict: "names and values"},
}


def settings(parameters: Mapping[str, Parameter], values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """One value for every parameter: from ``values`` where it is there, else the default."""
    return {
        name: parameter.check(values[name], f"{where}{name}") if name in values else parameter.default
        for name, parameter in parameters.items()
    }
