"""Zero-cost proxies: scores of untrained networks, by name. One file a family.

score("nasbench201", codes, "zen", seed=0, threads=2)     # (n,) float64
get_proxy("zen")(repeats=1).score(network, inputs, labels, generator)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.parameters import settings as checked_settings
from naslib_ext.proxies.base import FLOOR, Proxy
from naslib_ext.registry import Registry
from naslib_ext.search_spaces import SearchSpace, get_search_space

__all__ = ["FLOOR", "Proxy", "get_proxy", "list_proxies", "score"]

_PACKAGE = "naslib_ext.proxies"
_REGISTRY = Registry(
    "proxy",
    _PACKAGE,
    {
        "zen": f"{_PACKAGE}.zen:ZenScore",
        "params": f"{_PACKAGE}.sizes:Params",
        "flops": f"{_PACKAGE}.sizes:Flops",
        "synflow": f"{_PACKAGE}.gradients:SynFlow",
        "snip": f"{_PACKAGE}.gradients:Snip",
        "grad_norm": f"{_PACKAGE}.gradients:GradNorm",
        "fisher": f"{_PACKAGE}.gradients:Fisher",
        "jacov": f"{_PACKAGE}.jacobian:JacobianCovariance",
        "naswot": f"{_PACKAGE}.jacobian:NASWOT",
    },
)


def get_proxy(name: str) -> type[Proxy]:
    """The proxy class of that name. Raises ``UnknownName``."""
    proxy: type[Proxy] = _REGISTRY.get(name)
    return proxy


def list_proxies() -> list[str]:
    """Names that ``get_proxy`` takes."""
    return _REGISTRY.names()


def score(
    space: str | SearchSpace,
    codes: ArrayLike,
    name: str,
    *,
    seed: int = 0,
    sizes: Mapping[str, Any] | None = None,
    **settings: Any,
) -> NDArray[np.float64]:
    """(n,) scores of architectures ``codes`` (n, L), ``FLOOR`` for those without one.

    Every architecture sees the same inputs, labels and, layer by layer, the same weights: they depend on ``seed``.

    Args:
        space: a search space that has networks, or its name.
        codes: (n, L) valid codes.
        name: one of ``list_proxies()``.
        seed: of everything random.
        sizes: keyword arguments of ``naslib_ext.networks.build_network`` (``init_channels``, ``num_classes``, ...).
        **settings: ``batch_size``, ``image_size``, ``threads`` and the proxy's own parameters.

    Raises:
        UnknownName: there is no proxy or search space of that name.
        ConfigError: a setting is unknown or impossible.
        InvalidArchitecture: a row of ``codes`` is not an architecture.
        UnsupportedSpace: the space has no networks.
    """
    from naslib_ext.proxies.batch import BATCH_PARAMETERS, score_codes

    own = {key: value for key, value in settings.items() if key not in BATCH_PARAMETERS}
    proxy = get_proxy(name)(**own)
    batch = checked_settings(BATCH_PARAMETERS, settings, f"{name}.")
    known = get_search_space(space) if isinstance(space, str) else space
    return score_codes(known, codes, proxy, seed, sizes=sizes or {}, **batch)
