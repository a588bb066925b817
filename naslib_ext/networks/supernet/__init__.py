"""Weight-sharing supernets: one network that holds the weights of every architecture of a space (one-shot search).

supernet = build_supernet("nasbench201", init_channels=8, cells_per_stage=1)
supernet(images, code)                     # one architecture, with the shared weights
supernet(images, weights)                  # all of them: operations mixed by (edges, operations) weights
"""

from __future__ import annotations

from typing import Any

from naslib_ext.errors import UnsupportedSpace
from naslib_ext.networks.sizes import check_sizes
from naslib_ext.networks.supernet.base import Supernet
from naslib_ext.networks.supernet.evaluation import accuracies
from naslib_ext.registry import Registry
from naslib_ext.search_spaces import SearchSpace, get_search_space

__all__ = ["Supernet", "accuracies", "build_supernet", "list_supernets"]

_PACKAGE = "naslib_ext.networks.supernet"
_REGISTRY = Registry(
    "supernet",
    _PACKAGE,
    {
        "nasbench201": f"{_PACKAGE}.nasbench201:NASBench201Supernet",
        "nasbench301": f"{_PACKAGE}.nasbench301:NASBench301Supernet",
    },
)


def build_supernet(space: str | SearchSpace, **sizes: Any) -> Supernet:
    """The supernet of a search space, with fresh weights from torch's global generator.

    Args:
        space: the space or its name; for a part of a space it is the whole one's supernet.
        sizes: keyword arguments of the supernet's class, those of ``naslib_ext.networks.build_network``.

    Raises:
        UnsupportedSpace: the space has no supernet.
        UnknownName: there is no space of that name.
        ConfigError: the space's supernets have no such size, or it is impossible.
    """
    known = (get_search_space(space) if isinstance(space, str) else space).whole
    if known.name not in list_supernets():
        raise UnsupportedSpace(f"{known.name} has no supernet; there are supernets for {', '.join(list_supernets())}")
    kind: type[Supernet] = _REGISTRY.get(known.name)
    check_sizes(kind, sizes, f"{known.name} supernets")
    return kind(**sizes)


def list_supernets() -> list[str]:
    """Names of the search spaces that have supernets."""
    return _REGISTRY.names()
