"""Local search (White et al., UAI 2021): try the neighbours of the best architecture, restart in a local optimum."""

from __future__ import annotations

from typing import Any

import numpy as np

from naslib_ext.optimizers.base import Optimizer
from naslib_ext.parameters import Parameter
from naslib_ext.search_spaces import Codes


class LocalSearch(Optimizer):
    """Algorithm 1 of the paper, with restarts: neighbours of the best architecture are evaluated in random order and
    the search moves as soon as one is better; in a local optimum it starts again from a random architecture.

    Differences from NASLib, which evaluates the whole neighbourhood before it moves (``query_full_nbhd: true`` does
    so): known neighbours are not queried again, and the architecture of a restart counts in the history.
    """

    parameters = {
        "num_init": Parameter(10, "random architectures before the first neighbourhood", minimum=1),
        "query_full_nbhd": Parameter(False, "evaluate all neighbours before moving"),
    }

    def _start(self) -> None:
        self._center: tuple[Codes, float] | None = None
        self._best_here: tuple[Codes, float] | None = None
        self._queue = np.empty((0, self.space.num_positions), dtype=np.int8)

    def _propose(self, rng: np.random.Generator) -> Codes | None:
        if self._asked < self.settings["num_init"] or self._best_here is None:
            return self._sample_new(rng)
        while self._has_improved() or len(self._queue):
            if self._has_improved() and not (self.settings["query_full_nbhd"] and len(self._queue)):
                self._move(rng)
            code, self._queue = self._next_new(self._queue)
            if code is not None:
                return code
        self._center = self._best_here = None  # a local optimum: start again
        return self._sample_new(rng)

    def _has_improved(self) -> bool:
        """Whether something better than the centre of the present neighbourhood is known."""
        return self._best_here is not None and (self._center is None or self._best_here[1] > self._center[1])

    def _move(self, rng: np.random.Generator) -> None:
        assert self._best_here is not None
        self._center = self._best_here
        self._queue = rng.permutation(self.space.neighbors(self._center[0]))

    def _observe(self, code: Codes, score: float) -> None:
        if self._best_here is None or score > self._best_here[1]:
            self._best_here = (code, score)

    def _state(self) -> dict[str, Any]:
        return {"queue": self._queue, "center": _pack(self._center), "best_here": _pack(self._best_here)}

    def _load_state(self, state: dict[str, Any]) -> None:
        self._queue = np.asarray(state["queue"], dtype=np.int8).reshape(-1, self.space.num_positions)
        self._center = _unpack(state["center"])
        self._best_here = _unpack(state["best_here"])


def _pack(member: tuple[Codes, float] | None) -> dict[str, Any] | None:
    return None if member is None else {"code": member[0], "score": np.float64(member[1])}


def _unpack(packed: dict[str, Any] | None) -> tuple[Codes, float] | None:
    return None if packed is None else (np.asarray(packed["code"], dtype=np.int8), float(packed["score"]))
