"""The shared tables against the facts in their README, and the import of CSV."""

from pathlib import Path

import numpy as np
import pytest

from naslib_ext.benchmarks import TabularBenchmark, list_tables
from naslib_ext.benchmarks.readers import read_csv, read_npz, space_of_file
from naslib_ext.benchmarks.table import Table, load_table, save_table
from naslib_ext.errors import DataFileError
from naslib_ext.search_spaces import get_search_space

FILES = {
    "nasbench201": (15_625, {"cifar10", "cifar100"}),
    "transbench101_micro": (4_096, {"class_scene", "class_object", "jigsaw"}),
    "transbench101_macro": (3_256, {"class_scene", "class_object", "jigsaw"}),
    "nasbench101_20k": (20_001, {"cifar10"}),
    "nasbench301_12k": (12_439, {"cifar10"}),
    "nasbench_macro": (6_561, {"cifar10"}),
}


@pytest.fixture(scope="module")
def read(tables: Path) -> dict[str, Table]:
    return {name: read_npz(tables / f"{name}.npz") for name in FILES}


def benchmark(read: dict[str, Table], name: str, dataset: str) -> TabularBenchmark:
    return read[name].benchmark(dataset)


@pytest.mark.parametrize("name", FILES)
def test_rows_and_data_sets(read: dict[str, Table], name: str) -> None:
    rows, datasets = FILES[name]
    table = read[name]
    assert len(table.codes) == rows and set(table.datasets) == datasets
    assert table.space.is_valid(table.codes).all() and table.codes.dtype == np.int8
    assert name.startswith(table.space.name) and table.key == table.space.key
    for dataset in datasets:
        part = table.benchmark(dataset)
        assert part.is_complete == (not name.endswith("k"))
        assert len(part.codes) == rows


@pytest.mark.parametrize("name", FILES)
def test_they_can_be_written_with_a_manifest(read: dict[str, Table], name: str, tmp_path: Path) -> None:
    table, loaded = read[name], load_table(save_table(read[name], tmp_path))
    np.testing.assert_array_equal(loaded.codes, table.codes)
    assert set(loaded.columns) == set(table.columns) and loaded.space is table.space
    for column, values in table.columns.items():
        np.testing.assert_array_equal(loaded.columns[column], values)


@pytest.mark.parametrize(
    ("metric", "epoch", "cifar10", "cifar100"),
    [
        ("val_accuracy", 200, 91.57, 73.26),
        ("val_accuracy", None, 91.57, 73.26),
        ("test_accuracy", 200, 94.37, 73.51),
        ("val_accuracy", 12, 84.89, 61.32),
    ],
)
def test_best_of_nasbench201(
    read: dict[str, Table], metric: str, epoch: int | None, cifar10: float, cifar100: float
) -> None:
    for dataset, best in (("cifar10", cifar10), ("cifar100", cifar100)):
        optimum = benchmark(read, "nasbench201", dataset).optimum(metric, epoch)
        assert optimum is not None and round(optimum, 2) == best


def test_validation_and_test_differ(read: dict[str, Table]) -> None:
    """NASLib's own query returns one number for both."""
    part = benchmark(read, "nasbench201", "cifar10")
    validation, test = (part.query(part.codes, metric, 200) for metric in ("val_accuracy", "test_accuracy"))
    assert (validation != test)[test > 10.5].mean() > 0.99, "cells that learn nothing have 10 % in both"
    assert part.metrics()["val_accuracy"] == part.metrics()["test_accuracy"] == [12, 200]


def test_nasbench201_codes_are_those_of_its_strings(read: dict[str, Table], tables: Path) -> None:
    with np.load(tables / "nasbench201.npz") as arrays:
        strings, classes = arrays["arch_str"], arrays["isomorph_index"]
    table = read["nasbench201"]
    for row in range(0, len(strings), 97):
        assert table.space.to_string(table.codes[row]) == strings[row].decode()
    assert len(set(table.space.keys(table.codes, "canonical"))) == len(np.unique(classes)) == 6_466


def test_latencies_belong_to_every_data_set(read: dict[str, Table]) -> None:
    for dataset in ("cifar10", "cifar100"):
        part = benchmark(read, "nasbench201", dataset)
        assert {"latency_ms/1080ti_1", "latency_ms/fpga", "latency_ms/pixel3", "zen", "flops", "params"} <= set(
            part.free
        )
        assert "synflow" not in part.free, "measured on 1,386 rows"
        assert part.direction("latency_ms/fpga") == -1


