"""A part of a search space, listed, as a search space of its own."""

from __future__ import annotations

import os
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.atomic import write_atomically
from naslib_ext.benchmarks.table import space_of_manifest
from naslib_ext.errors import DataFileError, InvalidArchitecture
from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.search_spaces.base import Integers, Mask
from naslib_ext.search_spaces.distinct import distinct, hashes, key_forms
from naslib_ext.state_file import decode_state, encode_state

FORMAT = 1
SUFFIX = "_shrunk"

_OWN = ("size", "num_functions")
"""What the parent may have counted for itself."""


class ShrunkSearchSpace(SearchSpace):
    """Some architectures of ``parent``: the members.

    Everything of the parent works here on members alone, and gives members alone: what is not one is no valid
    architecture. ``sample`` is uniform over the members. The neighbours of a member are its single edits that are
    members; there may be none, then ``neighbors`` has the shape (0, L) and ``mutate`` draws another member. ``mutate``
    is uniform over the neighbours. Its class is a subclass of the parent's, so that encodings know the parent's cells.

    With ``key`` ``"canonical"`` the members are functions: each is listed once, in its canonical form, every code that
    computes it is valid, and ``size`` counts functions, a lower bound of the number of codes.
    With ``"code"``, ``canonical`` is the first member that computes the same.

    Memory: L + 8 bytes a member, 8 more for ``canonical`` and for placing operations each once these are asked for.

    Args:
        parent: the whole space; of a shrunk one its own parent is taken.
        codes: (n, L) the members in any order; repeats count once.
        key: what makes two codes the same; ``None`` takes the parent's.

    Raises ``InvalidArchitecture`` where there is no member, or one that is not of the parent.
    """

    parent: SearchSpace

    def __new__(cls, parent: SearchSpace, codes: ArrayLike, key: str | None = None) -> ShrunkSearchSpace:
        return object.__new__(_class_within(type(parent.whole)))  # type: ignore[arg-type]

    def __init__(self, parent: SearchSpace, codes: ArrayLike, key: str | None = None) -> None:
        whole = parent.whole
        members = parent.check(codes)
        if not len(members):
            raise InvalidArchitecture(f"{whole.name}: a shrunk space needs at least one architecture")
        vars(self).update({name: value for name, value in vars(whole).items() if name not in _OWN})
        self.name = whole.name + SUFFIX
        self.parent = whole
        self.member_key = key or whole.key
        self.key = self.member_key  # type: ignore[misc]  # the members' own, where it is not the parent's
        members = key_forms(whole, members, self.member_key)
        members = members[distinct(whole, members, "code")]
        hashed = hashes(members)
        order = np.argsort(hashed)
        self._hashes, self._members = hashed[order], np.ascontiguousarray(members[order])

    def __reduce__(self) -> tuple[Any, ...]:
        return ShrunkSearchSpace, (self.parent, self._members, self.member_key)

    @cached_property
    def size(self) -> int:
        """Number of members; of functions where ``key`` is ``"canonical"``."""
        return len(self._members)

    @cached_property
    def num_functions(self) -> int:
        """Number of members that compute different functions."""
        return len(np.unique(self._first_equal))

    @property
    def whole(self) -> SearchSpace:
        """The parent."""
        return self.parent

    # validity

    def _satisfies(self, codes: Codes) -> Mask:
        valid = super()._satisfies(codes).copy()
        valid[valid] = self._find(key_forms(self.parent, codes[valid], self.member_key)) >= 0
        return valid

    def _find(self, forms: Codes) -> Integers:
        """(n,) the row among the members of each key form (n, L), -1 where there is none."""
        places = np.minimum(np.searchsorted(self._hashes, hashes(forms)), len(self._members) - 1)
        return np.where((self._members[places] == forms).all(axis=1), places, -1)

    # drawing and listing

    def _draw(self, n: int, rng: np.random.Generator) -> Codes:
        return self._members[rng.integers(len(self._members), size=n)]

    def _accepts_sample(self, codes: Codes) -> Mask:
        return np.ones(len(codes), dtype=bool)

    def enumerate(self) -> Codes:
        """(size, L) every member in lexicographic order."""
        return self._members[np.lexsort(self._members.T[::-1])]

    # sameness

    def canonical(self, codes: ArrayLike) -> Codes:
        if self.member_key == "canonical":
            forms = self.parent.canonical(codes)
            if (self._find(forms) < 0).any():
                self.check(codes)  # says which one it is
            return forms
        array = self.check(codes)
        return self._members[self._first_equal[self._find(array)]]

    @cached_property
    def _first_equal(self) -> Integers:
        """(size,) for each member the first one that computes the same."""
        forms = hashes(self.parent.canonical(self._members))
        _, first, inverse = np.unique(forms, return_index=True, return_inverse=True)
        return first[inverse.reshape(-1)]

    # single edits

    def edit_distance(self, a: ArrayLike, b: ArrayLike) -> Integers:
        """(n,) the parent's distance: edits may lead through architectures that are no members."""
        return self.parent.edit_distance(self.check(a), self.check(b))

    def mutate(self, codes: ArrayLike, rng: np.random.Generator) -> Codes:
        """(n, L) a uniform neighbour each; where there is none another member, itself if it is the only one."""
        array = self.check(codes)
        if not len(array):
            return array.copy()
        _, first, kinds = np.unique(hashes(array), return_index=True, return_inverse=True)
        neighbors, owners = self.neighbors_of(array[first])
        counts = np.bincount(owners, minlength=len(first))[kinds.reshape(-1)]
        starts = np.searchsorted(owners, kinds.reshape(-1))
        mutants = self._others(array, rng)
        drawn = starts + (rng.random(len(array)) * counts).astype(np.int64)
        mutants[counts > 0] = neighbors[drawn[counts > 0]]
        return mutants

    def _others(self, codes: Codes, rng: np.random.Generator) -> Codes:
        """(n, L) for each of ``codes`` a uniform member that is another one, if there are two."""
        own = self._find(key_forms(self.parent, codes, self.member_key))
        drawn = rng.integers(max(len(self._members) - 1, 1), size=len(codes))
        return self._members[np.minimum(drawn + (drawn >= own), len(self._members) - 1)]

    # the operation view

    def place_operations(self, counts: ArrayLike, rng: np.random.Generator) -> Codes:
        """(L,) a uniform member that uses operation i ``counts[i]`` times, counted as the parent does.

        Raises ``InvalidArchitecture`` where no member has these counts.
        """
        wanted, k = np.asarray(counts), self.num_operations
        if wanted.shape not in ((k,), (self.num_cells, k)) or wanted.dtype.kind not in "iu" or wanted.min() < 0:
            raise InvalidArchitecture(f"{self.name}: expected {k} counts >= 0, got {counts!r}")
        in_cells = wanted.size > k or self.num_cells == 1
        hashed, rows = self._by_operations[int(in_cells)]
        if wanted.max() < 128:
            target = hashes(wanted.reshape(1, -1))[0]
            low, high = np.searchsorted(hashed, target, "left"), np.searchsorted(hashed, target, "right")
            if high > low:
                return self._members[rows[rng.integers(low, high)]].copy()
        raise InvalidArchitecture(f"{self.name}: no member uses the operations {wanted.tolist()} times")

    @cached_property
    def _by_operations(self) -> list[tuple[NDArray[np.uint64], NDArray[np.int32]]]:
        """Members in the order of their operation counts' hashes: of both cells together, and of each cell."""
        cells, k = self.num_cells, self.num_operations
        counts = np.empty((len(self._members), cells, k), dtype=np.int8)
        for start, batch in zip(range(0, len(counts), 65_536), self.batches(self._members, 65_536), strict=True):
            blocks = self._operations(batch).reshape(len(batch), cells, -1)
            for operation in range(k):
                counts[start : start + len(batch), :, operation] = (blocks == operation).sum(axis=2)
        index = []
        for view in (counts.sum(axis=1, dtype=np.int8), counts.reshape(len(counts), -1)):
            hashed = hashes(view)
            rows = np.argsort(hashed, kind="stable").astype(np.int32)
            index.append((hashed[rows], rows))
        return index

    # files

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the members to one compressed ``.npz`` without pickles."""
        state = {
            "format": FORMAT,
            "space": self.parent.name,
            "cardinalities": self.cardinalities.tolist(),
            "key": self.member_key,
            "codes": self.enumerate(),
        }
        write_atomically(Path(path), encode_state(state))

    @classmethod
    def load(cls, path: str | os.PathLike[str], parent: SearchSpace | None = None) -> ShrunkSearchSpace:
        """What ``save`` wrote.

        Args:
            path: the file.
            parent: the whole space; ``None`` takes the registered one of that name, else one of independent choices.

        Raises ``DataFileError`` for a file that is not there, damaged, or of another space.
        """
        file = Path(path)
        if not file.is_file():
            raise DataFileError(f"{file}: no such file")
        state = decode_state(file.read_bytes(), str(file))
        if state.get("format") != FORMAT or "codes" not in state:
            raise DataFileError(f"{file}: not a shrunk search space of format {FORMAT}")
        whole = space_of_manifest(state, file) if parent is None else parent.whole
        if whole.name != state["space"] or whole.cardinalities.tolist() != state["cardinalities"]:
            raise DataFileError(f"{file}: a part of {state['space']!r}, not of {whole.name!r}")
        try:
            return cls(whole, state["codes"], state["key"])
        except InvalidArchitecture as error:
            raise DataFileError(f"{file}: {error}") from error


@cache
def _class_within(parent: type[SearchSpace]) -> type[ShrunkSearchSpace]:
    """The class of shrunk spaces of a ``parent``'s kind."""
    bases = (ShrunkSearchSpace,) if parent is SearchSpace else (ShrunkSearchSpace, parent)
    return type(f"Shrunk{parent.__name__}", bases, {"__doc__": ShrunkSearchSpace.__doc__})
