"""naslib_ext: NAS methods that NASLib lacks, as codes in and values out, inside NASLib and without it."""

from __future__ import annotations

from collections.abc import Mapping

from naslib_ext.naslib_bridge import shims

__version__ = "0.1.0"

shims.install()


def register(replace: Mapping[str, str] | None = None) -> list[str]:
    """Makes our predictors, and on request our optimizers, known to NASLib; see ``adapters.registration``."""
    from naslib_ext.naslib_bridge.adapters import registration

    return registration.register(replace)
