"""Algorithm 1 of Delta-NAS: pairs of architectures k edits apart and what the difference is worth."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.atomic import write_atomically, write_json
from naslib_ext.encodings.difference import Differences, difference_vector
from naslib_ext.errors import DataFileError, UnsupportedSpace
from naslib_ext.search_spaces import CategoricalSearchSpace, Codes, SearchSpace, get_search_space, list_search_spaces
from naslib_ext.search_spaces.nasbench301 import NASBench301SearchSpace

Values = NDArray[np.float64]
Target = Callable[[Codes], ArrayLike]

FORMAT = 1
ATTEMPTS = 100
"""Rounds of draws for what a rule of the space, or the distance, may refuse."""

DETOURS = 20
"""Random edits that are tried to get one further away from the first architecture of a pair."""


@dataclass(frozen=True)
class DifferenceDataset:
    """m differences, each seen in n contexts.

    Attributes:
        space: the search space.
        k: single edits between the two architectures of a pair.
        first, second: (m, n, L) the architectures of the pairs; the difference is the same along the second axis.
        deltas: (m, n) target of the second minus that of the first.
        target: what was measured, for the manifest: ``zen``, ``val_accuracy@200``.
        seed: that the pairs were drawn with.
    """

    space: SearchSpace
    k: int
    first: Codes
    second: Codes
    deltas: Values
    target: str = ""
    seed: int = 0

    @property
    def vectors(self) -> Differences:
        """(m, d) the differences, as ``difference_vector`` has them."""
        return difference_vector(self.space, self.first[:, 0], self.second[:, 0])

    @property
    def means(self) -> Values:
        """(m,) the mean over the contexts: the paper's target of a difference."""
        return self.deltas.mean(axis=1)

    def save(self, path: Path) -> None:
        """Writes ``path`` (.npz, no pickles) and beside it a manifest (.json) with its sha256."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, first=self.first, second=self.second, deltas=self.deltas)
        write_atomically(path, buffer.getvalue())
        manifest = {
            "format": FORMAT,
            "space": self.space.name,
            "cardinalities": self.space.cardinalities.tolist(),
            "k": self.k,
            "differences": len(self.first),
            "contexts": self.first.shape[1],
            "target": self.target,
            "seed": self.seed,
            "sha256": hashlib.sha256(buffer.getvalue()).hexdigest(),
        }
        write_json(path.with_suffix(".json"), manifest)

    @classmethod
    def load(cls, path: Path) -> DifferenceDataset:
        """The inverse of ``save``. Raises ``DataFileError`` where a file is missing, damaged or not the manifest's."""
        try:
            manifest: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
            data = path.read_bytes()
            if manifest["format"] != FORMAT:
                raise DataFileError(f"{path}: format {manifest['format']!r}, this version reads {FORMAT}")
            if hashlib.sha256(data).hexdigest() != manifest["sha256"]:
                raise DataFileError(f"{path} is not the file that its manifest describes: sha256 differs")
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                first, second, deltas = (arrays[name] for name in ("first", "second", "deltas"))
            space = _space(manifest)
            for codes in (first, second):
                space.check(codes.reshape(-1, space.num_positions))
            return cls(space, manifest["k"], first, second, deltas, manifest["target"], manifest["seed"])
        except DataFileError:
            raise
        except Exception as error:  # json, zipfile, zlib and numpy raise a dozen kinds for damaged files
            raise DataFileError(f"{path}: cannot read the differences: {error}") from error


def _space(manifest: dict[str, Any]) -> SearchSpace:
    if manifest["space"] in list_search_spaces():
        return get_search_space(manifest["space"])
    return CategoricalSearchSpace(manifest["space"], manifest["cardinalities"])


