"""Components of an architecture, and single edits of them (section III-C)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from naslib_ext.search_spaces import Codes, SearchSpace

Integers = NDArray[np.int64]
Floats = NDArray[np.floating]
Mask = NDArray[np.bool_]

NEVER = -1e9
"""A logit whose probability is exactly zero, and whose product with it is too."""


class Edits:
    """What the local policy can do to architectures of a space: give one of its L components another choice.

    Components with equally many choices share a vocabulary, so that the policy has one output and one embedding for
    each choice of each vocabulary: V in all. NAS-Bench-201 has V = 5, NAS-Bench-101 V = 2 + 3 (edges and operations).
    """

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        sizes = np.unique(space.cardinalities)
        starts = np.concatenate([[0], np.cumsum(sizes)])
        self.num_components = space.num_positions
        self.num_operations = int(starts[-1])
        self._starts = starts[np.searchsorted(sizes, space.cardinalities)]
        self._most = int(sizes[-1])
        self.num_edits = int((space.cardinalities - 1).sum())

    def apply(self, codes: Codes, layers: Integers, operations: Integers) -> Codes:
        """(n, L) ``codes`` with the choice ``operations`` (n,), as an index in 0..V-1, at ``layers`` (n,)."""
        edited = codes.copy()
        edited[np.arange(len(codes)), layers] = operations - self._starts[layers]
        return edited

    def choices(self, codes: Codes, layers: Integers) -> tuple[Codes, Mask]:
        """Each choice c of the component ``layers`` (n,) of ``codes`` (n, L).

        Returns:
            The edited codes (n, C, L), C the most choices of a component, and which of them are architectures (n, C).
            The unchanged code is always one.
        """
        edited = np.repeat(codes[:, None], self._most, axis=1)
        values = np.arange(self._most)
        edited[np.arange(len(codes))[:, None], values, layers[:, None]] = values
        return edited, self.space.is_valid(edited.reshape(-1, self.num_components)).reshape(edited.shape[:2])

    def in_vocabulary(self, priors: Floats, layers: Integers) -> Floats:
        """(n, V) the policy's outputs of ``priors`` (n, C), by choice of the component ``layers`` (n,); else NEVER."""
        outputs = np.full((len(layers), self.num_operations + self._most), NEVER)
        outputs[np.arange(len(layers))[:, None], self._starts[layers][:, None] + np.arange(self._most)] = priors
        return outputs[:, : self.num_operations]

    def neighborhood(self, codes: Codes) -> tuple[Codes, Mask]:
        """Every choice of every component of ``codes`` (n, L): codes (n, L, C, L) and which are architectures."""
        layers = np.tile(np.arange(self.num_components), len(codes))
        edited, valid = self.choices(np.repeat(codes, self.num_components, axis=0), layers)
        shape = (len(codes), self.num_components, self._most)
        return edited.reshape(*shape, -1), valid.reshape(shape)
