"""What the ANASOD methods share: encodings of what is known, Dirichlet draws, and the encoding as a result."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from naslib_ext.encodings.operation_distribution import (
    Counts,
    decode_counts,
    draw_num_blocks,
    encode,
    normalise,
    round_to_counts,
)
from naslib_ext.errors import InvalidArchitecture, NaslibExtError
from naslib_ext.optimizers.base import Optimizer
from naslib_ext.parameters import Parameter
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes, SearchSpace

DECODINGS = 16
"""Architectures that are drawn from an encoding before it counts as used up."""

REDRAWS = 50
"""Encodings that are drawn and decoded before a new architecture comes from the space's own distribution."""

POOL = 20
"""Draws for each architecture of an ensemble."""


class ANASODOptimizer(Optimizer):
    """A search that finds an encoding, the distribution of operations, as well as an architecture.

    An encoding is an array of d counts (``encodings.operation_distribution``). Subclasses extend ``parameters`` and
    call ``super()._start()``. Raises ``UnsupportedSpace`` when it is bound to a space without an operation view.
    """

    parameters = {
        "per_cell": Parameter(False, "one encoding for each cell instead of one for all, in spaces of several cells"),
    }

    def _start(self) -> None:
        self._num_encodings = self.space.num_cells if self.settings["per_cell"] else 1
        self._width = self._num_encodings * self.space.num_operations

    # results

    @property
    def best_encoding(self) -> Counts | None:
        """(d,) counts, the encoding of the best architecture so far; ``None`` before data and while all failed."""
        return None if self.incumbent is None else self._encode(self.incumbent[0][None])[0]

    def sample_architectures(self, n: int, rng: np.random.Generator | int | None = None) -> Codes:
        """(m, L) distinct architectures of the best encoding, far apart: an ensemble. m < n where it has fewer.

        Args:
            n: architectures wanted.
            rng: a generator, or a seed; ``None`` takes the search's seed.

        Raises ``NaslibExtError`` before data.
        """
        encoding = self.best_encoding
        if encoding is None:
            raise NaslibExtError(f"{type(self).__name__} has no encoding yet")
        if not isinstance(rng, np.random.Generator):
            rng = stream(self.seed if rng is None else rng, "ensemble")
        drawn = np.stack([decode_counts(self.space, encoding, rng) for _ in range(POOL * max(n, 1))])
        keys = self.space.keys(drawn, self.key)
        return spread(self.space, drawn[[keys.index(key) for key in dict.fromkeys(keys)]], n)

    # helpers for methods

    def _encode(self, codes: Codes) -> Counts:
        """(n, d) the encodings of architectures (n, L)."""
        return encode(self.space, codes, self.settings["per_cell"])

    def _dirichlet(self, beta: float) -> NDArray[np.float64]:
        """(d,) alpha of eq. (3), k beta p* + 1, with p* the best encoding so far; uniform before there is one."""
        best = self.best_encoding
        if best is None:
            return np.ones(self._width)
        alpha: NDArray[np.float64] = self.space.num_operations * beta * normalise(self.space, best[None])[0] + 1.0
        return alpha

    def _draw_points(self, alpha: NDArray[np.float64], n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """(n, d) distributions from Dir(``alpha`` (d,)), independent for each cell that has its own."""
        cells = alpha.reshape(-1, self.space.num_operations)
        return np.concatenate([rng.dirichlet(row, n) for row in cells], axis=1)

    def _draw_encodings(self, alpha: NDArray[np.float64], n: int, rng: np.random.Generator) -> Counts:
        """(n, d) encodings next to draws from Dir(``alpha`` (d,)), with numbers of blocks as the space has them."""
        cells = self._draw_points(alpha, n, rng).reshape(-1, self.space.num_operations)
        totals = np.repeat(draw_num_blocks(self.space, n, rng), len(cells) // n)
        return round_to_counts(cells, totals).reshape(n, -1)

    def _decode_new(self, encoding: Counts, rng: np.random.Generator, draws: int = DECODINGS) -> Codes | None:
        """(L,) a new architecture of ``encoding`` (d,); ``None`` where a few ``draws`` give none, or there is none."""
        for _ in range(draws):
            try:
                code = decode_counts(self.space, encoding, rng)
            except InvalidArchitecture:
                return None
            if self._if_new(code) is not None:
                return code
        return None

    def _draw_new(self, alpha: NDArray[np.float64], rng: np.random.Generator) -> Codes | None:
        """(L,) a new architecture of an encoding drawn from Dir(``alpha`` (d,)); ``None`` where none is found."""
        for _ in range(REDRAWS):
            code = self._decode_new(self._draw_encodings(alpha, 1, rng)[0], rng, draws=1)
            if code is not None:
                return code
        return None

    def _if_new(self, code: Codes) -> Codes | None:
        """``code`` (L,) if it has been neither asked for nor told."""
        return code if self.is_new(code[None])[0] else None


def spread(space: SearchSpace, codes: Codes, n: int) -> Codes:
    """(min(n, len(codes)), L) rows of ``codes``, each the farthest in single edits from those before it."""
    chosen = [0]
    nearest = space.edit_distance(codes, np.broadcast_to(codes[0], codes.shape))
    while len(chosen) < min(n, len(codes)):
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, space.edit_distance(codes, np.broadcast_to(codes[chosen[-1]], codes.shape)))
    return codes[chosen[:n]]
