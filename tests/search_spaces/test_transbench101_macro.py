from pathlib import Path

import numpy as np
import pytest

from naslib_ext.errors import InvalidArchitecture
from naslib_ext.search_spaces.transbench101_macro import TransBench101MacroSearchSpace
from naslib_ext.testing.search_space import SearchSpaceContract


class TestContract(SearchSpaceContract):
    @pytest.fixture
    def space(self) -> TransBench101MacroSearchSpace:
        return TransBench101MacroSearchSpace()


@pytest.fixture(scope="module")
def space() -> TransBench101MacroSearchSpace:
    return TransBench101MacroSearchSpace()


def test_exactly_the_tables_codes_are_valid(space: TransBench101MacroSearchSpace, tables: Path) -> None:
    with np.load(tables / "transbench101_macro.npz") as table:
        codes, lengths = table["codes"], table["length"]
    assert len(codes) == space.size == 3_256
    assert set(space.keys(codes)) == set(space.keys(space.enumerate()))
    np.testing.assert_array_equal((space.operations(codes) >= 0).sum(axis=1), lengths)


def test_edit_distance_is_the_shortest_path(space: TransBench101MacroSearchSpace) -> None:
    codes = space.enumerate()
    place = {key: row for row, key in enumerate(space.keys(codes))}
    neighbors, owners = space.neighbors_of(codes)
    adjacent = np.array([place[key] for key in space.keys(neighbors)])
    first_edits = np.searchsorted(owners, np.arange(len(codes)))
    shortest = np.full((len(codes), len(codes)), -1, dtype=np.int8)
    reached = np.packbits(np.eye(len(codes), dtype=bool), axis=1)  # a row's bits are the codes within some edits of it
    for steps in range(7):
        within = np.unpackbits(reached, axis=1, count=len(codes)).astype(bool)
        shortest[within & (shortest < 0)] = steps
        reached |= np.bitwise_or.reduceat(reached[adjacent], first_edits, axis=0)
    assert shortest.min() == 0, "the graph is connected"
    differing = sum((codes[:, None, position] != codes[None, :, position]).astype(np.int8) for position in range(6))
    detours = np.argwhere(shortest != differing)
    assert len(detours) == 2_246
    for row in range(0, len(codes), 80):
        distances = space.edit_distance(np.broadcast_to(codes[row], codes.shape), codes)
        np.testing.assert_array_equal(distances, shortest[row])
    a, b = detours.T
    np.testing.assert_array_equal(space.edit_distance(codes[a], codes[b]), shortest[a, b])


def test_sampling_is_naslibs(space: TransBench101MacroSearchSpace) -> None:
    codes = space.sample(30_000, np.random.default_rng(0))
    for values, low, high in (
        ((codes > 0).sum(axis=1), 4, 6),
        ((codes >= 3).sum(axis=1), 1, 4),
        (((codes == 2) | (codes == 4)).sum(axis=1), 1, 3),
    ):
        shares = np.bincount(values, minlength=high + 1)[low:] / len(codes)
        np.testing.assert_allclose(shares, 1 / (high - low + 1), atol=0.015)
    short = codes[codes[:, 4] == 0]
    np.testing.assert_allclose((short[:, :4] >= 3).mean(axis=0), 2.5 / 4, atol=0.02)


@pytest.mark.parametrize(
    ("text", "code"), [("64-1234-basic", [1, 2, 3, 4, 0, 0]), ("64-421313-basic", [4, 2, 1, 3, 1, 3])]
)
def test_strings(space: TransBench101MacroSearchSpace, text: str, code: list[int]) -> None:
    assert space.from_string(text).tolist() == code
    assert space.to_string(np.array(code)) == text
    assert space.from_spec([digit for digit in code if digit]).tolist() == code


@pytest.mark.parametrize("digits", ["111", "1111", "1111111", "1235", "120340"])
def test_bad_strings_are_refused(space: TransBench101MacroSearchSpace, digits: str) -> None:
    with pytest.raises(InvalidArchitecture):
        space.from_string(f"64-{digits}-basic")


@pytest.mark.parametrize("counts", [[4, 0, 0, 0], [0, 4, 0, 0], [0, 0, 5, 1], [1, 1, 1, 0], [2, 2, 2, 1]])
def test_counts_that_break_the_rule_are_refused(space: TransBench101MacroSearchSpace, counts: list[int]) -> None:
    with pytest.raises(InvalidArchitecture):
        space.place_operations(counts, np.random.default_rng(0))
