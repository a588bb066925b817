"""Networks: code -> ``torch.nn.Module``. One file a family; the published sizes are the defaults of its parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from torch import nn

from naslib_ext.errors import UnsupportedSpace
from naslib_ext.networks.sizes import check_sizes
from naslib_ext.registry import Registry
from naslib_ext.search_spaces import SearchSpace, get_search_space

__all__ = ["build_network", "list_networks"]

_PACKAGE = "naslib_ext.networks"
_REGISTRY = Registry(
    "network",
    _PACKAGE,
    {
        "nasbench101": f"{_PACKAGE}.nasbench101:NASBench101Network",
        "nasbench201": f"{_PACKAGE}.nasbench201:NASBench201Network",
        "nasbench301": f"{_PACKAGE}.nasbench301:NASBench301Network",
        "transbench101_micro": f"{_PACKAGE}.transbench101_micro:TransBench101MicroNetwork",
        "nasbench_macro": f"{_PACKAGE}.nasbench_macro:NASBenchMacroNetwork",
        "mobilenet": f"{_PACKAGE}.mobilenet:MobileNetNetwork",
        "shufflenetv2": f"{_PACKAGE}.shufflenetv2:ShuffleNetV2Network",
    },
)


def build_network(space: str | SearchSpace, code: ArrayLike, **sizes: Any) -> nn.Module:
    """The network that ``code`` (L,) of ``space`` stands for, with fresh weights from torch's global generator.

    The module has ``forward(x)``, logits (batch, classes), and ``features(x)``, the feature map before the global
    pooling. ``sizes`` are the keyword arguments of the network's class (``init_channels``, ``num_classes``, ...).

    Raises:
        UnsupportedSpace: the space has no network.
        InvalidArchitecture: ``code`` is not an architecture of the space.
        UnknownName: there is no space of that name.
        ConfigError: the space's networks have no such size, or it is impossible.
    """
    known = get_search_space(space) if isinstance(space, str) else space
    if known.name not in list_networks():
        raise UnsupportedSpace(f"{known.name} has no network; there are networks for {', '.join(list_networks())}")
    row = known.check(np.asarray(code)[None])[0].tolist()
    kind: type[nn.Module] = _REGISTRY.get(known.name)
    check_sizes(kind, sizes, f"{known.name} networks")
    return kind(row, **sizes)


def list_networks() -> list[str]:
    """Names of the search spaces that have networks."""
    return _REGISTRY.names()
