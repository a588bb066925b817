"""Bayesian optimisation with a Gaussian process on structure features."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.errors import ConfigError
from naslib_ext.optimizers.acquisition import expected_improvement
from naslib_ext.optimizers.base import Optimizer
from naslib_ext.optimizers.finished_run import finished_run
from naslib_ext.optimizers.structure_bo.candidates import KINDS, proposals, whole_space
from naslib_ext.optimizers.structure_bo.model import Score, StructureModel
from naslib_ext.optimizers.structure_bo.pareto import expected_hypervolume_improvement, front
from naslib_ext.parameters import Parameter
from naslib_ext.predictors.targets import search_targets
from naslib_ext.search_spaces import Codes

Floats = NDArray[np.float64]

COST_SAMPLE = 1_000
"""Random architectures that say what costs there are, where the space cannot be listed."""

MARGIN = 0.1
"""How far beyond all known costs the reference point of two objectives is, in their range (as in BoTorch)."""


class StructureBO(Optimizer):
    """Asks for the architecture of the largest expected improvement, under a GP on what architectures consist of.

    The covariance has one part for each group of structure features and one for all together (``StructureKernel``).
    Targets are log gaps to the best score, so that it need not be known what a score means. Expected improvement is
    discounted by the share of the deviation that is noise, so that it does not pay to look again where all is known
    (Huang et al., 2006). Candidates are the whole space, or proposals where it is large (``candidates``). Architectures
    that are being evaluated count as evaluated with the result that is expected, so that batches spread.
    """

    parameters = {
        "num_init": Parameter(10, "architectures before the model decides", minimum=2),
        "refit_every": Parameter(10, "least number of queries between two fits of the GP's parameters", minimum=1),
        "shift": Parameter(0.5, "median gaps that the best score counts as away from perfection", minimum=1e-3),
        "acquisition": Parameter(
            "augmented",
            "expected improvement: of the model's mean, discounted where it is sure, or of what will be observed",
            choices=("plain", "augmented", "observed"),
        ),
        "features": Parameter("", "scores without a query that are features too, with commas between; or all"),
        "without": Parameter("", "kind of proposals that is left out, in large spaces", choices=("", *KINDS)),
        "warm_start": Parameter("", "folder of a run on another data set or schedule, to begin from and to learn from"),
        "cost": Parameter("", "score without a query by which the acquisition is divided, such as seconds"),
        "minimize": Parameter("", "score without a query that is a second objective: search for the Pareto front"),
    }

    def _start(self) -> None:
        self._source: Codes | None = None
        scores: list[Score] = [*self.free_scores(self.settings["features"], "search.features")]
        if self.settings["warm_start"]:
            scores.append(self._source_score())
        self._model = self._new_model(scores)
        self._whole = self._listed()
        if self._whole is not None:
            self._whole = self._whole[self.is_feasible(self._whole)]
            if not len(self._whole):
                raise self._infeasible()
            self._model.watch(self._whole)
        self._check_costs()

    def _new_model(self, scores: list[Score]) -> StructureModel:
        return StructureModel(self.space, self.settings["refit_every"], scores)

    def _listed(self) -> Codes | None:
        """(m, L) all candidates, where they can be listed."""
        return whole_space(self.space, self.key)

    def _source_score(self) -> Score:
        """The posterior mean of the other run, whose architectures are remembered, the best first."""
        name = (self.config or {}).get("search_space") or self.space.whole.name
        codes, scores = finished_run(self.settings["warm_start"], self.space, name)
        source = StructureModel(self.space, 1, [])
        source.update(codes, self._targets(scores), codes[:0])
        self._source = codes[np.argsort(-scores, kind="stable")]
        return lambda queried: source.predict(queried)[0]

    def _check_costs(self) -> None:
        if self.settings["cost"] and self.settings["minimize"]:
            raise ConfigError("search.cost and search.minimize exclude each other")
        for key, wanted in (("cost", "positive"), ("minimize", "finite")):
            if name := self.settings[key]:
                self._cost_score = self.free_score(name, f"search.{key}")
                some = self.space.sample(COST_SAMPLE, np.random.default_rng(0)) if self._whole is None else self._whole
                costs = self._some_costs = np.asarray(self._cost_score(some), dtype=np.float64)
                if not np.isfinite(costs).all() or (key == "cost" and costs.min() <= 0):
                    raise ConfigError(f"search.{key}: the score {name!r} is not {wanted} for all of {self.space.name}")

    # asking

    def _propose(self, rng: np.random.Generator) -> Codes | None:
        codes, scores = self.history
        if self._asked < self.settings["num_init"] or len(codes) < 2 or self.incumbent is None:
            return self._first(rng)
        self._update(codes, scores)
        if self._whole is not None:
            candidates, worth = self._whole, self._worth(self._whole, *self._model.predict_watched())
        else:
            best = codes[np.argsort(-scores, kind="stable")]
            candidates, worth = proposals(self.space, best, self._worth_of, rng, self.settings["without"])
        return self._best_new(candidates, worth)

    def _first(self, rng: np.random.Generator) -> Codes | None:
        """Before there is a model: every other time the best of the other run, else ``None``, a random one."""
        if self._source is None or self._asked % 2 or self._asked >= self.settings["num_init"]:
            return None
        return self._first_new(self._source)

    def _update(self, codes: Codes, scores: Floats) -> None:
        targets = self._targets(scores)
        self._model.update(codes, targets, self.pending)
        self._known_targets, self._known_codes = targets, codes

    def _targets(self, scores: Floats) -> Floats:
        return search_targets(scores, self.settings["num_init"], self.settings["shift"])

    # what candidates are worth

    def _worth_of(self, codes: Codes) -> Floats:
        return self._worth(codes, *self._model.predict(codes))

    def _worth(self, codes: Codes, mean: Floats, std: Floats) -> Floats:
        """(m,) the acquisition function at ``codes`` (m, L), whose targets have ``mean`` (m,) and ``std`` (m,)."""
        noise, kind = self._model.process.noise, self.settings["acquisition"]
        worth = self._improvement(codes, mean, np.sqrt(std**2 + noise) if kind == "observed" else std)
        if kind == "augmented":
            worth *= 1 - np.sqrt(noise / (std**2 + noise))
        if self.settings["cost"]:
            worth /= self._costs(codes)
        return worth

    def _improvement(self, codes: Codes, mean: Floats, std: Floats) -> Floats:
        if not self.settings["minimize"]:
            return expected_improvement(mean, std, float(self._known_targets.max()))
        known = self._known_targets, self._costs(self._known_codes)
        worst = float(self._known_targets.min()), self._worst_cost(known[1])
        return expected_hypervolume_improvement(mean, std, self._costs(codes), *known, *worst)

    def _worst_cost(self, known: Floats) -> float:
        """Of the reference point: beyond the greatest cost, so that what costs the most is worth something too."""
        costs = np.concatenate([self._some_costs, known])
        return float(costs.max() + MARGIN * (np.ptp(costs) or 1.0))

    def _costs(self, codes: Codes) -> Floats:
        """(m,) the score that ``cost`` or ``minimize`` names; of all listed architectures it is read once."""
        return self._some_costs if codes is self._whole else np.asarray(self._cost_score(codes), dtype=np.float64)

    # results and state

    @property
    def pareto_front(self) -> tuple[Codes, Floats, Floats]:
        """Architectures (f, L), scores (f,) and costs (f,) of the front so far, by ascending cost.

        Raises ``ConfigError`` where ``minimize`` names no cost.
        """
        if not self.settings["minimize"]:
            raise ConfigError("search.minimize is empty, so that there is no second objective")
        codes, scores = self.history
        good = np.isfinite(scores)
        codes, scores = codes[good], scores[good]
        costs = self._costs(codes)
        rows = front(scores, costs)
        return codes[rows], scores[rows], costs[rows]

    def _state(self) -> dict[str, Any]:
        return {"model": self._model.state()}

    def _load_state(self, state: dict[str, Any]) -> None:
        self._model.load_state(state["model"], self.history[0], self.pending)
