"""What one-shot methods search: supernets, and whatever somebody knows how to make one of."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from naslib_ext.errors import UnsupportedSpace
from naslib_ext.networks.supernet import Supernet


@singledispatch
def as_supernet(search_space: Any, scope: Any = None) -> Supernet:
    """The supernet of ``search_space``: itself, or what the function registered for its type makes of it.

        as_supernet.register(MyGraph, my_function)      # my_function(search_space, scope=None) -> Supernet

    Args:
        search_space: a ``Supernet``, or an object of a registered type.
        scope: which parts of it are searched; ``None`` is its own scope.

    Raises ``UnsupportedSpace`` for other types.
    """
    raise UnsupportedSpace(f"{type(search_space).__name__} is no supernet, and nothing here makes one of it")


as_supernet.register(Supernet, lambda supernet, scope=None: supernet)
