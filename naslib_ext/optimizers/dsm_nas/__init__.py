"""DSM-NAS: neural architecture search via dominative subspace mining (Chen et al., 2024)."""

from naslib_ext.optimizers.dsm_nas.optimizer import DSMNAS

__all__ = ["DSMNAS"]
