"""What an architecture is: a *code*, one row of small integers. Nothing here knows an accuracy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from math import prod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.errors import InvalidArchitecture, UnsupportedSpace
from naslib_ext.search_spaces.operation_view import OperationView

Codes = NDArray[np.int8]
Mask = NDArray[np.bool_]
Integers = NDArray[np.int64]

ENUMERABLE = 2_000_000
"""Spaces with at most this many raw combinations can be enumerated."""

REJECTIONS = 10_000
"""Rounds of rejection sampling before a draw counts as impossible."""


def check_cardinalities(name: str, cardinalities: Sequence[int]) -> Integers:
    """(L,) ``cardinalities``. Raises ``InvalidArchitecture`` where they are not integers from 1 to 127."""
    array = np.asarray(cardinalities)
    if array.ndim != 1 or not len(array) or not np.issubdtype(array.dtype, np.integer):
        raise InvalidArchitecture(f"{name}: cardinalities must be a list of integers, got {cardinalities!r}")
    if array.min() < 1 or array.max() > 127:
        raise InvalidArchitecture(f"{name}: every position needs 1 to 127 choices, got {cardinalities!r}")
    return array.astype(np.int64)


class SearchSpace(OperationView):
    """Architectures as rows of L categorical choices, with every operation vectorised over architectures.

    A subclass states which rows are valid (``_satisfies``) and, where it differs from the general case, how
    architectures are drawn, made canonical and edited. A *single edit* changes the choice at one position.

    Shapes: n architectures, L positions. Codes are ``(n, L)`` ``int8``.
    """

    key: ClassVar[str] = "code"
    """What makes two codes the same architecture in this space's benchmarks: ``"code"`` or ``"canonical"``."""

    def __init__(self, name: str, cardinalities: Sequence[int], operation_names: Sequence[str] = ()) -> None:
        self.name = name
        self.cardinalities: Integers = check_cardinalities(name, cardinalities)
        self.operation_names = tuple(operation_names)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.num_positions} positions, size {self.size:,})"

    @property
    def num_positions(self) -> int:
        """L, the length of a code."""
        return len(self.cardinalities)

    @cached_property
    def size(self) -> int:
        """Number of valid codes."""
        return len(self.enumerate())

    @cached_property
    def num_functions(self) -> int | None:
        """Number of distinct canonical codes; ``None`` where the space is too large to count them."""
        if prod(self.cardinalities.tolist()) > ENUMERABLE:
            return None
        return len(np.unique(self.canonical(self.enumerate()), axis=0))

    @property
    def whole(self) -> SearchSpace:
        """The space that this one is a part of; itself, where it is no part of another."""
        return self

    # validity

    def is_valid(self, codes: ArrayLike) -> Mask:
        """(n,) bool: which rows of ``codes`` (n, L) are architectures of this space."""
        array = np.asarray(codes)
        if array.ndim != 2 or array.shape[1] != self.num_positions:
            raise InvalidArchitecture(
                f"{self.name}: codes must have shape (n, {self.num_positions}), got {array.shape}"
            )
        if array.dtype.kind not in "iu":
            raise InvalidArchitecture(f"{self.name}: codes must be integers, got {array.dtype}")
        if array.dtype == np.int8 and (array.view(np.uint8) < self._limits).all():  # as nearly always
            return self._satisfies(array)
        valid: Mask = np.all((array >= 0) & (array < self.cardinalities), axis=1)
        valid[valid] = self._satisfies(array[valid].astype(np.int8, copy=False))
        return valid

    @cached_property
    def _limits(self) -> NDArray[np.uint8]:
        """(L,) the cardinalities, for codes as unsigned numbers: negative values are too large then."""
        return self.cardinalities.astype(np.uint8)

    def check(self, codes: ArrayLike) -> Codes:
        """``codes`` as contiguous ``(n, L)`` ``int8``. Raises ``InvalidArchitecture`` naming the first bad row."""
        valid = self.is_valid(codes)
        array = np.asarray(codes)
        if not valid.all():
            row = int(np.argmin(valid))
            raise InvalidArchitecture(f"{self.name}: row {row} is not an architecture: {array[row].tolist()}")
        return np.ascontiguousarray(array, dtype=np.int8)

    def _satisfies(self, codes: Codes) -> Mask:
        """(n,) bool: the space's own rules, for codes whose values are in range."""
        return np.ones(len(codes), dtype=bool)

    # drawing and listing

    def sample(self, n: int, rng: np.random.Generator) -> Codes:
        """(n, L) random architectures, with replacement, from NASLib's distribution for this space."""
        return self._reject(n, lambda m: self._draw(m, rng), self._accepts_sample)

    def _draw(self, n: int, rng: np.random.Generator) -> Codes:
        return rng.integers(0, self.cardinalities, size=(n, self.num_positions)).astype(np.int8)

    def _accepts_sample(self, codes: Codes) -> Mask:
        return self._satisfies(codes)

    def _reject(self, n: int, draw: Callable[[int], Codes], accept: Callable[[Codes], Mask]) -> Codes:
        """n rows that ``accept`` takes, of ``draw``, which gives at most as many rows as it is asked for."""
        kept = [np.empty((0, self.num_positions), dtype=np.int8)]
        missing = n
        for _ in range(REJECTIONS):
            if missing == 0:
                return np.concatenate(kept)
            rows = draw(missing)
            rows = rows[accept(rows)]
            kept.append(rows)
            missing -= len(rows)
        raise UnsupportedSpace(f"{self.name}: {REJECTIONS} draws gave no architecture that fits")

    def enumerate(self) -> Codes:
        """(size, L) every valid code in lexicographic order. Raises ``UnsupportedSpace`` for large spaces."""
        total = prod(self.cardinalities.tolist())
        if total > ENUMERABLE:
            raise UnsupportedSpace(f"{self.name} is too large to enumerate")
        codes = np.stack(np.unravel_index(np.arange(total), tuple(self.cardinalities)), axis=1).astype(np.int8)
        return codes[self._satisfies(codes)]

    # sameness

    def canonical(self, codes: ArrayLike) -> Codes:
        """(n, L) one representative for all architectures that compute the same function."""
        return self.check(codes).copy()

    def keys(self, codes: ArrayLike, key: str | None = None) -> list[bytes]:
        """(n,) hashable keys of valid codes (n, L), equal when ``key`` (default: the space's) makes two codes the same.

        Raises ``UnsupportedSpace`` where ``key`` is neither ``"code"`` nor ``"canonical"``.
        """
        chosen = key or self.key
        if chosen not in ("code", "canonical"):
            raise UnsupportedSpace(f"key must be 'code' or 'canonical', got {chosen!r}")
        array = np.asarray(codes, dtype=np.int8) if chosen == "code" else self.canonical(codes)
        return [row.tobytes() for row in array]

    # single edits

    def neighbors(self, code: ArrayLike) -> Codes:
        """(m, L) every valid single edit of ``code`` (L,), in a fixed order. Symmetric: y in N(x) <=> x in N(y)."""
        return self.neighbors_of(np.asarray(code)[None])[0]

    def neighbors_of(self, codes: ArrayLike) -> tuple[Codes, Integers]:
        """Neighbours of many architectures at once.

        Returns:
            The neighbours ``(m, L)`` and, for each, the row of ``codes`` that it belongs to ``(m,)``, ascending.
        """
        array = self.check(codes)
        edited = self._edits(array)
        owners = np.repeat(np.arange(len(array)), edited.shape[1])
        flat = edited.reshape(-1, self.num_positions)
        kept = self._satisfies(flat)
        return (flat, owners) if kept.all() else (flat[kept], owners[kept])

    def _edits(self, codes: Codes) -> Codes:
        """(n, M, L): every other value at every position, M = sum(cardinalities - 1)."""
        positions, ranks = self._edit_table
        edited = codes.take(np.tile(np.arange(self.num_positions), len(positions)), axis=1)
        edited = edited.reshape(len(codes), len(positions), self.num_positions)
        current = codes.take(positions, axis=1)
        edited[:, np.arange(len(positions)), positions] = ranks + (ranks >= current)
        return edited

    @cached_property
    def _edit_table(self) -> tuple[Integers, Codes]:
        """For each of the M edits its position and which of the other values, in ascending order, it sets."""
        others = self.cardinalities - 1
        positions = np.repeat(np.arange(self.num_positions), others)
        ranks = np.concatenate([np.arange(count) for count in others]).astype(np.int8)
        return positions, ranks

    def mutate(self, codes: ArrayLike, rng: np.random.Generator) -> Codes:
        """(n, L) one random valid edit each: a uniform position, another uniform value for it, redrawn until valid."""
        array = self.check(codes)
        mutants = self._mutate_once(array, rng)
        todo = np.flatnonzero(~self._is_edit(array, mutants))
        for _ in range(REJECTIONS):
            if not len(todo):
                return mutants
            mutants[todo] = self._mutate_once(array[todo], rng)
            todo = todo[~self._is_edit(array[todo], mutants[todo])]
        raise UnsupportedSpace(f"{self.name}: an architecture has no valid single edit")

    def _mutate_once(self, codes: Codes, rng: np.random.Generator) -> Codes:
        rows = np.arange(len(codes))
        positions = self._editable[rng.integers(len(self._editable), size=len(codes))]
        values = rng.integers(0, self.cardinalities[positions] - 1).astype(np.int8)
        edited = codes.copy()
        edited[rows, positions] = values + (values >= codes[rows, positions])
        return edited

    @cached_property
    def _editable(self) -> Integers:
        """The positions with more than one choice."""
        return np.flatnonzero(self.cardinalities > 1)

    def _is_edit(self, before: Codes, after: Codes) -> Mask:
        return self._satisfies(after) & (before != after).any(axis=1)

    def edit_distance(self, a: ArrayLike, b: ArrayLike) -> Integers:
        """(n,) number of single edits between rows of ``a`` and ``b`` (n, L): the positions that differ."""
        first, second = self.check(a), self.check(b)
        return (first != second).sum(axis=1)

    # NASLib's specs and text

    def to_spec(self, code: ArrayLike) -> Any:
        """NASLib's own tuple for the architecture ``code`` (L,)."""
        return tuple(int(value) for value in self.check(np.asarray(code)[None])[0])

    def from_spec(self, spec: Any) -> Codes:
        """(L,) the code of NASLib's ``spec``. Raises ``InvalidArchitecture``."""
        return self.check(_row(self.name, spec))[0]

    def to_string(self, code: ArrayLike) -> str:
        """The architecture ``code`` (L,) as text, as this space's benchmark files write it."""
        return "-".join(str(value) for value in self.check(np.asarray(code)[None])[0])

    def from_string(self, text: str) -> Codes:
        """(L,) the code of an architecture string: ``to_string``'s form, or its integers with any separators.

        Raises ``InvalidArchitecture``.
        """
        numbers = re.findall(r"\d+", text)
        if len(numbers) == 1 != self.num_positions:  # digits with nothing between them
            numbers = list(numbers[0])
        return self.check(_row(self.name, [int(number) for number in numbers]))[0]

    def batches(self, codes: Codes, size: int) -> Iterator[Codes]:
        """``codes`` (n, L) in slices of at most ``size`` rows, to bound the memory of wide intermediate arrays."""
        for start in range(0, len(codes), size):
            yield codes[start : start + size]


def _row(name: str, values: Any) -> NDArray[Any]:
    try:
        return np.asarray(values, dtype=np.int64)[None]
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidArchitecture(f"{name}: not an architecture: {values!r}") from error
