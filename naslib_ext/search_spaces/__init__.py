"""Search spaces: what an architecture is, as codes ``(n, L) int8``. One file a space."""

from functools import cache

from naslib_ext.registry import Registry
from naslib_ext.search_spaces.base import Codes, SearchSpace
from naslib_ext.search_spaces.categorical import CategoricalSearchSpace

__all__ = ["CategoricalSearchSpace", "Codes", "SearchSpace", "get_search_space", "list_search_spaces"]

_PACKAGE = "naslib_ext.search_spaces"
_REGISTRY = Registry(
    "search space",
    _PACKAGE,
    {
        "nasbench101": f"{_PACKAGE}.nasbench101:NASBench101SearchSpace",
        "nasbench201": f"{_PACKAGE}.nasbench201:NASBench201SearchSpace",
        "nasbench301": f"{_PACKAGE}.nasbench301:NASBench301SearchSpace",
        "transbench101_micro": f"{_PACKAGE}.transbench101_micro:TransBench101MicroSearchSpace",
        "transbench101_macro": f"{_PACKAGE}.transbench101_macro:TransBench101MacroSearchSpace",
        "nasbench_macro": f"{_PACKAGE}.nasbench_macro:NASBenchMacroSearchSpace",
        "mobilenet": f"{_PACKAGE}.mobilenet:MobileNetSearchSpace",
        "shufflenetv2": f"{_PACKAGE}.shufflenetv2:ShuffleNetV2SearchSpace",
        "fairnas": f"{_PACKAGE}.fairnas:FairNASSearchSpace",
    },
)


@cache
def get_search_space(name: str) -> SearchSpace:
    """The search space of that name; one shared instance, as spaces hold no state. Raises ``UnknownName``."""
    space: SearchSpace = _REGISTRY.get(name)()
    return space


def list_search_spaces() -> list[str]:
    """Names that ``get_search_space`` takes."""
    return _REGISTRY.names()
