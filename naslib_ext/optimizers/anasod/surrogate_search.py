"""Algorithm 2 of ANASOD (Wan et al., WACV 2022) around any model of encodings."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.encodings.operation_distribution import Counts, encodings_of, normalise, num_blocks
from naslib_ext.errors import UnsupportedSpace
from naslib_ext.optimizers.anasod.base import ANASODOptimizer
from naslib_ext.optimizers.anasod.nearest import walk_to_encoding
from naslib_ext.optimizers.anasod.trust_region import TrustRegion
from naslib_ext.parameters import Parameter
from naslib_ext.predictors.targets import LogGap, typical_gap, without_failures
from naslib_ext.search_spaces import Codes

Floats = NDArray[np.float64]

WALKS = 48
"""Ways from the best architecture to an encoding that are tried."""

LEAST_GAIN = 1e-3
"""Of the typical distance to the best score: what is less is no success."""


class SurrogateSearch(ANASODOptimizer):
    """Encodings from a trust region, the one that a model finds most promising, one architecture of it.

    A subclass writes ``_update``, which tells the model all that is known, and ``_acquisition``.
    Encodings of architectures that are being evaluated are asked for again only when there are no others.

    Differences from the paper:
        The candidates are realisable encodings, each one once; where all together are no more than the draws, an open
        trust region (beta 0) holds all of them.
        The architecture is the one, among those of the encoding, that is the fewest edits away from the best one known:
        architectures of one encoding differ much in quality after short trainings, and good ones are neighbours.
        The paper draws any (``decoding: random``).
        When a trust region has failed (``TrustRegion``), another one begins with random encodings, around the best of
        them, in the same model.
    """

    parameters = {
        **ANASODOptimizer.parameters,
        "num_init": Parameter(10, "random encodings at the start", minimum=1),
        "num_candidates": Parameter(100, "draws of an encoding for each operation", minimum=1),
        "refit_every": Parameter(5, "least number of queries between two fits of the model's parameters", minimum=1),
        "decoding": Parameter(
            "nearest",
            "which architecture of an encoding: nearest to the best one, or random",
            choices=("nearest", "random"),
        ),
        "beta_max": Parameter(32.0, "largest concentration of the trust region; 0: no trust region", minimum=0),
        "success_tolerance": Parameter(3, "successes in a row that widen the trust region", minimum=1),
        "failure_tolerance": Parameter(5, "failures in a row that narrow the trust region", minimum=1),
        "restart_tolerance": Parameter(25, "failures in a row at beta_max that open the trust region", minimum=1),
    }

    def _start(self) -> None:
        super()._start()
        names = ("beta_max", "success_tolerance", "failure_tolerance", "restart_tolerance")
        self._region = TrustRegion(*(self.settings[name] for name in names))
        self._begin = 0  # where in the history this region's queries begin
        self._used_up: set[bytes] = set()  # encodings without a new architecture
        self._listed = self._list_encodings()

    def _list_encodings(self) -> Counts | None:
        """(m, d) all encodings, where one round of draws could hold them."""
        if self._num_encodings > 1 or num_blocks(self.space) is None:
            return None
        try:
            encodings = encodings_of(self.space)
        except UnsupportedSpace:
            return None
        return encodings if len(encodings) <= self._num_draws() else None

    def _num_draws(self) -> int:
        return int(self.settings["num_candidates"]) * self._width

    # what a model writes

    @abstractmethod
    def _update(self, distributions: Floats, targets: Floats) -> None:
        """Takes all data, (n, d) and (n,), in the order of telling."""

    @abstractmethod
    def _acquisition(self, distributions: Floats, rng: np.random.Generator) -> Floats:
        """(m,) what candidates (m, d) are worth."""

    # Algorithm 2

    def _propose(self, rng: np.random.Generator) -> Codes | None:
        codes, scores = self.history
        if len(codes) - self._begin < self.settings["num_init"] or self._center is None:
            return self._draw_new(np.ones(self._width), rng)
        self._update(*self._data(codes, scores))
        candidates = rng.permutation(self._candidates(rng))  # encodings of one distribution are worth the same
        candidates = candidates[[encoding.tobytes() not in self._used_up for encoding in candidates]]
        if not len(candidates):
            return None
        worth = self._acquisition(self._distributions(candidates), rng)
        for encoding in candidates[np.lexsort((-worth, self._is_pending(candidates)))]:
            code = self._decode(encoding, rng)
            if code is not None:
                return code
            self._used_up.add(encoding.tobytes())
        return None

    def _data(self, codes: Codes, scores: Floats) -> tuple[Floats, Floats]:
        """Distributions (n, d) and targets (n,) of what is known."""
        values = without_failures(scores)
        return self._distributions(self._encode(codes)), LogGap(values).targets(values)

    @property
    def _center(self) -> Codes | None:
        """(L,) the best architecture of this trust region; ``None`` while all failed."""
        scores = np.asarray(self._scores[self._begin :])
        best = int(scores.argmax()) if len(scores) else 0
        return self._codes[self._begin + best] if len(scores) and scores[best] > -np.inf else None

    def _alpha(self) -> Floats:
        """(d,) of the Dirichlet distribution that is this trust region: k beta p* + 1."""
        assert self._center is not None
        best = self._distributions(self._encode(self._center[None]))[0]
        return self.space.num_operations * self._region.beta * best + 1

    def _candidates(self, rng: np.random.Generator) -> Counts:
        """(m, d) distinct encodings from the trust region."""
        if self._region.beta == 0 and self._listed is not None:
            return self._listed
        return np.unique(self._draw_encodings(self._alpha(), self._num_draws(), rng), axis=0)

    def _distributions(self, encodings: Counts) -> Floats:
        return normalise(self.space, encodings).astype(np.float64)

    def _is_pending(self, candidates: Counts) -> NDArray[np.bool_]:
        """(m,) bool: which encodings have an architecture that was asked for and not told."""
        pending = self.pending
        if not len(pending):
            return np.zeros(len(candidates), dtype=bool)
        equal: NDArray[np.bool_] = (candidates[:, None] == self._encode(pending)).all(axis=2).any(axis=1)
        return equal

    def _decode(self, encoding: Counts, rng: np.random.Generator) -> Codes | None:
        """(L,) a new architecture of ``encoding`` (d,); ``None`` where none is found."""
        if self.settings["decoding"] == "nearest":
            assert self._center is not None
            code = self._first_new(walk_to_encoding(self.space, self._center, encoding, WALKS, rng))
            if code is not None:
                return code
        return self._decode_new(encoding, rng)

    def _observe(self, code: Codes, score: float) -> None:
        before = self._scores[self._begin : -1]
        if not self._asked or len(before) < self.settings["num_init"]:
            return
        good = without_failures(before)
        if self._region.update(score > good.max() + LEAST_GAIN * typical_gap(good)):
            self._begin = len(self._scores)

    def _state(self) -> dict[str, Any]:
        used_up = np.frombuffer(b"".join(sorted(self._used_up)), dtype=np.int64).reshape(-1, self._width)
        return {"region": self._region.state(), "begin": self._begin, "used_up": used_up}

    def _load_state(self, state: dict[str, Any]) -> None:
        self._region.load_state(state["region"])
        self._begin = int(state["begin"])
        self._used_up = {encoding.tobytes() for encoding in np.asarray(state["used_up"], dtype=np.int64)}
