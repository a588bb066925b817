"""naslib_ext: NAS methods that NASLib lacks, as codes in and values out, inside NASLib and without it."""

from __future__ import annotations

from collections.abc import Mapping

from naslib_ext.naslib_bridge import base, shims

__version__ = "0.1.0"


def _search_graphs(graph: type) -> None:
    """Has our one-shot methods take NASLib's graphs from the moment on that there are some."""
    from naslib_ext.naslib_bridge.adapters import graph_supernet

    graph_supernet.register(graph)


base.graph_users.append(_search_graphs)
shims.install()


def register(replace: Mapping[str, str] | None = None) -> list[str]:
    """Makes our predictors, and on request our optimizers, known to NASLib; see ``adapters.registration``."""
    from naslib_ext.naslib_bridge.adapters import registration

    return registration.register(replace)