def test_nasbench101(read: dict[str, Table], tables: Path) -> None:
    part = benchmark(read, "nasbench101_20k", "cifar10")
    assert part.key == "canonical" and part.metrics()["val_accuracy"] == [4, 12, 36, 108]
    assert part.has_cost and part.cost(part.codes[:10]).min() > 0 and part.optimum() is None
    assert len(set(part.space.keys(part.codes, "canonical"))) == 20_001
    with np.load(tables / "nasbench101_20k.npz") as arrays:
        for row in range(0, 20_001, 1_999):
            inner = arrays["ops"][row]
            n = int((inner >= 0).sum())
            spec = (*arrays["adjacency"][row][:n, :n].ravel().tolist(), *inner[:n].tolist())
            code = part.space.from_spec(spec)[None]
            assert part.query(code, "val_accuracy", 108)[0] == arrays["cifar10/val_accuracy@108"][row]
            assert part.query(code, "params")[0] == pytest.approx(arrays["cifar10/params"][row] / 1e6)


def test_nasbench301(read: dict[str, Table]) -> None:
    part = benchmark(read, "nasbench301_12k", "cifar10")
    for metric, rows in (("val_accuracy", 1_218), ("zen", 11_221)):
        assert part.holds(part.codes, metric).sum() == rows
    assert part.optimum() is None


def test_nasbench_macro(read: dict[str, Table], tables: Path) -> None:
    part = benchmark(read, "nasbench_macro", "cifar10")
    assert set(part.metrics()) == {"test_accuracy", "params", "flops"}, "single runs are left behind"
    with np.load(tables / "nasbench_macro.npz") as arrays:
        np.testing.assert_allclose(part.query(part.codes, "flops"), arrays["cifar10/flops"] / 1e6)
        np.testing.assert_allclose(
            part.query(part.codes, "test_accuracy"), arrays["cifar10/test_accuracy_runs"].mean(axis=1), atol=0.02
        )
    assert 0.1 < part.query(part.codes, "params").mean() < 10, "in millions"


def test_transbench_micro_orders_edges_by_target(read: dict[str, Table], tables: Path) -> None:
    table = read["transbench101_micro"]
    with np.load(tables / "transbench101_micro.npz") as arrays:
        np.testing.assert_array_equal(table.codes, arrays["codes"])
        row = 1_234
        digits = "".join(map(str, arrays["codes"][row]))
        code = table.space.from_string(f"64-41414-{digits[0]}_{digits[1:3]}_{digits[3:]}")
        value = table.benchmark("jigsaw").query(code[None])[0]
        assert value == arrays["jigsaw/val_accuracy"][row]


def test_only_tables_of_known_spaces_are_listed(tables: Path) -> None:
    listed = {path.stem: space for path, space in list_tables(tables)}
    assert set(listed) == set(FILES)
    for other in ("accel_nasbench_imagenet", "ofa_accuracy_predictor"):
        with pytest.raises(DataFileError, match=other):
            read_npz(tables / f"{other}.npz")


@pytest.mark.parametrize(
    ("name", "space"),
    [
        ("nasbench101_20k", "nasbench101"),
        ("nasbench101", "nasbench101"),
        ("nasbench_macro_v2", "nasbench_macro"),
        ("transbench101_micro", "transbench101_micro"),
        ("nasbench1010", None),
        ("mine", None),
        ("my_nasbench201", None),
    ],
)
def test_the_files_name_says_the_space(name: str, space: str | None) -> None:
    assert space_of_file(Path(f"/somewhere/{name}.npz")) == space


# files that are not as they should be

CODES_201 = np.random.default_rng(0).integers(0, 5, (10, 6)).astype(np.int8)


