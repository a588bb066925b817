"""``structure_bo`` with one ingredient left out or exchanged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.benchmarks import Benchmark
from naslib_ext.encodings.one_hot import one_hot
from naslib_ext.encodings.structure.embedding import REFERENCES, structure_embedding
from naslib_ext.optimizers.structure_bo import StructureBO
from naslib_ext.optimizers.structure_bo.model import Embedding, Points, Score, StructureModel
from naslib_ext.predictors.structure_kernel import StructureKernel
from naslib_ext.predictors.targets import LEAST_TARGET, RankGaussian, without_failures
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes, SearchSpace

Floats = NDArray[np.float64]

OFF = -20.0
"""Logarithm of the output scale of a part of the covariance that is left out."""


@dataclass(frozen=True)
class Variant:
    """What differs from ``structure_bo``.

    Args:
        settings: of its own parameters.
        left_out: groups of structure features; those that a space does not have are ignored.
        codes: one-hot codes instead of structure features.
        merged: one group of all features.
        kernel: parts of the covariance: ``"both"``, ``"groups"`` (a sum over groups) or ``"joint"`` (their product).
        targets: of the model, one of ``TARGETS``; ``""`` is the method's own.
        listed: whether all architectures are candidates where they can be listed.
        batch: architectures that are asked for at a time.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    codes: bool = False
    merged: bool = False
    kernel: str = "both"
    targets: str = ""
    listed: bool = True
    batch: int = 1

    def applies(self, benchmark: Benchmark) -> bool:
        """Whether it differs from ``structure_bo`` on a benchmark and is possible there."""
        names, features = structure_embedding(benchmark.space).names, self.settings.get("features", "")
        has_groups = not self.left_out or 0 < len(set(names) - set(self.left_out)) < len(names)
        has_scores = features in ("", *benchmark.free) or (features == "all" and bool(benchmark.free))
        return has_groups and has_scores


class VariantBO(StructureBO):
    """The search method of a ``Variant``."""

    def __init__(self, variant: Variant) -> None:
        super().__init__({"search": dict(variant.settings)})
        self._variant = variant

    def _new_model(self, scores: list[Score]) -> StructureModel:
        embedding, kernel = _embedding(self._variant, self.space), partial(PartialKernel, parts=self._variant.kernel)
        return StructureModel(self.space, self.settings["refit_every"], scores, embedding, kernel)

    def _listed(self) -> Codes | None:
        return super()._listed() if self._variant.listed else None

    def _targets(self, scores: Floats) -> Floats:
        kind = self._variant.targets
        return TARGETS[kind](without_failures(scores)) if kind else super()._targets(scores)


# features


class PartialEmbedding:
    """Some groups of the structure features of a space, as they are or as one group.

    Args:
        space: the architectures.
        left_out: names of groups.
        merged: whether the others are one group, in which two random architectures are 1 apart again.
    """

    def __init__(self, space: SearchSpace, left_out: Sequence[str], merged: bool) -> None:
        self._whole = structure_embedding(space)
        kept = [group for group, name in enumerate(self._whole.names) if name not in left_out]
        ends = np.cumsum([0, *self._whole.widths])
        self._columns = np.concatenate([np.arange(ends[group], ends[group + 1]) for group in kept])
        widths = [self._whole.widths[group] for group in kept]
        self.widths = [sum(widths)] if merged else widths
        self._scale = np.float32(len(kept) ** -0.5 if merged else 1)

    def __call__(self, codes: Codes, /) -> Points:
        """(n, sum of widths)."""
        points: Points = self._whole(codes).take(self._columns, axis=1) * self._scale
        return points


class CodeEmbedding:
    """Codes as they are, one-hot, one group; two random architectures are 1 apart in squared distance, in the mean."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        share = one_hot(space, space.sample(REFERENCES, stream(0, "structure"))).mean(axis=0)
        self.widths = [len(share)]
        self._scale = np.float32((2 * share * (1 - share)).sum() ** -0.5)

    def __call__(self, codes: Codes, /) -> Points:
        """(n, sum of cardinalities)."""
        return one_hot(self._space, codes) * self._scale


def _embedding(variant: Variant, space: SearchSpace) -> Embedding:
    return CodeEmbedding(space) if variant.codes else PartialEmbedding(space, variant.left_out, variant.merged)


# covariance and targets


class PartialKernel(StructureKernel):
    """Parts of ``StructureKernel``, the prior of whose output scales has the same sum.

    Args:
        widths: columns of each group.
        parts: ``"both"``, ``"groups"`` or ``"joint"``.
    """

    def __init__(self, widths: Sequence[int], parts: str) -> None:
        super().__init__(widths)
        scales = np.arange(len(self.start))[self._scales]
        off = {"both": scales[:0], "groups": scales[-1:], "joint": scales[:-1]}[parts]
        self.start[scales] += np.log(len(scales) / (len(scales) - len(off)))
        self.start[off] = OFF
        self.bounds[off] = OFF


def _rank_gaussian(scores: Floats) -> Floats:
    return RankGaussian(scores).targets(scores)


def _standardised(scores: Floats) -> Floats:
    return np.maximum((scores - scores.mean()) / (scores.std() or 1.0), LEAST_TARGET)


TARGETS: Mapping[str, Callable[[Floats], Floats]] = {"rank": _rank_gaussian, "standardised": _standardised}
"""Normal scores of ranks; scores less their mean over their deviation, cut off below as the method's own are."""
