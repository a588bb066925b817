"""The space of FairNAS (Chu et al., ICCV 2021): 19 inverted bottlenecks with six choices each."""

from __future__ import annotations

from naslib_ext.search_spaces.categorical import CategoricalSearchSpace

KERNELS = (3, 5, 7)
EXPANSIONS = (3, 6)
OPERATIONS = tuple(f"mb{expansion}_k{kernel}" for expansion in EXPANSIONS for kernel in KERNELS)
"""Expansion 3 with kernels 3, 5, 7, then expansion 6 with kernels 3, 5, 7."""
NUM_BLOCKS = 19


class FairNASSearchSpace(CategoricalSearchSpace):
    """L = 19: the choice of each block. All 6^19 codes are valid; ``sample`` is uniform. NASLib has no such space."""

    def __init__(self) -> None:
        super().__init__("fairnas", [len(OPERATIONS)] * NUM_BLOCKS, [OPERATIONS] * NUM_BLOCKS)
