"""The subspace graph (section III-B): K centres, what the policy sees of them, and how they improve."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_ext.search_spaces import Codes, SearchSpace

SCALES = ("standard", "percent", "none")
"""How a node shows its centre's score: standardised by the first K, as it is, or not at all."""


class Nodes(NamedTuple):
    """The graph as the policy sees it, the worst centre first.

    ``features`` (K, F) of the nodes, ``slots`` (K,) where they stand in the graph, ``codes`` (K, L) the centres.
    """

    features: NDArray[np.float64]
    slots: NDArray[np.int64]
    codes: Codes


class SubspaceGraph:
    """K slots, each with a subspace: all architectures within distance M of its centre.

    Between any two nodes runs one edge, from the worse to the better centre (ties: from the lower slot), so that their
    order is the whole graph. A node's features are the one-hot components of its centre and its score; an edge's, the
    difference of its ends', are left to the policy.

    Args:
        space: the architectures.
        size: K.
        scale: one of ``SCALES``. The paper's code shows the accuracy in percent as it is, which dwarfs the one-hot.
    """

    def __init__(self, space: SearchSpace, size: int, scale: str = "standard") -> None:
        self.space, self.size, self.scale = space, size, scale
        self.codes: Codes = np.empty((0, space.num_positions), dtype=np.int8)
        self.scores: NDArray[np.float64] = np.empty(0)
        self._center, self._spread = 0.0, 1.0
        starts = np.concatenate([[0], np.cumsum(space.cardinalities)])
        self._starts, self.num_features = starts[:-1], int(starts[-1]) + 1
        self._nodes: Nodes | None = None

    @property
    def is_full(self) -> bool:
        """Whether there are K centres, so that the policy can choose among them."""
        return len(self.codes) == self.size

    def offer(self, code: Codes, score: float) -> None:
        """Takes ``code`` (L,), which no policy proposed: as long as there is room, or in place of a worse centre."""
        if not self.is_full:
            self.codes, self.scores = np.append(self.codes, code[None], axis=0), np.append(self.scores, score)
            if self.is_full:
                self._center, self._spread = float(self.scores.mean()), float(self.scores.std()) or 1.0
        elif score > self.scores.min():
            self.replace(int(self.scores.argmin()), code, score)
        self._nodes = None

    def replace(self, slot: int, code: Codes, score: float) -> None:
        """Moves the subspace of ``slot`` to the centre ``code`` (L,)."""
        self.codes, self.scores = self.codes.copy(), self.scores.copy()
        self.codes[slot], self.scores[slot] = code, score
        self._nodes = None

    def nodes(self) -> Nodes:
        """What the policy sees; computed again only when a centre has changed."""
        if self._nodes is None:
            slots = np.argsort(self.scores, kind="stable")
            codes = self.codes[slots]
            features = np.zeros((len(codes), self.num_features))
            features[np.arange(len(codes))[:, None], self._starts + codes] = 1
            features[:, -1] = self._shown(self.scores[slots])
            self._nodes = Nodes(features, slots, codes)
        return self._nodes

    def _shown(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.scale == "standard":
            return (scores - self._center) / self._spread
        return scores if self.scale == "percent" else np.zeros_like(scores)

    def state(self) -> dict[str, Any]:
        """Centres, their scores, and the scale of the scores, as arrays."""
        scale = np.array([self._center, self._spread])
        return {"codes": self.codes.copy(), "scores": self.scores.copy(), "scale": scale}

    def load_state(self, state: dict[str, Any]) -> None:
        """Restores what ``state`` gave."""
        self.codes = np.asarray(state["codes"], dtype=np.int8).reshape(-1, self.space.num_positions)
        self.scores = np.asarray(state["scores"], dtype=np.float64)
        self._center, self._spread = np.asarray(state["scale"]).tolist()
        self._nodes = None
