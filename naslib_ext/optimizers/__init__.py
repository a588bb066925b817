"""Search methods, by name. A method is one file or small package that subclasses ``Optimizer``."""

from naslib_ext.naslib_bridge.base import MetaOptimizer
from naslib_ext.optimizers.base import Optimizer
from naslib_ext.registry import Registry, unknown_name

__all__ = ["Optimizer", "get_optimizer", "list_optimizers"]

KINDS = ("query", "one_shot")

_PACKAGE = "naslib_ext.optimizers"
_QUERY = {
    "rs": f"{_PACKAGE}.random_search:RandomSearch",
    "re": f"{_PACKAGE}.regularized_evolution:RegularizedEvolution",
    "ls": f"{_PACKAGE}.local_search:LocalSearch",
    "sep_re": f"{_PACKAGE}.sep_re:SEPEvolution",
    "anasod_rs": f"{_PACKAGE}.anasod.random_search:ANASODRandomSearch",
    "anasod_brs": f"{_PACKAGE}.anasod.random_search:ANASODBiasedRandomSearch",
    "anasod_ls": f"{_PACKAGE}.anasod.local_search:ANASODLocalSearch",
    "delta_nas": f"{_PACKAGE}.delta_nas:DeltaNAS",
    "dsm_nas": f"{_PACKAGE}.dsm_nas:DSMNAS",
    "reinforce": f"{_PACKAGE}.reinforce:Reinforce",
    "tpe": f"{_PACKAGE}.tpe:TPE",
    "bananas": f"{_PACKAGE}.bananas:Bananas",
    "adj_bo": f"{_PACKAGE}.encoding_bo:AdjacencyBO",
    "path_bo": f"{_PACKAGE}.encoding_bo:PathBO",
    "anasod_nep": f"{_PACKAGE}.anasod.nep:ANASODNeuralSearch",
    "anasod_bo": f"{_PACKAGE}.anasod.bo:ANASODBayesianOptimization",
    "structure_bo": f"{_PACKAGE}.structure_bo:StructureBO",
    "lissnas": f"{_PACKAGE}.lissnas:LISSNAS",
}
_ONE_SHOT = {
    "anasod_dnas": f"{_PACKAGE}.one_shot.anasod_dnas:ANASODDNAS",
    "darts": f"{_PACKAGE}.one_shot.darts:DARTS",
    "gaea": f"{_PACKAGE}.one_shot.gaea:GAEA",
    "gdas": f"{_PACKAGE}.one_shot.gdas:GDAS",
    "rsws": f"{_PACKAGE}.one_shot.rsws:RandomSearchWithWeightSharing",
    "enas": f"{_PACKAGE}.one_shot.enas:ENAS",
}
_REGISTRY = Registry("optimizer", _PACKAGE, _QUERY | _ONE_SHOT)


def get_optimizer(name: str) -> type[Optimizer]:
    """The optimizer class of that name; call it with a configuration. Raises ``UnknownName``.

    Those with ``using_step_function`` are of the kind ``"one_shot"``, and ``OneShotOptimizer``s instead.
    """
    optimizer: type[Optimizer] = _REGISTRY.get(name)
    return optimizer


def list_optimizers(kind: str | None = None) -> list[str]:
    """Names that ``get_optimizer`` takes; ``kind``: ``"query"`` asks a benchmark, ``"one_shot"`` trains weights."""
    names = _REGISTRY.names()
    if kind is None:
        return names
    if kind not in KINDS:
        raise unknown_name("kind of optimizer", kind, KINDS)
    return [name for name in names if _is_one_shot(name) == (kind == "one_shot")]


def _is_one_shot(name: str) -> bool:
    if name in _QUERY or name in _ONE_SHOT:  # ours are known without an import
        return name in _ONE_SHOT
    kind: type[MetaOptimizer] = _REGISTRY.get(name)
    return kind.using_step_function
