"""ANASOD-LS (Wan et al., WACV 2022, appendix B): local search over encodings, then over architectures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.encodings.operation_distribution import encoding_neighbors, operation_counts
from naslib_ext.optimizers.anasod.base import ANASODOptimizer
from naslib_ext.parameters import Parameter
from naslib_ext.search_spaces import Codes

RIDGE = 0.1
"""Penalty on the squared weights, for counts and ranks from 0 to 1."""


class ANASODLocalSearch(ANASODOptimizer):
    """Algorithm 3: local search over encodings, one architecture each; in an optimum, over architectures; then again.

    The neighbours of an encoding are the adjacent points on the grid. Both searches move to strictly better
    architectures only. What is left of the budget goes into restarts from random encodings.

    Differences from the paper:
        Both searches move as soon as a neighbour is better, as in the repositories that the paper adapts; it evaluates
        the whole neighbourhood (``query_full_nbhd: true``).
        Neighbours come in the order of a linear model of ranks on operation counts, fitted on what is known; the
        paper does not say which is first (``neighbor_order: random``).
        The search over architectures starts at the best one known; line 9 draws a new one of the best encoding
        (``paper_line9: true``), which costs a query and is not better.
        Equals do not count as better; ``y_i <= y_(i-1)`` in the paper would go round in circles among them.
    """

    parameters = {
        **ANASODOptimizer.parameters,
        "num_init": Parameter(10, "random encodings before the first neighbourhood", minimum=1),
        "query_full_nbhd": Parameter(False, "evaluate all neighbours before moving"),
        "neighbor_order": Parameter("predicted", "which neighbours are first", choices=("predicted", "random")),
        "paper_line9": Parameter(False, "start over architectures from a new one of the best encoding"),
    }

    def _start(self) -> None:
        super()._start()
        self._restart()

    def _restart(self) -> None:
        self._over_encodings = True
        self._leave()

    def _leave(self) -> None:
        """Forgets the neighbourhood; the next architecture told is the new centre."""
        self._center: int | None = None  # both are places in the history
        self._best_here: int | None = None
        self._queue: NDArray[Any] = np.empty((0, 0), dtype=np.int64)

    def _propose(self, rng: np.random.Generator) -> Codes | None:
        if self._asked < self.settings["num_init"] or self._best_here is None:
            return self._draw_new(self._dirichlet(0.0), rng)
        code = self._next_neighbor(rng)
        if code is None and self._over_encodings:  # an optimum among encodings: go on over architectures
            code = self._enter_architectures(rng)
        if code is None:
            self._restart()
            code = self._draw_new(self._dirichlet(0.0), rng)
        return code

    def _enter_architectures(self, rng: np.random.Generator) -> Codes | None:
        assert self._center is not None
        self._over_encodings = False
        if self.settings["paper_line9"]:
            code = self._decode_new(self._encode(self._codes[self._center][None])[0], rng)
            if code is not None:
                self._leave()
                return code
        self._move(rng)
        return self._next_neighbor(rng)

    def _next_neighbor(self, rng: np.random.Generator) -> Codes | None:
        """The next new architecture of this neighbourhood or of a better one; ``None`` in an optimum."""
        while self._has_improved() or len(self._queue):
            if self._has_improved() and not (self.settings["query_full_nbhd"] and len(self._queue)):
                self._move(rng)
            code = self._pop(rng)
            if code is not None:
                return code
        return None

    def _has_improved(self) -> bool:
        """Whether something better than the centre of the present neighbourhood is known."""
        if self._best_here is None or self._center is None:
            return self._best_here is not None
        return self._scores[self._best_here] > self._scores[self._center]

    def _move(self, rng: np.random.Generator) -> None:
        assert self._best_here is not None
        self._center = self._best_here
        center = self._codes[self._center]
        if self._over_encodings:
            near: NDArray[Any] = encoding_neighbors(self._encode(center[None])[0], self._num_encodings)
            features = near.astype(float)
        else:
            near = self.space.neighbors(center)
            features = self._features(near)
        self._queue = near[self._order(features, rng)]

    def _pop(self, rng: np.random.Generator) -> Codes | None:
        """The next new architecture of the queue: of an encoding, or a row."""
        while len(self._queue):
            row, self._queue = self._queue[0], self._queue[1:]
            code = self._decode_new(row, rng) if self._over_encodings else self._if_new(row)
            if code is not None:
                return code
        return None

    def _order(self, features: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
        """(m,) an order of neighbours with ``features`` (m, d): random, or the best predictions first."""
        order = rng.permutation(len(features))
        if self.settings["neighbor_order"] == "random":
            return order
        codes, scores = self.history
        known = self._features(codes)
        known = np.column_stack([known, np.ones(len(known))])
        ranks = scores.argsort(kind="stable").argsort() / len(scores)
        weights = np.linalg.solve(known.T @ known + RIDGE * np.eye(known.shape[1]), known.T @ ranks)
        predicted = np.round(features @ weights[:-1], 9)  # equal counts stay in random order
        return order[np.argsort(-predicted[order], kind="stable")]

    def _features(self, codes: Codes) -> NDArray[np.float64]:
        """(n, d) operation counts, the mean over the cells that share an encoding."""
        sharing = self.space.num_cells // self._num_encodings
        return operation_counts(self.space, codes, self.settings["per_cell"]) / sharing

    def _observe(self, code: Codes, score: float) -> None:
        if self._best_here is None or score > self._scores[self._best_here]:
            self._best_here = len(self._scores) - 1

    def _state(self) -> dict[str, Any]:
        return {
            "over_encodings": self._over_encodings,
            "center": self._center,
            "best_here": self._best_here,
            "queue": self._queue,
        }

    def _load_state(self, state: dict[str, Any]) -> None:
        self._over_encodings = bool(state["over_encodings"])
        self._center, self._best_here = state["center"], state["best_here"]
        self._queue = np.asarray(state["queue"])
