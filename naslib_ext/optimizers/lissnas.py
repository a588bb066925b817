"""LISSNAS as a search method: labels, a shrunk space, and any other method inside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.errors import ConfigError
from naslib_ext.optimizers.base import Optimizer
from naslib_ext.parameters import Parameter, settings
from naslib_ext.predictors import get_predictor
from naslib_ext.predictors.targets import without_failures
from naslib_ext.random_streams import stream
from naslib_ext.registry import unknown_name
from naslib_ext.search_spaces import Codes
from naslib_ext.shrinkage import ShrunkSearchSpace
from naslib_ext.shrinkage.labelling import ROUNDS, next_labels, schedule
from naslib_ext.shrinkage.lissnas import Settings, shrink

SECTION = "search.lissnas."

PARAMETERS: dict[str, Parameter] = {
    "base_optimizer": Parameter("re", "the method that searches the shrunk space"),
    "base": Parameter({}, "its own settings, as they stand in its section search"),
    "labels": Parameter(60, "architectures queried for the predictor; part of the budget", minimum=2),
    "rounds": Parameter(ROUNDS, "labels are random in the first round, then from the space shrunk so far", minimum=1),
    "predictor": Parameter("structure_gp", "what is fitted to them"),
    "predictor_settings": Parameter({}, "its settings"),
    "size": Parameter(0, "members of the shrunk space; 0: where the predicted mean stops rising", minimum=0),
    "shrink_factor": Parameter(0.8, "largest part of its size that an iteration keeps", minimum=0.01, maximum=0.99),
    "initial": Parameter(0, "architectures of the first sample; 0: a tenth of the space within limits", minimum=0),
    "seed_fraction": Parameter(0.5, "part of a space that are seeds", minimum=0.001, maximum=1),
    "neighbors": Parameter(5, "new architectures a seed", minimum=1),
    "distance": Parameter(0, "farthest of them in edits; 0: from the predictor's locality", minimum=0),
    "tolerance": Parameter(0.02, "least rise of the mean, in deviations of the first sample", minimum=0),
    "range_score": Parameter("flops", "score without a query whose range is kept, where there is one"),
    "range_share": Parameter(0.05, "part of the places that keep it", minimum=0, maximum=1),
}
"""Keys of the section ``search.lissnas``."""

_OF_SHRINKING = [field.name for field in fields(Settings) if field.name in PARAMETERS]


class LISSNAS(Optimizer):
    """Shrinks the space with a predictor of ``labels`` queries, then hands the search to ``base_optimizer``.

    The labels come in ``rounds``: random ones, then random members of the space as it would be shrunk by then.
    The base method is bound to the shrunk space, gets the labelled architectures inside it for nothing, and has what
    is left of the budget. Once it has asked for all members, random architectures of the whole space follow.
    ``shrunk_space`` is ``None`` until there are as many scores as ``labels``, those of a warm start among them.

    Differences from the paper, which trains a supernet on the shrunk space: the search inside is any query-based one;
    those of ``shrinkage.lissnas.shrink`` and ``shrinkage.labelling.next_labels``.
    """

    depends_on_budget = True  # the search inside has what is left of it
    parameters = {"lissnas": Parameter({}, "settings of the method")}

    def __init__(self, config: Any = None) -> None:
        super().__init__(config)
        section = self.settings["lissnas"]
        for name in section:
            if name not in PARAMETERS:
                raise ConfigError(str(unknown_name("key", name, PARAMETERS, SECTION)))
        self.own: dict[str, Any] = settings(PARAMETERS, section, SECTION)
        if self.own["base_optimizer"] == "lissnas":
            raise ConfigError(f"{SECTION}base_optimizer: LISSNAS cannot search inside itself")
        self._new_base()  # an unknown method or setting is an error now
        self._new_predictor()

    def _new_base(self) -> Optimizer:
        from naslib_ext.optimizers import get_optimizer

        method, values = get_optimizer(self.own["base_optimizer"]), self.own["base"]
        for name in values:
            if name not in method.parameters:
                raise ConfigError(str(unknown_name("key", name, method.parameters, f"{SECTION}base.")))
        return method({"search": dict(values)})

    def _new_predictor(self) -> Any:
        return get_predictor(self.own["predictor"])(**self.own["predictor_settings"])

    def _start(self) -> None:
        self.shrunk_space: ShrunkSearchSpace | None = None
        self._base: Optimizer | None = None
        self._schedule = schedule(self.own["labels"], self.own["rounds"])
        self._round = 0
        self._queue = np.empty((0, self.space.num_positions), dtype=np.int8)

    def _propose(self, rng: np.random.Generator) -> Codes | None:
        if self._base is None and len(self._scores) >= self._schedule[self._round] and self.incumbent is not None:
            self._end_round()
        while self._base is not None and len(codes := self._base.ask(1)):
            if self.is_new(codes)[0]:
                return codes[0]
        code, self._queue = self._next_new(self._queue)
        return code

    def _end_round(self) -> None:
        """Goes on to the labels of the next round, or after the last one to the search inside."""
        codes, scores = self.history
        self._round = int(np.searchsorted(self._schedule, len(scores), side="right"))
        predictor = self._new_predictor().bind(self.space, self.seed, dict(self.free))
        known = without_failures(scores)
        predictor.fit(codes, known)

        def predict(codes: Codes) -> NDArray[np.float64]:  # what breaks a constraint is as bad as the worst
            predicted = predictor.query(codes)
            return np.where(self.is_feasible(codes), predicted, known.min()) if self.constraints else predicted

        chosen = Settings(**{name: self.own[name] for name in _OF_SHRINKING})
        rng, sizes = stream(self.seed, "shrink", self._round), self.free.get(self.own["range_score"])
        if self._round < len(self._schedule):
            missing = self._schedule[self._round] - len(scores)
            self._queue = next_labels(
                self.space, predict, missing, self.own["labels"], codes, rng, chosen, self.key, sizes
            )
            return
        self._queue = self._queue[:0]
        members = shrink(self.space, predict, rng, chosen, self.key, sizes).space(self.space, self.key)
        if self.constraints and (feasible := self.is_feasible(members.enumerate())).any():
            members = ShrunkSearchSpace(self.space, members.enumerate()[feasible], self.key)
        left = None if self.budget is None else self.budget - self._asked
        self._search_in(members, left).tell(*self._told_inside())

    def _search_in(self, shrunk: ShrunkSearchSpace, budget: int | None) -> Optimizer:
        """Begins the search inside."""
        self.shrunk_space = shrunk
        seed = int(stream(self.seed, "base").integers(2**31))  # its streams have the names that these here have
        self._base = self._new_base().bind(shrunk, seed, budget, self.key, self.free)
        return self._base

    def _told_inside(self) -> tuple[Codes, NDArray[np.float64]]:
        """What is known of the shrunk space."""
        assert self.shrunk_space is not None
        codes, scores = self.history
        inside = self.shrunk_space.is_valid(codes)
        return codes[inside], scores[inside]

    def _observe(self, code: Codes, score: float) -> None:
        if self._base is not None and self.shrunk_space is not None and self.shrunk_space.is_valid(code[None])[0]:
            self._base.tell(code[None], [score])

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = {"round": self._round, "queue": self._queue}
        if self._base is None or self.shrunk_space is None:
            return state
        inside = {"members": self.shrunk_space.enumerate(), "left": self._base.budget, "base": self._base.state_dict()}
        return {**state, "inside": inside}

    def _load_state(self, state: Mapping[str, Any]) -> None:
        self._round = int(state["round"])
        self._queue = np.asarray(state["queue"], dtype=np.int8).reshape(-1, self.space.num_positions)
        if "inside" in state:
            members = ShrunkSearchSpace(self.space, state["inside"]["members"], self.key)
            self._search_in(members, state["inside"]["left"]).load_state_dict(state["inside"]["base"])
