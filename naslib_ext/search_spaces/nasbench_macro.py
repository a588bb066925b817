"""NAS-Bench-Macro (Su et al., CVPR 2021): chains of eight layers with three choices each, 6,561 codes."""

from __future__ import annotations

from numpy.typing import ArrayLike

from naslib_ext.search_spaces.categorical import CategoricalSearchSpace

OPERATIONS = ("identity", "mb3_k3", "mb6_k5")
"""Identity, and inverted bottlenecks: expansion 3 with kernel 3, expansion 6 with kernel 5."""


class NASBenchMacroSearchSpace(CategoricalSearchSpace):
    """L = 8: the choice of each layer. All codes are valid, and each was trained on its own."""

    def __init__(self) -> None:
        super().__init__("nasbench_macro", [len(OPERATIONS)] * 8, [OPERATIONS] * 8)

    def to_string(self, code: ArrayLike) -> str:
        """The benchmark's key: eight digits."""
        return "".join(str(choice) for choice in self.to_spec(code))
