"""ANASOD (Wan et al., WACV 2022): search over the distribution of operations."""

from naslib_ext.optimizers.anasod.base import ANASODOptimizer

__all__ = ["ANASODOptimizer"]