@pytest.mark.parametrize(
    ("name", "arrays"),
    [
        ("nasbench201", {}),
        ("nasbench201", {"codes": CODES_201[:, :5]}),
        ("nasbench201", {"codes": CODES_201 + 3}),
        ("nasbench201", {"codes": CODES_201.astype(np.int64) + 256}),
        ("nasbench201", {"codes": CODES_201 + 0.5}),
        ("nasbench201", {"codes": np.int8(3)}),
        ("nasbench201", {"codes": np.array([["text"] * 6])}),
        ("nasbench301", {"codes": np.zeros((3, 32), dtype=np.int8)}),
        ("nasbench301", {"codes": np.zeros((3, 2, 8, 2), dtype=np.int8)}),
        ("nasbench101", {"adjacency": np.zeros((3, 7, 7), dtype=np.int8)}),
        ("nasbench101", {"adjacency": np.zeros((3, 7, 7), dtype=np.int8), "ops": np.zeros((3, 6), dtype=np.int8)}),
        ("nasbench101", {"adjacency": np.zeros((3, 7, 7), dtype=np.int8), "ops": np.zeros((3, 7), dtype=np.int8)}),
        ("nasbench101", {"adjacency": np.int8(0), "ops": np.int8(0)}),
        ("nasbench201", {"codes": np.array([{}], dtype=object)}),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, name: str, arrays: dict[str, np.ndarray]) -> None:
    path = tmp_path / f"{name}.npz"
    np.savez(path, **arrays)
    with pytest.raises(DataFileError, match=f"{name}.npz"):
        read_npz(path)


@pytest.mark.parametrize("kept", [0, 100, 0.5, -1])
def test_a_truncated_file_is_named(tables: Path, tmp_path: Path, kept: float) -> None:
    data = (tables / "nasbench_macro.npz").read_bytes()
    path = tmp_path / "nasbench_macro.npz"
    path.write_bytes(data[: int(kept * len(data)) if isinstance(kept, float) else kept])
    with pytest.raises(DataFileError, match=r"nasbench_macro\.npz"):
        read_npz(path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"nasbench201\.npz: no such file"):
        read_npz(tmp_path / "nasbench201.npz")


# CSV


def csv(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "measured.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_csv_of_a_known_space(tmp_path: Path) -> None:
    space = get_search_space("nasbench201")
    codes = np.unique(space.sample(20, np.random.default_rng(0)), axis=0)
    lines = [f"{space.to_string(code)},{row + 0.5},{90 - row}" for row, code in enumerate(codes)]
    path = csv(tmp_path, "\n".join(["arch,val_accuracy@12, test_accuracy", *lines]))
    table = read_csv(path, space, "mine", "a paper", "MIT")
    np.testing.assert_array_equal(table.codes, codes)
    assert table.space is space and table.source == "a paper" and table.licence == "MIT"
    part = table.benchmark("mine")
    assert part.metrics() == {"test_accuracy": [None], "val_accuracy": [12]}
    assert part.query(codes[3:4]).tolist() == [3.5] and part.query(codes[3:4], "test_accuracy").tolist() == [87]


@pytest.mark.parametrize("separator", ["-", " ", "  ", ", "])
def test_csv_of_integers(tmp_path: Path, separator: str) -> None:
    codes = [[0, 2, 1], [1, 0, 0], [1, 1, 10]]
    lines = [f'"{separator.join(map(str, code))}",{row},' for row, code in enumerate(codes)]
    table = read_csv(csv(tmp_path, "\r\n".join(["arch,val_accuracy,zen", *lines]) + "\r\n"), None, "mine")
    assert table.codes.tolist() == codes
    assert table.space.name == "measured" and table.space.cardinalities.tolist() == [2, 3, 11]
    assert table.columns["mine/val_accuracy"].tolist() == [0, 1, 2]
    assert np.isnan(table.columns["mine/zen"]).all(), "an empty field is a missing value"
    loaded = load_table(save_table(table, tmp_path))
    np.testing.assert_array_equal(loaded.benchmark("mine").query(table.codes), [0, 1, 2])


HEADER = "arch,val_accuracy,zen\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (HEADER + "0-1,1,2\n0-2,1\n", 3),
        (HEADER + "0-1,1,2\n0-2,1,2,3\n", 3),
        (HEADER + "0-1,1,2\n0-2,1,high\n", 3),
        (HEADER + "0-1,1,2\n\n\n0-2,1,high\n", 5),
        (HEADER + "\n0-1,1\n", 3),
        ("arch,val_accuracy@best,zen\n0-1,1,2\n", 1),
        ("arch,zen,zen\n0-1,1,2\n", 1),
    ],
)
def test_csv_errors_say_the_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(DataFileError, match=rf"measured\.csv, line {line}: "):
        read_csv(csv(tmp_path, text), None, "mine")


@pytest.mark.parametrize("arch", ["", "1-2", "|conv~0|", "9-9-9-9-9-9", "1-1-1-1-1-" + "9" * 30])
def test_csv_names_the_line_of_a_bad_architecture(tmp_path: Path, arch: str) -> None:
    text = f"arch,val_accuracy\n1-2-3-4-0-1,1\n{arch},2\n"
    with pytest.raises(DataFileError, match=r"measured\.csv, line 3: "):
        read_csv(csv(tmp_path, text), get_search_space("nasbench201"), "mine")


@pytest.mark.parametrize(
    "text",
    ["", HEADER, "arch\n0-1\n", HEADER + "0-1,1,2\n0-1-2,1,2\n", HEADER + "a-b,1,2\n", HEADER + "0-500,1,2\n",
     HEADER + "0-" + "9" * 30 + ",1,2\n", HEADER + "\u00b2-1,1,2\n", HEADER + ",1,2\n", b"\xff\xfe\x00,\x80\n"],
)  # fmt: skip
def test_other_csv_files_are_refused(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(DataFileError, match=r"measured\.csv"):
        read_csv(csv(tmp_path, text), None, "mine")


def test_an_absent_csv_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"nothing\.csv"):
        read_csv(tmp_path / "nothing.csv", None, "mine")
