"""Where single edits of a centre lead, remembered for the last few centres."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from naslib_ext.optimizers.dsm_nas.edits import Edits, Mask
from naslib_ext.search_spaces import Codes


class Neighborhoods:
    """The neighbours of centres: a centre is looked at in every iteration, and its neighbours are the same each time.

    Args:
        edits: what can be done to an architecture.
        allowed: (n,) bool, which architectures (n, L) may be centres.
        keys: one hashable key for each architecture, equal for the same ones.
        most: centres that are remembered.
    """

    def __init__(
        self, edits: Edits, allowed: Callable[[Codes], Mask], keys: Callable[[Codes], list[bytes]], most: int
    ) -> None:
        self._edits, self._allowed, self._keys, self._most = edits, allowed, keys, most
        self._kept: dict[bytes, tuple[list[bytes], Mask]] = {}

    def of(self, code: Codes) -> tuple[list[bytes], Mask]:
        """The other architectures that an edit of ``code`` (L,) leads to and that may be centres.

        Returns:
            Their keys (m,), and which choices of which components they are (L, C), C the most choices of one.
        """
        kept = self._kept.get(code.tobytes())
        if kept is None:
            (edited,), (allowed,) = self._edits.neighborhood(code[None])
            allowed[np.arange(len(code)), code] = False
            allowed[allowed] = self._allowed(edited[allowed])
            kept = self._keys(edited[allowed]), allowed
            while len(self._kept) >= self._most:
                self._kept.pop(next(iter(self._kept)))
            self._kept[code.tobytes()] = kept
        return kept
