"""The ShuffleNetV2 space of Single Path One-Shot (Guo et al., ECCV 2020): 20 blocks of four choices."""

from __future__ import annotations

from naslib_ext.search_spaces.categorical import CategoricalSearchSpace

OPERATIONS = ("shuffle_3x3", "shuffle_5x5", "shuffle_7x7", "xception_3x3")
NUM_BLOCKS = 20


class ShuffleNetV2SearchSpace(CategoricalSearchSpace):
    """L = 20: the choice of each block. All 4^20 codes are valid; ``sample`` is uniform. NASLib has no such space."""

    def __init__(self) -> None:
        super().__init__("shufflenetv2", [len(OPERATIONS)] * NUM_BLOCKS, [OPERATIONS] * NUM_BLOCKS)
