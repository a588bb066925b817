"""The MobileNetV3-like space of Once-for-All (Cai et al., ICLR 2020), as DSM-NAS searches it."""

from __future__ import annotations

from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from naslib_ext.search_spaces.base import Codes, Integers, Mask, SearchSpace

KERNELS = (3, 5, 7)
EXPANSIONS = (3, 4, 6)
OPERATIONS = tuple(f"mb{expansion}_k{kernel}" for kernel in KERNELS for expansion in EXPANSIONS)
"""What the values 1..9 mean: kernel 3 with expansions 3, 4, 6, then kernels 5 and 7."""

NUM_UNITS, UNIT_DEPTH, MIN_DEPTH = 5, 4, 2
_DEPTHS = np.array(list(product(range(MIN_DEPTH, UNIT_DEPTH + 1), repeat=NUM_UNITS)))
"""(243, 5) every combination of depths."""


class MobileNetSearchSpace(SearchSpace):
    """L = 20: five units of four layers; 0 is an absent layer, 1..9 a kernel and an expansion.

    A unit has its first layers only, two to four of them: its first two are never absent, and its fourth is absent
    where its third is. ``edit_distance`` is exact: layers can be added from the third on and removed from the fourth
    on without a detour.

    No distribution is published for the space. ``sample`` draws each unit's depth uniformly and each present layer
    uniformly. NASLib has no such space; the integers are those of DSM-NAS's released code, which swaps a unit's third
    and fourth layer where an edit leaves a gap. Here such an edit is not valid.
    """

    def __init__(self) -> None:
        super().__init__("mobilenet", [len(OPERATIONS) + 1] * (NUM_UNITS * UNIT_DEPTH), OPERATIONS)

    @cached_property
    def size(self) -> int:
        """Number of valid codes, (9^2 + 9^3 + 9^4)^5."""
        return int(sum(len(OPERATIONS) ** depth for depth in range(MIN_DEPTH, UNIT_DEPTH + 1)) ** NUM_UNITS)

    def _satisfies(self, codes: Codes) -> Mask:
        present = codes.reshape(-1, NUM_UNITS, UNIT_DEPTH) > 0
        valid: Mask = np.all(present[..., :MIN_DEPTH], axis=(1, 2))
        valid &= np.all(present[..., 1:] <= present[..., :-1], axis=(1, 2))
        return valid

    def _draw(self, n: int, rng: np.random.Generator) -> Codes:
        layers = rng.integers(1, len(OPERATIONS) + 1, size=(n, self.num_positions))
        return np.where(_present(rng.choice(_DEPTHS, size=n)), layers, 0).astype(np.int8)

    @property
    def block_operations(self) -> None:
        """``None``: the number of layers varies."""
        return None

    def _operations(self, codes: Codes) -> NDArray[np.int8]:
        return codes - np.int8(1)

    def _place(self, multiset: NDArray[np.int8], rng: np.random.Generator) -> Codes:
        """Depths uniform among those with as many layers as operations, then the operations in random order."""
        fitting = _DEPTHS[_DEPTHS.sum(axis=1) == len(multiset)]
        if not len(fitting):
            raise self._unplaceable(multiset)
        code = np.zeros(self.num_positions, dtype=np.int8)
        code[_present(rng.choice(fitting, size=1))[0]] = rng.permutation(multiset) + 1
        return code


def _present(depths: Integers) -> Mask:
    """(n, L) bool: which layers units of these depths (n, 5) have."""
    present: Mask = np.arange(UNIT_DEPTH) < depths[..., None]
    return present.reshape(len(depths), -1)
