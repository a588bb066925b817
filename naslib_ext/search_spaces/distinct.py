"""Which of many architectures are the same: 64-bit hashes of packed codes."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from naslib_ext.search_spaces.base import Codes, SearchSpace

Integers = NDArray[np.int64]

HASH_SEED = 20_230_706
_WORD = 8


def hashes(rows: NDArray[np.integer]) -> NDArray[np.uint64]:  # type: ignore[type-arg]
    """(n,) one number for each row (n, L) of small integers: its bytes, packed into words, times odd random numbers.

    Different rows of one length share a number with a chance of 2^-64 or a little more.
    """
    array = np.ascontiguousarray(rows, dtype=np.int8)
    width = -(-array.shape[1] // _WORD) * _WORD
    if width > array.shape[1]:
        array = np.pad(array, ((0, 0), (0, width - array.shape[1])))
    words = array.view(np.uint64)
    total = np.zeros(len(words), dtype=np.uint64)
    for word, (first, second) in zip(words.T, _factors(words.shape[1]).T, strict=True):
        mixed = word * first  # high bits know all lower ones; folded down, so that the low ones know all as well
        mixed ^= mixed >> np.uint64(32)
        total += mixed * second
    return total


@cache
def _factors(words: int) -> NDArray[np.uint64]:
    """(2, words) odd random numbers."""
    drawn = np.random.default_rng(HASH_SEED).integers(0, 2**63, (2, words), dtype=np.uint64)
    return drawn << np.uint64(1) | np.uint64(1)


def key_forms(space: SearchSpace, codes: Codes, key: str) -> Codes:
    """(n, L) what tells architectures apart: the code itself, or with ``key`` ``"canonical"`` its canonical form."""
    return space.canonical(codes) if key == "canonical" else codes


def distinct(space: SearchSpace, codes: Codes, key: str) -> Integers:
    """(m,) rows of the first of each architecture among ``codes`` (n, L), ascending."""
    first = np.unique(hashes(key_forms(space, codes, key)), return_index=True)[1]
    return np.sort(first)
