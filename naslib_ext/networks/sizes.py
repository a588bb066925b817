"""Sizes of networks: the keyword arguments of a network's class, as configurations give them."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

import numpy as np

from naslib_ext.errors import ConfigError
from naslib_ext.registry import unknown_name


def check_sizes(kind: type, sizes: Mapping[str, Any], called: str) -> None:
    """Raises ``ConfigError`` for a size that ``kind`` does not have, and for a number of things that is none.

    Args:
        kind: a network's class; its parameters with defaults are its sizes, those with a whole number count something.
        sizes: names and values.
        called: what networks of that class are called.
    """
    known = {name: size.default for name, size in signature(kind).parameters.items() if size.default is not size.empty}
    for name, value in sizes.items():
        if name not in known:
            raise ConfigError(str(unknown_name(f"size of {called}", name, known)))
        number = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if type(known[name]) is int and not (number and value >= 1):
            raise ConfigError(f"size {name!r} of {called}: expected a positive integer, got {value!r}")
