"""BANANAS (White et al., AAAI 2021): a neural ensemble on the path encoding, mutants of the best, Thompson sampling."""

from __future__ import annotations

from typing import Any

import numpy as np

from naslib_ext.encodings.by_name import ENCODINGS, features_of
from naslib_ext.optimizers.acquisition import independent_thompson_sample
from naslib_ext.optimizers.base import Optimizer, Scores
from naslib_ext.optimizers.nep_model import PARAMETERS, NEPModel
from naslib_ext.parameters import Parameter
from naslib_ext.predictors.targets import LogGap, without_failures
from naslib_ext.search_spaces import Codes

PATIENCE = 5
"""How many times ``num_arches_to_mutate`` of the best are mutated while there are not ``num_candidates``."""


class Bananas(Optimizer):
    """Rounds of ``k`` architectures: those of the candidates that one draw from the ensemble's prediction ranks first.

    The candidates are new mutants, one random edit each, of the best architectures: of as few of them as give
    ``num_candidates``, and of at most five times ``num_arches_to_mutate``, unless these give less than a round.

    Differences from the published code: those of ``NEPModel``; targets are log errors relative to the spread of the
    scores (``LogGap``), since their unit is not known. A round may be asked for in parts; when the next one begins, the
    ensemble is trained if ``k`` more have been told than at its last fit.
    """

    parameters = {
        "num_init": Parameter(10, "random architectures at the start", minimum=1),
        "k": Parameter(10, "architectures a round", minimum=1),
        "num_candidates": Parameter(100, "mutants that the ensemble ranks", minimum=1),
        "num_arches_to_mutate": Parameter(1, "best architectures that share the mutations", minimum=1),
        "encoding": Parameter("truncated_path", "what the ensemble sees of an architecture", choices=ENCODINGS),
        **PARAMETERS,
    }

    def _start(self) -> None:
        self._model = NEPModel(self.settings, self.seed)
        self._round = np.empty((0, self.space.num_positions), dtype=np.int8)

    def _propose(self, rng: np.random.Generator) -> Codes | None:
        if len(self._scores) < self.settings["num_init"] or self.incumbent is None:
            return None
        code, self._round = self._next_new(self._round)
        if code is None:
            code, self._round = self._next_new(self._next_round(rng))
        return code

    def _next_round(self, rng: np.random.Generator) -> Codes:
        """(m, L) the best of the candidates, m <= k."""
        codes, scores = self.history
        if not self._model.fitted or len(codes) - self._model.fitted >= self.settings["k"]:
            self._fit(codes, scores)
        candidates = self._mutants(codes[np.argsort(-scores, kind="stable")], rng)
        if not len(candidates):
            return candidates
        sample = independent_thompson_sample(*self._model.predict(self._features(candidates)), rng)
        return candidates[np.argsort(-sample, kind="stable")[: self.settings["k"]]]

    def _fit(self, codes: Codes, scores: Scores) -> None:
        values = without_failures(scores)
        self._model.fit(self._features(codes), LogGap(values).targets(values))

    def _mutants(self, ranked: Codes, rng: np.random.Generator) -> Codes:
        """(m, L) distinct new mutants of the first rows of ``ranked`` (n, L)."""
        wanted, share = self.settings["num_candidates"], self.settings["num_arches_to_mutate"]
        found: dict[bytes, Codes] = {}
        for rank, parent in enumerate(ranked):
            if len(found) >= (wanted if rank < share * PATIENCE else self.settings["k"]):
                break
            mutants = self.space.mutate(np.repeat(parent[None], -(-wanted // share), axis=0), rng)
            new = mutants[self.is_new(mutants)]
            found |= dict(zip(self.space.keys(new, self.key), new, strict=True))
        return np.array(list(found.values()), dtype=np.int8).reshape(-1, self.space.num_positions)

    def _features(self, codes: Codes) -> np.ndarray:
        return features_of(self.space, codes, self.settings["encoding"])

    def _state(self) -> dict[str, Any]:
        return {"fitted": self._model.fitted, "round": self._round}

    def _load_state(self, state: dict[str, Any]) -> None:
        self._round = np.asarray(state["round"], dtype=np.int8).reshape(-1, self.space.num_positions)
        if state["fitted"]:
            codes, scores = self.history
            self._fit(codes[: state["fitted"]], scores[: state["fitted"]])