def generate(
    space: SearchSpace, number: int, k: int, target: Target, rng: np.random.Generator, contexts: int = 4
) -> DifferenceDataset:
    """Algorithm 1: random pairs k edits apart, each difference in several contexts, and their gains in ``target``.

    Args:
        space: where the pairs are drawn.
        number: m, pairs that are drawn; a difference may be drawn again.
        k: single edits between the two.
        target: codes (n, L) -> (n,), a zero-cost score or an accuracy, for any architecture of the space.
        rng: draws pairs and contexts.
        contexts: n, the paper's 4. Where no other context is found for a difference, its own is repeated.

    Raises ``UnsupportedSpace`` where there are no pairs k edits apart.
    """
    a, b = sample_pairs(space, number, k, rng)
    first, second = other_contexts(space, a, b, contexts, rng)
    flat = np.concatenate([first, second]).reshape(-1, space.num_positions)
    distinct, where = np.unique(flat, axis=0, return_inverse=True)
    values = np.asarray(target(distinct), dtype=np.float64)[where.reshape(-1)].reshape(2, number, contexts)
    return DifferenceDataset(space, k, first, second, values[1] - values[0])


def sample_pairs(space: SearchSpace, number: int, k: int, rng: np.random.Generator) -> tuple[Codes, Codes]:
    """Two (number, L) arrays whose rows are k single edits apart and not the same architecture.

    The first is drawn from the space's distribution, the second by random edits away from it.
    Raises ``UnsupportedSpace`` where none are found.
    """
    firsts, seconds, missing = [space.sample(0, rng)], [space.sample(0, rng)], number
    for _ in range(ATTEMPTS):
        if not missing:
            return np.concatenate(firsts), np.concatenate(seconds)
        a = b = space.sample(missing, rng)
        for distance in range(1, k + 1):
            a, b = _one_further(space, a, b, distance, rng)
        same = [x == y for x, y in zip(space.keys(a), space.keys(b), strict=True)]
        other = ~np.array(same, dtype=bool)
        firsts.append(a[other])
        seconds.append(b[other])
        missing -= int(other.sum())
    raise UnsupportedSpace(f"{space.name}: found no pairs of architectures {k} edits apart")


def _one_further(
    space: SearchSpace, a: Codes, b: Codes, distance: int, rng: np.random.Generator
) -> tuple[Codes, Codes]:
    """The pairs (a, b), with b edited once so that it is ``distance`` from a; those that cannot are left out."""
    moved, todo = b.copy(), np.arange(len(a))
    for _ in range(DETOURS):
        if not len(todo):
            break
        moved[todo] = space.mutate(b[todo], rng)
        todo = todo[space.edit_distance(a[todo], moved[todo]) != distance]
    reached = np.setdiff1d(np.arange(len(a)), todo)
    return a[reached], moved[reached]


def other_contexts(
    space: SearchSpace, a: ArrayLike, b: ArrayLike, contexts: int, rng: np.random.Generator
) -> tuple[Codes, Codes]:
    """Two (m, contexts, L): each pair (a, b), (m, L), first, then others with the same difference and distance.

    What differs (whole nodes on nasbench301) is set into random architectures; where none is valid, the pair is
    repeated.
    """
    first, second = (np.repeat(space.check(codes)[:, None], contexts, axis=1) for codes in (a, b))
    pairs = first[:, 0], second[:, 0]
    unit = 4 if isinstance(space, NASBench301SearchSpace) else 1
    changed = (pairs[0] != pairs[1]).reshape(len(first), -1, unit).any(axis=2).repeat(unit, axis=1)
    distance = space.edit_distance(*pairs)
    rows, places = np.nonzero(np.ones((len(first), contexts)) * (np.arange(contexts) > 0))
    for _ in range(ATTEMPTS):
        if not len(rows):
            break
        drawn = space.sample(len(rows), rng)
        x, y = (np.where(changed[rows], codes[rows], drawn) for codes in pairs)
        fits = space.is_valid(x) & space.is_valid(y)
        fits[fits] = space.edit_distance(x[fits], y[fits]) == distance[rows[fits]]
        first[rows[fits], places[fits]], second[rows[fits], places[fits]] = x[fits], y[fits]
        rows, places = rows[~fits], places[~fits]
    return first, second
