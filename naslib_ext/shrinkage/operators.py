"""Spaces that are cut down operator by operator: an operator is a value of a position."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from naslib_ext.search_spaces import CategoricalSearchSpace, Codes, SearchSpace
from naslib_ext.search_spaces.base import Mask
from naslib_ext.search_spaces.distinct import distinct
from naslib_ext.search_spaces.mobilenet import MobileNetSearchSpace
from naslib_ext.search_spaces.nasbench301 import NASBench301SearchSpace

LISTED = 200_000
"""Combinations that are listed; of more, a sample is looked at."""

DRAWN, ROUNDS = 40_000, 40
"""Random combinations that are looked at for valid ones at a time, and how many times."""


class Operators:
    """The valid codes of ``space`` whose values are all ``allowed`` (L, C) bool, C the largest cardinality.

    Most spaces fall into blocks of positions that are valid or not by themselves, such as a node's inputs in
    nasbench301: members are then combinations of blocks, counted and drawn exactly. In nasbench101 all depends on all:
    members are looked for among random combinations.

    Args:
        space: the whole space; at first everything is allowed.
        key: what makes two codes the same, where members are listed.
    """

    def __init__(self, space: SearchSpace, key: str = "code") -> None:
        self.space = space
        self.key = key
        self._present: Mask = np.arange(int(space.cardinalities.max())) < space.cardinalities[:, None]
        self.allowed: Mask = self._present.copy()
        self._blocks = _blocks(space)

    # members

    def members(self, most: int, rng: np.random.Generator) -> Codes:
        """(m, L) all members, or ``most`` random ones where there are more."""
        if self._number() <= LISTED:
            codes = self._list()
            return codes if len(codes) <= most else codes[np.sort(rng.choice(len(codes), most, replace=False))]
        found, number = [np.empty((0, self.space.num_positions), dtype=np.int8)], 0
        for _ in range(ROUNDS):
            drawn = self._draw(min(most, DRAWN) if self._blocks else DRAWN, rng)
            found.append(drawn[self.space.is_valid(drawn)])
            number += len(found[-1])
            if number >= most:
                break
        return np.concatenate(found)[:most]

    def size(self, rng: np.random.Generator) -> float:
        """Number of members; where they cannot be counted, an estimate of the number of codes."""
        number = self._number()
        if number <= LISTED and not (self._blocks and self.key == "code"):
            return float(len(self._list()))
        if self._blocks:
            return float(number)
        return float(number) * float(self.space.is_valid(self._draw(DRAWN, rng)).mean())

    def _parts(self) -> list[Codes]:
        """For each block, or else each position, the allowed rows of values."""
        if self._blocks:
            return [rows[self.allowed[positions, rows].all(axis=1)] for positions, rows in self._blocks]
        return [np.flatnonzero(row).astype(np.int8)[:, None] for row in self.allowed]

    def _number(self) -> int:
        """Combinations of the parts."""
        return prod(len(rows) for rows in self._parts())

    def _list(self) -> Codes:
        """(m, L) every distinct member."""
        parts = self._parts()
        places = np.unravel_index(np.arange(self._number()), [len(rows) for rows in parts])
        codes = np.concatenate([rows[place] for rows, place in zip(parts, places, strict=True)], axis=1)
        codes = codes[self.space.is_valid(codes)]
        return codes if self.key == "code" else codes[distinct(self.space, codes, self.key)]

    def _draw(self, n: int, rng: np.random.Generator) -> Codes:
        """(n, L) uniform combinations of the parts."""
        return np.concatenate([rows[rng.integers(len(rows), size=n)] for rows in self._parts()], axis=1)

    # what members say of operators

    def frequencies(self, codes: Codes) -> NDArray[np.int64]:
        """(L, C) how often codes (n, L) hold each operator."""
        values = np.arange(self.allowed.shape[1])
        return np.stack([(codes == value).sum(axis=0) for value in values], axis=1)

    def means(self, codes: Codes, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """(L, C) the mean score of the codes (n, L) that hold each operator; NaN for those that none holds."""
        total = np.stack([scores @ (codes == value) for value in range(self.allowed.shape[1])], axis=1)
        counts = self.frequencies(codes)
        means: NDArray[np.float64] = np.where(counts > 0, total / np.maximum(counts, 1), np.nan)
        return means

    # removing operators

    def drop(self, worth: NDArray[np.float64], number: int, wanted: int, rng: np.random.Generator) -> int:
        """Drops the ``number`` operators of least ``worth`` (L, C); ends early with ``wanted`` members.

        The last operator of a position stays, and so does one without which nothing valid is left. Returns how many
        were dropped.
        """
        dropped = 0
        for place in np.argsort(np.where(self.allowed, worth, np.nan), axis=None):  # NaN last
            if dropped == number or np.isnan(worth.flat[place]) or (dropped and self.size(rng) <= wanted):
                break
            position, value = divmod(int(place), self.allowed.shape[1])
            dropped += self._remove(position, value, rng)
        return dropped

    def drop_one_each(self, worth: NDArray[np.int64], wanted: int, rng: np.random.Generator) -> int:
        """Drops each position's operator of least ``worth`` (L, C), least of all first, as ``drop`` does."""
        masked = np.where(self.allowed, worth.astype(np.float64), np.inf)
        least = masked.argmin(axis=1)
        dropped = 0
        for position in np.argsort(masked.min(axis=1), kind="stable"):
            if dropped and self.size(rng) <= wanted:
                break
            dropped += self._remove(int(position), int(least[position]), rng)
        return dropped

    def _remove(self, position: int, value: int, rng: np.random.Generator) -> int:
        if not self.allowed[position, value] or self.allowed[position].sum() == 1:
            return 0
        self.allowed[position, value] = False
        if self._is_empty(rng):
            self.allowed[position, value] = True
            return 0
        return 1

    def _is_empty(self, rng: np.random.Generator) -> bool:
        return self._number() == 0 if self._blocks else not len(self.members(1, rng))

    # taking operators in by portions

    def queue(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """(L, C) each position's values in random order, -1 at the end where it has fewer."""
        width = self.allowed.shape[1]
        order = np.argsort(rng.random((self.space.num_positions, width)) + ~self._present, axis=1)
        return np.where(np.arange(width) < self.space.cardinalities[:, None], order, -1)

    def portion(self, retained: Mask, order: NDArray[np.int64], round_: int, most: int) -> Mask:
        """(L, C) what is retained, and the next of each queue up to ``most`` operators a position.

        Where nothing valid can be built of that, a position takes all of its operators in.
        """
        allowed = retained.copy()
        for position, queue in enumerate(order):
            waiting = [int(value) for value in np.roll(queue[queue >= 0], -round_ * most)]
            free = most - int(allowed[position].sum())
            fresh = [value for value in waiting if not allowed[position, value]]
            allowed[position, fresh[: max(free, 1 if not allowed[position].any() else free)]] = True
        before, self.allowed = self.allowed, allowed
        empty = self._is_empty(np.random.default_rng(0))
        self.allowed = before
        return self._present.copy() if empty else allowed


def _blocks(space: SearchSpace) -> list[tuple[NDArray[np.int64], Codes]]:
    """Positions (l,) and all of their valid values (m, l), for blocks that are valid by themselves; none if unknown."""
    if isinstance(space, NASBench301SearchSpace | MobileNetSearchSpace):
        width = 4  # a node's two sources and operations; a unit's layers
    elif isinstance(space, CategoricalSearchSpace):
        width = 1
    elif prod(space.cardinalities.tolist()) <= LISTED:
        width = space.num_positions
    else:
        return []
    valid = space.sample(1, np.random.default_rng(0))
    blocks = []
    for positions in np.arange(space.num_positions).reshape(-1, width):
        shape = space.cardinalities[positions].tolist()
        rows = np.stack(np.unravel_index(np.arange(prod(shape)), shape), axis=1).astype(np.int8)
        codes = np.repeat(valid, len(rows), axis=0)
        codes[:, positions] = rows
        blocks.append((positions, rows[space.is_valid(codes)]))
    return blocks
