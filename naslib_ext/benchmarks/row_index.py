"""From codes to table rows, vectorised and exact."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.search_spaces import Codes

DIRECT = 1 << 24
"""Spaces with at most this many raw combinations get one table cell each; up to here float32 counts exactly."""

HASH_SEED = 20_221_122


class RowIndex:
    """Finds the row of an architecture among distinct ``codes`` (m, L).

    Small spaces are addressed directly by mixed-radix number, large ones by a 64-bit hash whose hits are compared
    with the stored code, so that a code that is not in the table is never taken for another.
    """

    def __init__(self, codes: Codes, cardinalities: NDArray[np.int64]) -> None:
        self._codes = codes
        self._limits = cardinalities.astype(np.uint8)
        self._direct = prod(cardinalities.tolist()) <= DIRECT
        if self._direct:
            radices = np.append(cardinalities[1:], 1)
            self._weights = np.cumprod(radices[::-1])[::-1].astype(np.float32)
            self._rows = np.full(prod(cardinalities.tolist()), -1, dtype=np.int32)
            self._rows[self._cell(codes)] = np.arange(len(codes))
            self._distinct = int((self._rows >= 0).sum())
        else:
            self._factors = np.random.default_rng(HASH_SEED).integers(0, 2**63 - 1, len(cardinalities)) | 1
            hashes = codes @ self._factors
            self._order = np.argsort(hashes, kind="stable")
            self._hashes = hashes[self._order]
            self._distinct = len(np.unique(codes, axis=0))
            if len(np.unique(hashes)) != self._distinct:
                raise ValueError("two architectures share a hash; change HASH_SEED")

    @property
    def has_duplicates(self) -> bool:
        """Whether two rows hold the same code."""
        return self._distinct != len(self._codes)

    def find(self, codes: Codes) -> NDArray[np.integer[Any]]:
        """(n,) row of each code, -1 where the table does not hold it."""
        if not self._direct:
            return self._find_hashed(codes)
        values = codes.view(np.uint8)  # as unsigned numbers, negative values are too large
        if not len(codes) or values.max() < self._limits.min():
            return self._rows.take(self._cell(codes))
        inside = (values < self._limits).all(axis=1)
        rows = np.full(len(codes), -1, dtype=np.int32)
        rows[inside] = self._rows[self._cell(codes[inside])]
        return rows

    def _cell(self, codes: Codes) -> NDArray[np.int32]:
        """(n,) the mixed-radix number of each code, by the fastest matrix product there is."""
        cells: NDArray[np.int32] = (codes.astype(np.float32) @ self._weights).astype(np.int32)
        return cells

    def _find_hashed(self, codes: Codes) -> NDArray[np.integer[Any]]:
        if not len(self._codes):
            return np.full(len(codes), -1, dtype=np.intp)
        places = np.searchsorted(self._hashes, codes @ self._factors)
        rows = self._order[np.minimum(places, len(self._order) - 1)]
        return np.where((self._codes[rows] == codes).all(axis=1), rows, -1)
