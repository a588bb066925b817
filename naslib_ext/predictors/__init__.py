"""Predictors of an architecture's quality, by name: NASLib ``Predictor`` subclasses that work on codes."""

from naslib_ext.predictors.base import Predictor
from naslib_ext.registry import Registry

__all__ = ["Predictor", "get_predictor", "list_predictors"]

_PACKAGE = "naslib_ext.predictors"
_REGISTRY = Registry(
    "predictor",
    _PACKAGE,
    {
        "xgb": f"{_PACKAGE}.xgb:XGBoostPredictor",
        "zero_cost": f"{_PACKAGE}.zero_cost:ZeroCostPredictor",
        "anasod_gp": f"{_PACKAGE}.anasod_gp:ANASODGaussianProcess",
        "doa": f"{_PACKAGE}.doa:DoAPredictor",
        "structure_gp": f"{_PACKAGE}.structure_gp:StructureGaussianProcess",
        "nep": f"{_PACKAGE}.neural_ensemble:NeuralEnsemblePredictor",
        "mlp": f"{_PACKAGE}.mlp:MLPPredictor",
        "gcn": f"{_PACKAGE}.gcn:GCNPredictor",
        "brp_nas": f"{_PACKAGE}.brp_nas:BRPNASPredictor",
    },
)


def get_predictor(name: str) -> type[Predictor]:
    """The predictor class of that name. Raises ``UnknownName``."""
    predictor: type[Predictor] = _REGISTRY.get(name)
    return predictor


def list_predictors() -> list[str]:
    """Names that ``get_predictor`` takes."""
    return _REGISTRY.names()
