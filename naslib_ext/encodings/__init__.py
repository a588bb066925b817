"""Codes -> features. Every encoding maps ``(n, L)`` codes of a space to an ``(n, d)`` float32 array."""

from naslib_ext.encodings.graph_summary import graph_summary
from naslib_ext.encodings.one_hot import one_hot

__all__ = ["graph_summary", "one_hot"]
