"""Delta-NAS: evolution that moves along the single edit whose predicted gain is best (paper 000, Algorithm 2)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.optimizers.acquisition import expected_improvement
from naslib_ext.optimizers.base import Optimizer
from naslib_ext.optimizers.structure_bo.candidates import proposals, whole_space
from naslib_ext.optimizers.structure_bo.model import Score, StructureModel
from naslib_ext.parameters import Parameter
from naslib_ext.predictors.targets import RankGaussian, search_targets, without_failures
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes

Floats = NDArray[np.float64]


class DeltaNAS(Optimizer):
    """A population improves by single edits; a predictor of differences chooses among all of them, D^1 of each member.

    The predictor is a Gaussian process on structure (``StructureModel``), whose posterior of f(b) - f(a) is one of
    differences: antisymmetric, with an uncertainty, and the best edit of a member is the one of the greatest F. It
    learns from what was queried, or from the differences of a zero-cost score alone.

    A proposal is queried and takes its parent's place if it is better. In every ``restart_every``-th proposal, and
    where no edit is left, the population is sampled anew instead: by the predictor from the whole space (or from
    proposals, where that is large), or at random. A restart takes the place of the worst member, if it is better.

    Differences from the paper, which leaves much of this open: see ``docs/delta_nas.md``.
    """

    parameters = {
        "population_size": Parameter(10, "architectures that are improved; the first ones are random", minimum=1),
        "step": Parameter("best", "the best edit of all members, or of each in turn", choices=("best", "each")),
        "restart_every": Parameter(2, "every which proposal is a restart; 0: none while there are edits", minimum=0),
        "restart": Parameter("predicted", "architectures of restarts", choices=("predicted", "random")),
        "training": Parameter("labels", "what the predictor learns from", choices=("labels", "zero_cost")),
        "proxy": Parameter("zen", "score without a query whose differences are learnt (training: zero_cost)"),
        "proxy_sample": Parameter(400, "random architectures whose score is learnt (training: zero_cost)", minimum=2),
        "features": Parameter("", "scores without a query that are features too, with commas between; or all"),
        "refit_every": Parameter(10, "least number of queries between two fits of the parameters", minimum=1),
        "shift": Parameter(0.5, "median gaps that the best score counts as away from perfection", minimum=1e-3),
    }

    def _start(self) -> None:
        length = self.space.num_positions
        self._members, self._values = np.empty((0, length), dtype=np.int8), np.empty(0)
        self._parents: dict[bytes, int] = {}
        scores: list[Score] = [*self.free_scores(self.settings["features"], "search.features")]
        self._model = StructureModel(self.space, self.settings["refit_every"], scores)
        self._whole = whole_space(self.space, self.key) if self.settings["restart"] == "predicted" else None
        if self._whole is not None:
            self._model.watch(self._whole)
        self._guided = self.settings["training"] == "labels"
        if not self._guided:
            self._learn_proxy()

    def _learn_proxy(self) -> None:
        """The differences of a zero-cost score, with no label: the predictor is final."""
        score = self.free_score(self.settings["proxy"], "search.proxy")
        codes = self.space.sample(self.settings["proxy_sample"], stream(self.seed, "proxy"))
        values = without_failures(score(codes))
        self._model.update(codes, RankGaussian(values).targets(values), codes[:0])

    # asking

    def _propose(self, rng: np.random.Generator) -> Codes | None:
        codes, scores = self.history
        turn, every = self._asked - self.settings["population_size"], self.settings["restart_every"]
        if turn < 0 or self.incumbent is None:
            return None
        if self._guided:
            self._learn(codes, scores)
        code = None
        if not every or turn % every != every - 1:
            code = self._best_edit(turn)
        return self._restart(rng) if code is None else code

    def _learn(self, codes: Codes, scores: Floats) -> None:
        targets = search_targets(scores, self.settings["population_size"], self.settings["shift"])
        self._model.update(codes, targets, self.pending)

    def _best_edit(self, turn: int) -> Codes | None:
        """(L,) a new neighbour of a member; ``None`` where the population has converged."""
        edits, owners = self.space.neighbors_of(self._members)
        new = self.is_new(edits)
        edits, owners = edits[new], owners[new]
        if not len(edits):
            return None
        mean, std = self._model.predict(edits)
        if self.settings["step"] == "best":
            chosen = int(np.argmax(self._worth(mean, std)))
        else:
            gains = mean - self._model.predict(self._members)[0][owners]
            improving = np.flatnonzero(gains > 0)
            if not len(improving):
                return None
            waiting = (owners[improving] - turn) % len(self._members)
            first = improving[waiting == waiting.min()]
            chosen = int(first[np.argmax(gains[first])])
        self._parents[self._key_of(edits[chosen])] = int(owners[chosen])
        return edits[chosen]

    def _worth(self, mean: Floats, std: Floats) -> Floats:
        """(m,) expected improvement on the best member's prediction; the prediction itself, where no label is known."""
        return expected_improvement(mean, std, float(self._model.process.fitted().max())) if self._guided else mean

    def _restart(self, rng: np.random.Generator) -> Codes | None:
        """(L,) the most worthy new architecture of the space; ``None`` for a random one."""
        if self.settings["restart"] == "random":
            return None
        if self._whole is not None:
            candidates, worth = self._whole, self._worth(*self._model.predict_watched())
        else:
            best = self._members[np.argsort(-self._values, kind="stable")]
            candidates, worth = proposals(self.space, best, self._worth_of, rng)
        return self._best_new(candidates, worth)

    def _worth_of(self, codes: Codes) -> Floats:
        return self._worth(*self._model.predict(codes))

    # telling

    def _observe(self, code: Codes, score: float) -> None:
        parent = self._parents.pop(self._key_of(code), None)
        if len(self._members) < self.settings["population_size"]:
            self._members = np.concatenate([self._members, code[None]])
            self._values = np.append(self._values, score)
            return
        place = int(np.argmin(self._values)) if parent is None else parent
        if score > self._values[place]:
            self._members[place], self._values[place] = code, score

    # state

    def _state(self) -> dict[str, Any]:
        keys = b"".join(self._parents)
        return {
            "members": self._members.copy(),
            "values": self._values.copy(),
            "children": np.frombuffer(keys, dtype=np.int8).reshape(len(self._parents), self.space.num_positions),
            "parents": np.array(list(self._parents.values()), dtype=np.int64),
            "model": self._model.state(),
        }

    def _load_state(self, state: dict[str, Any]) -> None:
        self._members = np.array(state["members"], dtype=np.int8).reshape(-1, self.space.num_positions)
        self._values = np.array(state["values"], dtype=np.float64)
        children = np.asarray(state["children"], dtype=np.int8)
        self._parents = {row.tobytes(): int(place) for row, place in zip(children, state["parents"], strict=True)}
        if self._guided:
            self._model.load_state(state["model"], self.history[0], self.pending)
