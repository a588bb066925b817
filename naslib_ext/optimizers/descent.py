"""From architectures that break a constraint to ones that keep to it, where random draws meet none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from naslib_ext.search_spaces import Codes, SearchSpace

Floats = NDArray[np.float64]


def descend(space: SearchSpace, code: Codes, excess: Callable[[Codes], Floats]) -> Codes:
    """(L,) where the single edits that lower ``excess`` the most lead from ``code`` (L,): to 0, or as far as they go.

    Args:
        space: the architectures.
        code: the first one.
        excess: how far architectures (m, L) are from what is allowed (m,), 0 where they are allowed.
    """
    least = float(excess(code[None])[0])
    while least > 0:
        near = space.neighbors(code)
        values = excess(near)
        if not len(near) or values.min() >= least:
            break
        code, least = near[int(np.argmin(values))], float(values.min())
    return code
