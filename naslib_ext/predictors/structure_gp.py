"""A Gaussian process on the structure of architectures, with one covariance for each group of features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.encodings.structure import structure_features
from naslib_ext.encodings.structure.embedding import structure_embedding
from naslib_ext.parameters import Parameter
from naslib_ext.predictors.base import Predictor, Values
from naslib_ext.predictors.gaussian_process import GaussianProcess
from naslib_ext.predictors.structure_kernel import structure_process
from naslib_ext.predictors.targets import RankGaussian
from naslib_ext.random_streams import stream
from naslib_ext.registry import unknown_name
from naslib_ext.search_spaces import Codes, SearchSpace

FreeScores = Mapping[str, Callable[[ArrayLike], Values]]

REACH = 4.0
"""Normal scores of zero-cost columns are cut off here."""

BATCH = 2_048
"""Architectures whose covariances with the training data are in memory at a time."""


class Seen:
    """Architectures as the models here see them; each part is computed when it is first asked for.

    Args:
        space: the search space of the codes.
        codes: (n, L) architectures.
        free: scores that cost no query, by name.
        names: which of them are used.
    """

    def __init__(self, space: SearchSpace, codes: Codes, free: FreeScores, names: Sequence[str]) -> None:
        self.space, self.codes = space, codes
        self._free, self._names = free, names

    @cached_property
    def features(self) -> dict[str, NDArray[np.float32]]:
        """The groups (n, d_g) of ``structure_features``."""
        return structure_features(self.space, self.codes)

    @cached_property
    def points(self) -> NDArray[np.float32]:
        """(n, D) of ``structure_embedding``."""
        return structure_embedding(self.space).points(self.features)

    @cached_property
    def scores(self) -> Values:
        """(n, number of names) zero-cost scores, in which a proxy that failed is the lowest of its column."""
        columns = [np.asarray(self._free[name](self.codes), dtype=np.float64) for name in self._names]
        return np.stack([_finite(column) for column in columns], axis=1) if columns else np.empty((len(self.codes), 0))


def _finite(values: Values) -> Values:
    good = np.isfinite(values)
    return values if good.all() else np.where(good, values, values[good].min(initial=0.0))


class StructureInputs:
    """What a ``StructureKernel`` sees: structure, and if wanted zero-cost scores as one more group.

    A zero-cost score stands as the normal score of its rank (``RankGaussian``), so that neither its unit nor its
    distribution matters; the group is scaled as the others are.

    Args:
        reference: architectures whose scores say what is high and what is low, the training data for one.
        zero_cost: whether there is a group of zero-cost scores; those that do not vary are left out.

    Attributes:
        widths: number of coordinates of each group.
    """

    def __init__(self, reference: Seen, zero_cost: bool) -> None:
        scores = reference.scores if zero_cost else reference.scores[:, :0]
        self._columns = np.flatnonzero(np.ptp(scores, axis=0) > 0)
        self._ranks = [RankGaussian(scores[:, column]) for column in self._columns]
        self.widths = [*structure_embedding(reference.space).widths, *[len(self._ranks)] * bool(self._ranks)]

    def __call__(self, seen: Seen) -> NDArray[np.float32]:
        """(n, sum of widths) inputs."""
        if not self._ranks:
            return seen.points
        scores = seen.scores[:, self._columns].T
        ranked = [ranks.targets(values) for ranks, values in zip(self._ranks, scores, strict=True)]
        group = np.clip(np.stack(ranked, axis=1), -REACH, REACH) / np.sqrt(2 * len(ranked))
        return np.concatenate([seen.points, group], axis=1, dtype=np.float32)


def zero_cost_names(free: FreeScores, wanted: str) -> list[str]:
    """The names in ``free`` that a parameter means: ``"all"`` but latencies, ``"none"``, or names with commas.

    Raises ``UnknownName``.
    """
    if wanted == "none":
        return []
    if wanted == "all":
        return sorted(name for name in free if not name.startswith("latency"))
    names = wanted.split(",")
    for name in names:
        if name not in free:
            raise unknown_name("zero-cost score", name, free)
    return names


class StructureGaussianProcess(Predictor):
    """A Gaussian process on structure features; its uncertainty is that of one architecture's score, noise included.

    The covariance is ``StructureKernel``'s, the targets are the normal scores of ranks. The kernel's parameters come
    from at most ``num_fitted`` random architectures, the posterior from all.
    """

    parameters = {
        "zero_cost": Parameter("none", "free scores as one more group: all (but latencies), none, or their names"),
        "num_fitted": Parameter(400, "most architectures that choose the kernel's parameters", minimum=2),
    }

    def _fit(self, codes: Codes, scores: Values) -> None:
        settings = self.settings
        self._names = zero_cost_names(self.free, settings["zero_cost"])
        seen = self._seen(codes)
        self._inputs = StructureInputs(seen, zero_cost=True)
        self._targets = RankGaussian(scores)
        rng = stream(self.seed, "structure_gp")
        self.process = fitted_process(self._inputs, seen, self._targets.targets(scores), settings["num_fitted"], rng)

    def _seen(self, codes: Codes) -> Seen:
        return Seen(self.space, codes, self.free, self._names)

    def _query(self, codes: Codes) -> Values:
        batches = self.space.batches(codes, BATCH)
        means = [self.process.mean(self._inputs(self._seen(batch))) for batch in batches]
        return self._targets.scores(np.concatenate([np.empty(0), *means]))

    def _predict(self, codes: Codes) -> tuple[Values, Values]:
        parts = [np.empty((2, 0))]
        for batch in self.space.batches(codes, BATCH):
            parts.append(np.stack(self.process.predict(self._inputs(self._seen(batch)))))
        mean, std = np.concatenate(parts, axis=1)
        noisy = np.sqrt(std**2 + self.process.noise)
        return self._targets.scores(mean), self._targets.deviations(mean, noisy)


def fitted_process(
    inputs: StructureInputs, seen: Seen, targets: Values, num_fitted: int, rng: np.random.Generator
) -> GaussianProcess:
    """A process conditioned on ``targets`` (n,); at most ``num_fitted`` of the data, which ``rng`` draws, fit it."""
    x, chosen = inputs(seen), rng.permutation(len(targets))[:num_fitted]
    process = structure_process(inputs.widths).fit(x[chosen], targets[chosen])
    return process.condition(x).set_targets(targets)
