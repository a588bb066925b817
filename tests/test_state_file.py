"""States of plain values and arrays through bytes."""

import io
import json
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_np

from naslib_ext.errors import DataFileError
from naslib_ext.state_file import decode_state, encode_state

QUIET = settings(deadline=None, derandomize=True, database=None)

ARRAYS = st_np.arrays(
    st.sampled_from(["int8", "int64", "uint8", "float32", "float64", "bool", "S3", "U2"]),
    st_np.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
STATES = st.dictionaries(
    st.text(),
    st.recursive(
        PLAIN | ARRAYS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=12,
    ),
    max_size=5,
)


def assert_same(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert list(one) == list(other)
        for name in one:
            assert_same(one[name], other[name])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for first, second in zip(one, other, strict=True):
            assert_same(first, second)
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    else:
        assert one == other


@given(state=STATES)
@QUIET
def test_round_trip(state: dict[str, Any]) -> None:
    data = encode_state(state)
    assert_same(decode_state(data), state)
    assert encode_state(state) == data
    assert encode_state(decode_state(data)) == data


def test_special_numbers_live_in_arrays() -> None:
    array = np.array([np.nan, np.inf, -np.inf])
    np.testing.assert_array_equal(decode_state(encode_state({"x": array}))["x"], array)
    assert np.isneginf(decode_state(encode_state({"x": np.float64(-np.inf)}))["x"])
    with pytest.raises(ValueError):
        encode_state({"x": float("nan")})


def test_tuples_come_back_as_lists_and_scalars_as_arrays() -> None:
    state = decode_state(encode_state({"pair": (1, np.int8(2))}))
    assert state["pair"][0] == 1 and state["pair"][1].shape == () and state["pair"][1].dtype == np.int8


def test_dicts_that_look_like_the_files_own() -> None:
    state = {"array": "a0", "dict": {"list": [{"array": np.arange(3)}]}, "list": [], "tree": np.zeros(2), "a0": 1}
    assert_same(decode_state(encode_state(state)), state)


def test_arrays_of_any_layout() -> None:
    array = np.arange(24).reshape(4, 6)
    state = {"turned": np.asfortranarray(array), "part": array[::2, ::3], "back": array[::-1]}
    loaded = decode_state(encode_state(state))
    for name, values in state.items():
        np.testing.assert_array_equal(loaded[name], values)


def test_the_bytes_hold_no_time() -> None:
    with zipfile.ZipFile(io.BytesIO(encode_state({"x": np.zeros(3), "y": "text"}))) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object(), 1j, np.array([{}], dtype=object)])
def test_other_values_are_refused(value: object) -> None:
    with pytest.raises(TypeError):
        encode_state({"x": value})


STATE = encode_state({"seed": 3, "codes": np.arange(60).reshape(10, 6), "method": {"queue": [1, 2, 3]}})


@given(kept=st.integers(0, len(STATE) - 1))
@QUIET
def test_a_truncated_state_is_refused(kept: int) -> None:
    with pytest.raises(DataFileError, match="checkpoint is damaged"):
        decode_state(STATE[:kept], "checkpoint")


@given(place=st.integers(0, len(STATE) - 1), bits=st.integers(1, 255))
@QUIET
def test_flipped_bits_are_refused_or_harmless(place: int, bits: int) -> None:
    """Some bytes of a zip file mean nothing; no flip may change a value without notice."""
    data = bytearray(STATE)
    data[place] ^= bits
    try:
        state = decode_state(bytes(data), "checkpoint")
    except DataFileError:
        return
    assert_same(state, decode_state(STATE))


@pytest.mark.parametrize("data", [b"", b"nonsense", b"PK\x03\x04", b"\x93NUMPY\x01\x00"])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(DataFileError, match="state is damaged"):
        decode_state(data)


def other_archive(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def text(tree: Any) -> np.ndarray:
    return np.frombuffer(json.dumps(tree).encode(), dtype=np.uint8)


@pytest.mark.parametrize(
    "data",
    [
        other_archive(codes=np.zeros(3)),
        other_archive(tree=np.array([{}], dtype=object)),
        other_archive(tree=text({"dict": {"x": {"array": "a0"}}}), a0=np.array([{}], dtype=object)),
        other_archive(tree=text({"dict": {"x": {"array": "a0"}}})),
        other_archive(tree=text({"x": 1, "y": 2})),
        other_archive(tree=text(3)),
        other_archive(tree=text({"list": []})),
        other_archive(tree=np.frombuffer(b"{", dtype=np.uint8)),
    ],
)
def test_other_archives_are_refused(data: bytes) -> None:
    with pytest.raises(DataFileError):
        decode_state(data)
