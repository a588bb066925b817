"""How NASLib edits the macro architectures of TransNAS-Bench-101, as its code means to."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

LENGTHS, STRIDES, DOUBLINGS = (4, 5, 6), (1, 2, 3, 4), (1, 2, 3)

Digits = tuple[int, ...]


class Counts(NamedTuple):
    """How many modules there are, how many of them halve the resolution and how many double the channels."""

    length: int
    strides: int
    doublings: int


def counts_of(digits: Sequence[int]) -> Counts:
    """The counts of an architecture (6,), 4 to 6 digits and zeros on the right."""
    used = [int(digit) for digit in digits if digit]
    return Counts(len(used), sum(digit in (3, 4) for digit in used), sum(digit in (2, 4) for digit in used))


def shuffled(counts: Counts) -> Digits:
    """(6,) modules with these counts, the first that stride being the first that double, in NASLib's random order."""
    import numpy as np

    digits = [1 + 2 * (place < counts.strides) + (place < counts.doublings) for place in range(counts.length)]
    return _padded(np.random.permutation(digits).tolist())


def sample() -> Digits:
    """(6,) a random architecture: uniform counts, strides and doublings spread independently."""
    length, strides, doublings = random.randint(0, 2) + 4, random.randint(1, 4), random.randint(1, 3)
    stride = [2 * (place < strides) for place in range(length)]
    double = [int(place < doublings) for place in range(length)]
    random.shuffle(stride)
    random.shuffle(double)
    return _padded([1 + sum(pair) for pair in zip(stride, double, strict=True)])


def mutated(digits: Sequence[int]) -> Digits:
    """(6,) one of the three counts drawn anew, all modules in a new random order."""
    counts = counts_of(digits)
    options = (LENGTHS, STRIDES, DOUBLINGS)
    which = random.randint(1, 3) - 1
    changed = random.choice([value for value in options[which] if value != counts[which]])
    return shuffled(counts._replace(**{Counts._fields[which]: changed}))


def neighbors(digits: Sequence[int]) -> list[Digits]:
    """12 architectures, all three counts of which differ; the order of their modules is random."""
    lengths, strides, doublings = (
        [value for value in options if value != own]
        for options, own in zip((LENGTHS, STRIDES, DOUBLINGS), counts_of(digits), strict=True)
    )
    return [shuffled(Counts(a, b, c)) for a in lengths for b in strides for c in doublings]


def _padded(digits: Sequence[int]) -> Digits:
    return (*digits, *[0] * (6 - len(digits)))
