"""The ensemble as a predictor: antisymmetric differences, a score for ranking, and its uncertainty."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from naslib_ext.errors import ConfigError
from naslib_ext.parameters import Parameter
from naslib_ext.predictors.base import Predictor, Values
from naslib_ext.predictors.doa.members import Member, Process, Trees
from naslib_ext.predictors.structure_gp import BATCH, Seen, zero_cost_names
from naslib_ext.predictors.targets import RankGaussian
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes


class DoAPredictor(Predictor):
    """Predicts the difference between two architectures' scores (Delta-NAS, section 4.1), and the scores themselves.

    An ensemble of models F with F(a, b) = -F(b, a) and F(a, a) = 0, by construction, on normal scores of ranks:

    * ``gp``: a Gaussian process on structure features; F is the posterior mean of f(b) - f(a),
    * ``gp_zero_cost``: the same with zero-cost scores as one more group of features,
    * ``trees``: gradient-boosted trees on structure features and zero-cost scores,
    * ``network``: pair networks on the paper's encodings, pretrained on differences of a zero-cost score. They are not
      part of the default ensemble, as they do not make it better.

    A ``weight`` of 0 leaves a model out; models that need zero-cost scores are left out where there are none.
    ``query`` gives scores: those of the first three are s(b) - s(a) = F(a, b), the networks' are recovered from
    differences to labelled architectures.

    Differences from the paper: see ``docs/delta_nas.md``.
    """

    parameters = {
        "gp_weight": Parameter(1.0, "of the Gaussian process on structure", minimum=0),
        "gp_zero_cost_weight": Parameter(1.0, "of the same with zero-cost scores", minimum=0),
        "trees_weight": Parameter(1.0, "of the boosted trees", minimum=0),
        "network_weight": Parameter(0.0, "of the pair networks", minimum=0),
        "zero_cost": Parameter("all", "free scores that are features: all (but latencies), none, or their names"),
        "num_fitted": Parameter(400, "most architectures that choose a kernel's parameters", minimum=2),
        "encoding": Parameter("pair+diff", "what the networks see of a pair", choices=("pair+diff", "diff")),
        "encoder": Parameter("structure", "what they see of an architecture", choices=("structure", "graph", "code")),
        "pretraining": Parameter("zen", "free score that they are pretrained on, where there is one of that name"),
        "num_ensemble": Parameter(3, "networks", minimum=1),
    }

    def _fit(self, codes: Codes, scores: Values) -> None:
        self._names = zero_cost_names(self.free, self.settings["zero_cost"])
        self._targets = RankGaussian(scores)
        members = self._members(self._seen(codes), self._targets.targets(scores))
        if not members:
            raise ConfigError("doa: every model has the weight 0")
        total = sum(weight for weight, _ in members)
        self._ensemble = [(weight / total, member) for weight, member in members]

    def _seen(self, codes: Codes) -> Seen:
        return Seen(self.space, codes, self.free, self._names)

    def _members(self, seen: Seen, targets: Values) -> list[tuple[float, Member]]:
        settings, members = self.settings, list[tuple[float, Member]]()
        zero_cost_weight = settings["gp_zero_cost_weight"] if self._names else 0.0
        for zero_cost, weight in enumerate((settings["gp_weight"], zero_cost_weight)):
            if weight:
                rng = stream(self.seed, "doa")
                members.append((weight, Process(seen, targets, bool(zero_cost), settings["num_fitted"], rng)))
        if settings["trees_weight"]:
            members.append((settings["trees_weight"], Trees(seen, targets, self.seed)))
        if settings["network_weight"]:
            members.append((settings["network_weight"], self._network(seen, targets)))
        return members

    def _network(self, seen: Seen, targets: Values) -> Member:
        from naslib_ext.predictors.doa.network import NetworkEnsemble  # torch, which the others do without

        settings = self.settings
        return NetworkEnsemble(
            seen,
            targets,
            encoding=settings["encoding"],
            encoder=settings["encoder"],
            members=settings["num_ensemble"],
            pretraining=self.free.get(settings["pretraining"]),
            seed=self.seed,
        )

    def _batches(self, codes: Codes) -> Iterator[Seen]:
        for batch in self.space.batches(codes, BATCH):
            yield self._seen(batch)

    def _score(self, seen: Seen) -> Values:
        """(n,) predicted targets."""
        return np.sum([weight * member.score(seen) for weight, member in self._ensemble], axis=0)

    def _query(self, codes: Codes) -> Values:
        return self._targets.scores(np.concatenate([np.empty(0), *map(self._score, self._batches(codes))]))

    def _predict(self, codes: Codes) -> tuple[Values, Values]:
        mean, std = np.concatenate([np.empty((2, 0)), *map(self._moments, self._batches(codes))], axis=1)
        return self._targets.scores(mean), self._targets.deviations(mean, std)

    def _moments(self, seen: Seen) -> Values:
        """(2, n) mean and deviation of targets; the variance is the mean of the models' own, and that between them."""
        weights = np.array([weight for weight, _ in self._ensemble])
        scores = np.stack([member.score(seen) for _, member in self._ensemble])
        own = np.stack([member.deviation(seen) for _, member in self._ensemble]) ** 2
        mean, having = weights @ scores, weights @ (own > 0)
        variance = weights @ own / np.where(having > 0, having, 1) + weights @ (scores - mean) ** 2
        return np.stack([mean, np.sqrt(variance)])

    def difference(self, a: ArrayLike, b: ArrayLike) -> Values:
        """(n,) predicted score(b) - score(a) of architectures (n, L) each; ``difference(b, a)`` is its negative."""
        first, second = self._test_codes(np.asarray(a)), self._test_codes(np.asarray(b))
        pairs = zip(self._batches(first), self._batches(second), strict=True)
        return np.concatenate([np.empty(0), *(self._gain(*pair) for pair in pairs)])

    def _gain(self, a: Seen, b: Seen) -> Values:
        """(n,) F(a, b) in units of the score, at the middle between the two."""
        gain = np.sum([weight * member.difference(a, b) for weight, member in self._ensemble], axis=0)
        middle = (self._score(a) + self._score(b)) / 2
        return self._targets.scores(middle + gain / 2) - self._targets.scores(middle - gain / 2)
