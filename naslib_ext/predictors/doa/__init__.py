"""The difference-of-architectures predictor of Delta-NAS."""

from naslib_ext.predictors.doa.predictor import DoAPredictor

__all__ = ["DoAPredictor"]
