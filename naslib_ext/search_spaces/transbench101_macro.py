"""TransNAS-Bench-101 macro (Duan et al., CVPR 2021): chains of four to six modules, 3,256 codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.errors import InvalidArchitecture
from naslib_ext.search_spaces.base import Codes, Integers, Mask, SearchSpace

OPERATIONS = ("same", "channels_x2", "stride_2", "channels_x2_stride_2")
"""What the digits 1..4 do."""

LENGTHS = (4, 6)
STRIDES = (1, 4)
"""How many modules may halve the resolution (digits 3 and 4)."""
DOUBLINGS = (1, 3)
"""How many modules may double the channels (digits 2 and 4)."""


class TransBench101MacroSearchSpace(SearchSpace):
    """L = 6: the digits of ``64-DIGITS-basic``, padded with zeros on the right.

    A single edit changes, appends or removes one digit. ``sample`` is NASLib's: the length, the number of strides and
    the number of doublings are uniform, then each is spread over the modules at random.

    Differences from NASLib: its mutation fails with a ``TypeError``, and its neighbourhood changes length, strides and
    doublings all at once and draws the order of the modules at random, so that it is not symmetric.
    """

    def __init__(self) -> None:
        super().__init__("transbench101_macro", [5] * 6, OPERATIONS)

    def _satisfies(self, codes: Codes) -> Mask:
        padding = codes == 0
        valid = (padding[:, 1:] >= padding[:, :-1]).all(axis=1)
        for counted, (low, high) in ((~padding, LENGTHS), (codes >= 3, STRIDES), (_doubles(codes), DOUBLINGS)):
            number = counted.sum(axis=1)
            valid &= (number >= low) & (number <= high)
        return valid

    def _draw(self, n: int, rng: np.random.Generator) -> Codes:
        lengths, strides, doublings = (
            rng.integers(low, high + 1, size=(n, 1)) for low, high in (LENGTHS, STRIDES, DOUBLINGS)
        )
        used = np.arange(6) < lengths
        stride, doubling = (_choose(number, used, rng) for number in (strides, doublings))
        return np.where(used, 1 + 2 * stride + doubling, 0).astype(np.int8)

    def edit_distance(self, a: ArrayLike, b: ArrayLike) -> Integers:
        """(n,) exact number of single edits: the positions that differ, and one more where a detour is needed.

        A detour is needed where every order of the changes passes through an invalid code, as between 111123 and
        111132 (111122 has no stride, 111133 no doubling). It costs one edit more in all of these 2,246 of the
        10,601,536 ordered pairs; the graph of edits is connected, with diameter 6.
        """
        first, second = self.check(a), self.check(b)
        reached = [np.ones(len(first), dtype=bool)]
        for changed in range(1, 1 << 6):  # the codes between the two, as sets of changed positions
            bits = changed >> np.arange(6) & 1
            before = np.logical_or.reduce([reached[changed - (1 << position)] for position in np.flatnonzero(bits)])
            reached.append(before & self._satisfies(np.where(bits, second, first)))
        distance: Integers = (first != second).sum(axis=1) + ~reached[-1]
        return distance

    # the operation view

    @property
    def block_operations(self) -> None:
        """``None``: the number of modules varies."""
        return None

    def _operations(self, codes: Codes) -> NDArray[np.int8]:
        return codes - np.int8(1)

    def _place(self, multiset: NDArray[np.int8], rng: np.random.Generator) -> Codes:
        """The modules in random order; their number is the length."""
        code = np.zeros(6, dtype=np.int8)
        if len(multiset) > len(code):
            raise self._unplaceable(multiset)
        code[: len(multiset)] = rng.permutation(multiset) + 1
        if not self._satisfies(code[None])[0]:
            raise self._unplaceable(multiset)
        return code

    # specs and text

    def from_spec(self, spec: Any) -> Codes:
        """(L,) from NASLib's integers, with or without the zeros on the right."""
        if isinstance(spec, Sequence | np.ndarray) and LENGTHS[0] <= len(spec) < LENGTHS[1]:
            spec = [*spec, *[0] * (LENGTHS[1] - len(spec))]
        return super().from_spec(spec)

    def to_string(self, code: ArrayLike) -> str:
        """The benchmark's architecture string ``64-DIGITS-basic``."""
        return f"64-{''.join(str(digit) for digit in self.to_spec(code) if digit)}-basic"

    def from_string(self, text: str) -> Codes:
        match = re.fullmatch(r"64-(\d{4,6})-basic", text)
        if match:
            return self.from_spec([int(digit) for digit in match[1]])
        digits = re.findall(r"\d", text)
        if re.search(r"\d\d", text) and not re.fullmatch(r"\d{4,6}", text):
            raise InvalidArchitecture(f"{self.name}: not an architecture string: {text!r}")
        return self.from_spec([int(digit) for digit in digits])


def _doubles(codes: Codes) -> Mask:
    return (codes == 2) | (codes == 4)


def _choose(number: NDArray[Any], used: Mask, rng: np.random.Generator) -> Mask:
    """(n, 6) bool: in each row ``number`` (n, 1) of the ``used`` positions, all choices equally likely."""
    order = np.where(used, rng.random(used.shape), 2.0).argsort(axis=1)
    chosen: Mask = order.argsort(axis=1) < number
    return chosen
