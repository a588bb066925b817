"""Smaller search spaces: locality, LISSNAS and its rivals, shrunk spaces and their quality."""

from naslib_ext.shrinkage.shrunk_space import ShrunkSearchSpace

__all__ = ["ShrunkSearchSpace"]
