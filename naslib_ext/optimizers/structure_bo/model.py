"""The Gaussian process of the search: structure features in, and what costs no query, kept up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from naslib_ext.encodings.structure.embedding import structure_embedding
from naslib_ext.optimizers.gp_model import refit_is_due
from naslib_ext.predictors.gaussian_process import Pool
from naslib_ext.predictors.structure_kernel import StructureKernel, structure_process
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes, SearchSpace

Floats = NDArray[np.float64]
Points = NDArray[np.float32]
Score = Callable[[Codes], Floats]


class Embedding(Protocol):
    """Architectures as points in groups of coordinates, ``widths`` (G,) of them, as ``StructureEmbedding`` has them."""

    widths: list[int]

    def __call__(self, codes: Codes, /) -> Points:
        """(n, sum of widths) points of architectures (n, L)."""


REFERENCES = 2_000
"""Random architectures that say how a score is distributed."""


class ScorePoints:
    """Scores that cost no query as one more group of features: normal scores, two random architectures 1 apart.

    Args:
        space: what random architectures are.
        scores: functions of codes (n, L) to values (n,); what is no number counts as the median.
    """

    def __init__(self, space: SearchSpace, scores: list[Score]) -> None:
        sample = space.sample(REFERENCES, stream(0, "scores"))
        self._scores = scores
        self._references = [np.sort(np.nan_to_num(score(sample), nan=np.nan)) for score in scores]

    def __call__(self, codes: Codes) -> Points:
        """(n, number of scores)."""
        columns = [
            _normal(reference, score(codes)) for reference, score in zip(self._references, self._scores, strict=True)
        ]
        return np.stack(columns, axis=1, dtype=np.float32) / np.sqrt(2 * len(columns), dtype=np.float32)


def _normal(reference: Floats, values: Floats) -> Floats:
    """(n,) Phi^-1 of the share of ``reference`` (sorted) that is below, ties halved."""
    below = np.searchsorted(reference, values) + np.searchsorted(reference, values, side="right")
    share = np.where(np.isnan(values), 0.5, (below + 1) / (2 * len(reference) + 2))
    return np.asarray(ndtri(share))


class StructureModel:
    """An exact GP over growing data and over what is being evaluated, about which it believes itself.

    Args:
        space: the architectures.
        refit_every: least number of observations between two fits of the parameters.
        scores: further features, see ``ScorePoints``; none by default.
        embedding: other features than those of structure.
        make_kernel: the covariance for groups of features of these widths.
    """

    def __init__(
        self, space: SearchSpace, refit_every: int, scores: list[Score], embedding: Embedding | None = None,
        make_kernel: Callable[[Sequence[int]], StructureKernel] = StructureKernel,
    ) -> None:  # fmt: skip
        self._embedding: Embedding = embedding or structure_embedding(space)
        self._scores = ScorePoints(space, scores) if scores else None
        widths = [*self._embedding.widths, *([len(scores)] if scores else [])]
        self.process = structure_process(widths, make_kernel)
        self._refit_every = refit_every
        self._fitted = 0
        self._codes: list[bytes] = []
        self._whole: Pool | None = None
        self._whole_points: Points | None = None

    def points(self, codes: Codes) -> Points:
        """(n, D) features of architectures (n, L)."""
        points = self._embedding(codes)
        return points if self._scores is None else np.concatenate([points, self._scores(codes)], axis=1)

    def update(self, codes: Codes, targets: Floats, pending: Codes) -> None:
        """Takes all data: architectures (n, L) with targets (n,), and those (p, L) whose targets are not yet known.

        Earlier data stands first. The posterior depends on the data, the ``pending`` and the state alone.
        """
        known = np.concatenate([codes, pending])
        rows = [row.tobytes() for row in known]
        if refit_is_due(len(codes), self._fitted, self._refit_every):
            self.process.fit(self.points(codes), targets)
            self._fitted = len(codes)
            self._start(rows)
        elif not self._codes or self._codes != rows[: len(self._codes)]:
            self._restart(codes, rows)
        self._extend(known, rows)
        self.process.set_targets(targets)

    def _extend(self, codes: Codes, rows: list[bytes]) -> None:
        if len(rows) > len(self._codes):
            self.process.extend(self.points(codes[len(self._codes) :]))
            self._codes = rows

    def _restart(self, codes: Codes, rows: list[bytes]) -> None:
        self.process.condition(self.points(codes[: self._fitted]))
        self._start(rows)

    def _start(self, rows: list[bytes]) -> None:
        """The process holds the data of the last fit, and nothing else."""
        self._codes = rows[: self._fitted]
        if self._whole_points is not None:
            self._whole = self.process.pool(self._whole_points)

    def watch(self, codes: Codes) -> None:
        """From the next ``update`` on, ``predict_watched`` knows the posterior at architectures ``codes`` (m, L)."""
        self._whole_points = self.points(codes)
        self._codes, self._whole = [], None

    def predict_watched(self) -> tuple[Floats, Floats]:
        """(mean, standard deviation), each (m,), at the watched architectures, at O(m) operations for each datum."""
        assert self._whole is not None
        return self._whole.predict()

    def predict(self, codes: Codes) -> tuple[Floats, Floats]:
        """(mean, standard deviation), each (n,), at any architectures (n, L)."""
        return self.process.predict(self.points(codes))

    def state(self) -> dict[str, Any]:
        """What cannot be computed from the data."""
        return {"parameters": self.process.parameters.copy(), "fitted": self._fitted, "taken": len(self._codes)}

    def load_state(self, state: dict[str, Any], codes: Codes, pending: Codes) -> None:
        """Restores what ``state`` gave, for the architectures (n, L) and ``pending`` ones (p, L) so far.

        What had been taken is taken now, not with the next ``update``: a run counts how often scores are read.
        """
        self.process.parameters = np.array(state["parameters"], dtype=np.float64)
        self._fitted, self._codes = int(state["fitted"]), []
        if self._fitted:
            known = np.concatenate([codes, pending])[: state.get("taken", self._fitted)]  # absent in older checkpoints
            rows = [row.tobytes() for row in known]
            self._restart(known, rows)
            self._extend(known, rows)
