"""Table files: written, read back, and refused by name when anything is wrong with them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from naslib_ext.benchmarks.table import Table, load_table, read_arrays, read_manifest, save_table, sha256
from naslib_ext.errors import DataFileError, UnknownName
from naslib_ext.search_spaces import CategoricalSearchSpace, get_search_space

SPACE = CategoricalSearchSpace("mine", [3, 2, 4])
CODES = SPACE.enumerate()
COLUMNS = {
    "here/val_accuracy@4": np.linspace(0, 1, 24, dtype=np.float32),
    "here/val_accuracy@12": np.linspace(1, 2, 24),
    "here/zen": np.array([np.nan, *range(23)]),
    "there/val_loss": np.arange(24),
    "latency_ms/pixel3": np.ones(24),
}


def made_up() -> Table:
    return Table(
        SPACE, CODES, dict(COLUMNS), ["here", "there"], maximize={"zen": False}, source="a paper", licence="MIT"
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save_table(made_up(), tmp_path, "table")


def manifest_of(path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
    return manifest


def write_manifest(path: Path, manifest: Any) -> None:
    path.with_suffix(".json").write_text(json.dumps(manifest))


def test_round_trip(path: Path) -> None:
    table, loaded = made_up(), load_table(path)
    np.testing.assert_array_equal(loaded.codes, table.codes)
    assert loaded.codes.dtype == np.int8 and set(loaded.columns) == set(COLUMNS)
    for name, values in COLUMNS.items():
        np.testing.assert_array_equal(loaded.columns[name], values)
        assert loaded.columns[name].dtype == values.dtype
    for name in ("datasets", "key", "source", "licence"):
        assert getattr(loaded, name) == getattr(table, name)
    assert loaded.space.name == "mine" and loaded.space.cardinalities.tolist() == [3, 2, 4]
    for dataset in table.datasets:
        ours, theirs = table.benchmark(dataset), loaded.benchmark(dataset)
        assert ours.metrics() == theirs.metrics()
        assert all(ours.direction(metric) == theirs.direction(metric) for metric in ours.metrics())


def test_a_table_of_a_known_space(tmp_path: Path) -> None:
    space = get_search_space("nasbench101")
    codes = space.sample(50, np.random.default_rng(0))
    codes = np.unique(space.canonical(codes), axis=0)
    table = Table(space, codes, {"cifar10/val_accuracy": np.arange(len(codes))}, ["cifar10"], "canonical")
    path = save_table(table, tmp_path)
    assert path.name == "nasbench101.npz" and manifest_of(path)["space"] == "nasbench101"
    loaded = load_table(path)
    assert loaded.space is space and loaded.benchmark("cifar10").key == "canonical"


def test_the_manifest_says_what_is_in_it(path: Path) -> None:
    manifest = read_manifest(path.with_suffix(".json"))
    assert manifest == manifest_of(path)
    assert manifest["rows"] == 24 and manifest["sha256"] == sha256(path)
    assert manifest["metrics"]["val_accuracy"] == {"unit": "%", "maximize": True}
    assert manifest["metrics"]["zen"]["maximize"] is False and manifest["metrics"]["val_loss"]["maximize"] is False
    assert set(manifest["metrics"]) == {"val_accuracy", "zen", "val_loss", "latency_ms/pixel3"}


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = (save_table(made_up(), tmp_path / name, "table") for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()
    assert one.with_suffix(".json").read_bytes() == other.with_suffix(".json").read_bytes()
    assert sorted(file.name for file in one.parent.iterdir()) == ["table.json", "table.npz"]


def test_benchmarks_of_its_data_sets(path: Path) -> None:
    table = load_table(path)
    assert set(table.benchmark("here").metrics()) == {"val_accuracy", "zen", "latency_ms/pixel3"}
    assert table.benchmark("here").metrics()["val_accuracy"] == [4, 12]
    assert set(table.benchmark("there").metrics()) == {"val_loss", "latency_ms/pixel3"}
    assert table.benchmark("here") is table.benchmark("here")
    with pytest.raises(UnknownName, match="'there'"):
        table.benchmark("ther")


# damage


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def other_values(path: Path) -> None:
    np.savez(path, codes=CODES, **COLUMNS | {"there/val_loss": np.zeros(24)})


def not_an_npz(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 this is not an npz file")


def pickled(path: Path) -> None:
    np.savez(path, codes=CODES, **{"here/val_accuracy": np.array([{"a": 1}] * 24, dtype=object)})


def absent(path: Path) -> None:
    path.unlink()


DAMAGES = [cut_short, flipped, other_values, not_an_npz, pickled, absent]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found_out(path: Path, damage: Callable[[Path], None]) -> None:
    damage(path)
    with pytest.raises(DataFileError, match=r"table\.npz"):
        load_table(path)


@pytest.mark.parametrize("damage", [cut_short, flipped, not_an_npz, pickled, absent])
def test_damage_is_found_out_without_a_manifest(path: Path, damage: Callable[[Path], None]) -> None:
    damage(path)
    with pytest.raises(DataFileError, match=r"table\.npz"):
        read_arrays(path)


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"codes": CODES[:-1]},
        {"codes": CODES[:, :-1]},
        {"codes": CODES.ravel()},
        {"codes": CODES.astype(float)},
        {"codes": CODES + 1},
        {"codes": CODES.astype(np.int64) + 256},
        {"codes": CODES, "here/val_accuracy": np.zeros(23)},
        {"codes": CODES, "here/val_accuracy": np.zeros((24, 1))},
        {"codes": CODES, "here/val_accuracy": np.full(24, "text")},
        {"codes": CODES, "here/val_accuracy@best": np.zeros(24)},
        {"codes": CODES, "here/val_accuracy": np.array([{}] * 24, dtype=object)},
    ],
    ids=lambda arrays: " ".join(f"{name}{values.shape}{values.dtype}" for name, values in arrays.items()) or "nothing",
)
def test_arrays_that_do_not_fit_are_refused(path: Path, arrays: dict[str, Any]) -> None:
    np.savez(path, **arrays)
    write_manifest(path, manifest_of(path) | {"sha256": sha256(path)})
    with pytest.raises(DataFileError, match=r"table\.npz"):
        load_table(path)


@pytest.mark.parametrize(
    "edit",
    [
        {"sha256": "0" * 64},
        {"rows": 23},
        {"rows": "all"},
        {"cardinalities": [3, 2]},
        {"cardinalities": [3, 2, 3]},
        {"cardinalities": [3, 2, 1000]},
        {"cardinalities": "3 2 4"},
        {"space": "nasbench201"},
        {"space": ["mine"]},
        {"key": "colour"},
        {"metrics": ["val_accuracy"]},
        {"metrics": {"val_accuracy": {"unit": "%"}}},
        {"metrics": {"val_accuracy": {"unit": "%", "maximize": "yes"}}},
        {"datasets": "here"},
        {"datasets": [1]},
        {"format": 2},
    ],
    ids=str,
)
def test_an_edited_manifest_is_found_out(path: Path, edit: dict[str, Any]) -> None:
    write_manifest(path, manifest_of(path) | edit)
    with pytest.raises(DataFileError, match=r"table\.(json|npz)"):
        load_table(path)


@pytest.mark.parametrize("field", ["format", "space", "key", "datasets", "rows", "metrics", "sha256", "cardinalities"])
def test_a_manifest_that_lacks_something_is_refused(path: Path, field: str) -> None:
    write_manifest(path, {name: value for name, value in manifest_of(path).items() if name != field})
    with pytest.raises(DataFileError, match=rf"table\.json.*{field}"):
        load_table(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '"format"', "\x00", "null"])
def test_a_manifest_that_is_none_is_refused(path: Path, text: str) -> None:
    path.with_suffix(".json").write_text(text)
    with pytest.raises(DataFileError, match=r"table\.json"):
        load_table(path)


def test_bytes_that_are_no_text_are_refused(path: Path) -> None:
    path.with_suffix(".json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataFileError, match=r"table\.json"):
        load_table(path)


def test_no_manifest_is_refused(path: Path) -> None:
    path.with_suffix(".json").unlink()
    with pytest.raises(DataFileError, match=r"table\.json"):
        load_table(path)
