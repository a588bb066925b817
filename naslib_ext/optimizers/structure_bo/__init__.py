"""Bayesian optimisation on structure features, the method that the package searches with by default."""

from naslib_ext.optimizers.structure_bo.optimizer import StructureBO

__all__ = ["StructureBO"]
