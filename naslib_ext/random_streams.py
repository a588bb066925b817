"""Random numbers without saved generators: every draw has a stream named by (seed, role, step)."""

from __future__ import annotations

from zlib import crc32

import numpy as np


def stream(seed: int, role: str, step: int = 0) -> np.random.Generator:
    """A generator that depends on its arguments alone, so that a resumed run draws what an unbroken one would.

    Args:
        seed: the run's seed, any integer >= 0.
        role: what the numbers are for (``"propose"``); other roles give independent streams.
        step: counts the draws of one role.
    """
    key = np.random.SeedSequence((seed, crc32(role.encode()), step))
    return np.random.Generator(np.random.PCG64(key))
