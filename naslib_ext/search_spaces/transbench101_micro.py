"""TransNAS-Bench-101 micro (Duan et al., CVPR 2021): four operations on the six edges of a cell, 4,096 codes."""

from __future__ import annotations

import re
from collections.abc import Hashable

from numpy.typing import ArrayLike

from naslib_ext.search_spaces.base import Codes
from naslib_ext.search_spaces.four_node_cell import Edge, FourNodeCellSpace

OPERATIONS = ("none", "skip_connect", "conv_1x1", "conv_3x3")


class TransBench101MicroSearchSpace(FourNodeCellSpace):
    """The digits ``a_bc_def`` of ``64-41414-a_bc_def``: edges (0,1), (0,2), (1,2), (0,3), (1,3), (2,3).

    ``canonical`` drops what does not reach the output and passes identities through, except on the edges that leave
    the input: half of the cells halve the resolution there, and a skip connection is then a convolution with weights.

    Differences from NASLib: its sampler uses NAS-Bench-201's edge order and operation ids here, so that it rejects
    other cells than those cut off; here exactly those whose input or output is cut off are rejected.
    """

    edges = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
    none, skip = 0, 1
    input_skip_changes = True

    def __init__(self) -> None:
        super().__init__("transbench101_micro", OPERATIONS)

    def cell_function(self, operations: dict[Edge, int]) -> Hashable:
        """``nested_terms``."""
        return self.nested_terms(operations)

    def to_string(self, code: ArrayLike) -> str:
        """The benchmark's architecture string ``64-41414-a_bc_def``."""
        digits = "".join(str(value) for value in self.to_spec(code))
        return f"64-41414-{digits[0]}_{digits[1:3]}_{digits[3:]}"

    def from_string(self, text: str) -> Codes:
        match = re.fullmatch(r"64-41414-(\d)_(\d\d)_(\d\d\d)", text)
        return self.from_spec([int(digit) for digit in "".join(match.groups())]) if match else super().from_string(text)
