"""Structure features: what an architecture is made of, rather than where its parts stand (docs/delta_nas.md)."""

from naslib_ext.encodings.structure.features import structure_features, structure_matrix

__all__ = ["structure_features", "structure_matrix"]
