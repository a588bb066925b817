"""The index of a table against a plain dict."""

from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_np

from naslib_ext.benchmarks import row_index
from naslib_ext.benchmarks.row_index import RowIndex
from naslib_ext.search_spaces import Codes, get_search_space

QUIET = settings(deadline=None, derandomize=True, database=None)


@st.composite
def tables(draw: st.DrawFn, positions: int = 6) -> tuple[list[int], Codes, Codes]:
    """(cardinalities, distinct rows, queries with any int8 values); some queries are rows."""
    cardinalities = draw(st.lists(st.integers(1, 6), min_size=1, max_size=positions))
    code = st.tuples(*(st.integers(0, size - 1) for size in cardinalities))
    rows = draw(st.lists(code, max_size=30, unique=True))
    anything = draw(st_np.arrays(np.int8, (draw(st.integers(0, 20)), len(cardinalities))))
    inside = draw(st.lists(code, max_size=20))
    codes = np.array(rows, dtype=np.int8).reshape(-1, len(cardinalities))
    queries = np.concatenate([anything, np.array(inside, dtype=np.int8).reshape(-1, len(cardinalities)), codes[::-1]])
    return cardinalities, codes, queries


def expected(codes: Codes, queries: Codes) -> list[int]:
    places = {tuple(code): row for row, code in enumerate(codes.tolist())}
    return [places.get(tuple(query), -1) for query in queries.tolist()]


@pytest.mark.parametrize("direct", [True, False])
@given(table=tables())
@QUIET
def test_both_kinds_agree_with_a_dict(direct: bool, table: tuple[list[int], Codes, Codes]) -> None:
    cardinalities, codes, queries = table
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_index, "DIRECT", 1 << 24 if direct else 0)
        index = RowIndex(codes, np.array(cardinalities))
    assert not index.has_duplicates
    assert index.find(queries).tolist() == expected(codes, queries)
    assert index.find(np.asfortranarray(queries)).tolist() == expected(codes, queries)
    assert index.find(queries[::2]).tolist() == expected(codes, queries[::2])


@given(seed=st.integers(0, 2**32 - 1))
@QUIET
def test_a_large_space(seed: int) -> None:
    """NAS-Bench-301 is hashed: near misses of rows are not rows."""
    space = get_search_space("nasbench301")
    rng = np.random.default_rng(seed)
    codes = np.unique(space.sample(200, rng), axis=0)
    queries = np.concatenate([codes, space.mutate(codes, rng), space.sample(50, rng)])
    index = RowIndex(codes, space.cardinalities)
    assert index.find(queries).tolist() == expected(codes, queries)


@pytest.mark.parametrize("cardinalities", [[2] * 24, [16] * 6, [127, 127, 127, 8], [4096 // 64, 4, 64, 64, 16]])
def test_the_largest_direct_spaces_are_exact(cardinalities: list[int]) -> None:
    assert prod(cardinalities) <= row_index.DIRECT
    rng = np.random.default_rng(0)
    codes = rng.integers(0, cardinalities, size=(3_000, len(cardinalities))).astype(np.int8)
    codes = np.unique(np.concatenate([codes, np.array([cardinalities], dtype=np.int8) - 1]), axis=0)
    codes = rng.permutation(codes)
    queries = np.concatenate([codes, rng.integers(0, cardinalities, size=(3_000, len(cardinalities))).astype(np.int8)])
    assert RowIndex(codes, np.array(cardinalities)).find(queries).tolist() == expected(codes, queries)


def test_equal_hashes_are_not_equal_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_index, "DIRECT", 0)
    codes = np.array([[0, 3], [2, 2], [3, 3]], dtype=np.int8)
    index = RowIndex(codes, np.array([4, 4]))
    index._factors = np.ones(2, dtype=np.int64)  # now only the sum counts
    index._hashes, index._order = codes.sum(axis=1), np.arange(3)
    queries = np.stack(np.unravel_index(np.arange(16), (4, 4)), axis=1).astype(np.int8)
    assert index.find(queries).tolist() == expected(codes, queries)


def test_values_out_of_range_never_alias() -> None:
    cardinalities = [3, 4, 5]
    codes = np.stack(np.unravel_index(np.arange(60), cardinalities), axis=1).astype(np.int8)
    index = RowIndex(codes, np.array(cardinalities))
    everything = np.stack(np.meshgrid(*[np.arange(-128, 128, 3)] * 3), axis=-1).reshape(-1, 3).astype(np.int8)
    assert index.find(everything).tolist() == expected(codes, everything)


@pytest.mark.parametrize("direct", [True, False])
def test_duplicates_are_found_out(direct: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_index, "DIRECT", 1 << 24 if direct else 0)
    codes = np.array([[0, 1], [1, 1], [0, 1]], dtype=np.int8)
    assert RowIndex(codes, np.array([2, 2])).has_duplicates
    assert not RowIndex(codes[:2], np.array([2, 2])).has_duplicates


@pytest.mark.parametrize("direct", [True, False])
def test_an_empty_table(direct: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_index, "DIRECT", 1 << 24 if direct else 0)
    index = RowIndex(np.empty((0, 2), dtype=np.int8), np.array([2, 2]))
    assert index.find(np.zeros((3, 2), dtype=np.int8)).tolist() == [-1] * 3
    assert not index.has_duplicates
