import os
from pathlib import Path

import numpy as np
import pytest

from naslib_ext import benchmarks
from naslib_ext.benchmarks import Benchmark, Table, data_folders, find_table, list_tables, load_benchmark
from naslib_ext.benchmarks.table import save_table
from naslib_ext.errors import DataFileError, UnknownName
from naslib_ext.search_spaces import CategoricalSearchSpace

SPACE = CategoricalSearchSpace("mine", [3, 2])
CODES = SPACE.enumerate()


def save(folder: Path, name: str = "mine", value: float = 0, dataset: str = "here") -> Path:
    table = Table(SPACE, CODES, {f"{dataset}/val_accuracy": np.arange(6.0) + value}, [dataset])
    return save_table(table, folder, name)


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NASLIB_EXT_DATA", raising=False)


def first_value(benchmark: Benchmark) -> float:
    return float(benchmark.query(CODES[:1])[0])


def test_from_a_folder(tmp_path: Path) -> None:
    save(tmp_path)
    benchmark = load_benchmark("mine", "here", data_dir=tmp_path)
    assert benchmark.query(CODES).tolist() == list(range(6)) and benchmark.name == "mine/here"
    assert load_benchmark("mine", "here", data_dir=str(tmp_path)).optimum() == 5


def test_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path)
    monkeypatch.setenv("NASLIB_EXT_DATA", str(tmp_path))
    assert first_value(load_benchmark("mine", "here")) == 0


def test_the_order_in_which_folders_are_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, variable, carried = (tmp_path / name for name in ("given", "variable", "carried"))
    for value, folder in enumerate((given, variable, carried)):
        save(folder, value=value)
    monkeypatch.setattr(benchmarks, "CARRIED", carried)
    assert data_folders() == [carried] and first_value(load_benchmark("mine", "here")) == 2
    monkeypatch.setenv("NASLIB_EXT_DATA", str(variable))
    assert data_folders() == [variable, carried] and first_value(load_benchmark("mine", "here")) == 1
    assert data_folders(given) == [given] and first_value(load_benchmark("mine", "here", data_dir=given)) == 0


def test_the_carried_tables_stand_in_for_what_the_folder_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "carried", dataset="there")
    save(tmp_path / "variable", dataset="here")
    monkeypatch.setattr(benchmarks, "CARRIED", tmp_path / "carried")
    monkeypatch.setenv("NASLIB_EXT_DATA", str(tmp_path / "variable"))
    assert load_benchmark("mine", "there").dataset == "there"
    assert [path.parent.name for path, _ in list_tables()] == ["variable", "carried"]
    assert find_table("mine").datasets == ["here"]


def test_errors_say_where_was_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path)
    with pytest.raises(DataFileError) as refusal:
        load_benchmark("nasbench201", "cifar10", data_dir=tmp_path)
    assert str(tmp_path) in str(refusal.value) and "nasbench201" in str(refusal.value)
    with pytest.raises(UnknownName) as unknown:
        load_benchmark("mine", "elsewhere", data_dir=tmp_path)
    assert all(word in str(unknown.value) for word in (str(tmp_path), "elsewhere", "here"))
    monkeypatch.setenv("NASLIB_EXT_DATA", str(tmp_path))
    monkeypatch.setattr(benchmarks, "CARRIED", tmp_path / "carried")
    with pytest.raises(DataFileError) as both:
        load_benchmark("nasbench201", "cifar10")
    assert str(tmp_path) in str(both.value) and str(tmp_path / "carried") in str(both.value)
    assert "NASLIB_EXT_DATA" in str(both.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="nowhere"):
        load_benchmark("mine", "here", data_dir=tmp_path / "nowhere")


def test_other_files_are_passed_over(tmp_path: Path) -> None:
    save(tmp_path)
    (tmp_path / "another.npz").write_bytes(b"not a table")
    (tmp_path / "notes.txt").write_text("nothing")
    assert [path.name for path, _ in list_tables(tmp_path)] == ["mine.npz"]


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    path = save(tmp_path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataFileError, match=r"mine\.npz"):
        load_benchmark("mine", "here", data_dir=tmp_path)
    path.with_suffix(".json").write_text("{")
    with pytest.raises(DataFileError, match=r"mine\.json"):
        load_benchmark("mine", "here", data_dir=tmp_path)


def test_a_table_is_read_once_until_it_changes(tmp_path: Path) -> None:
    path = save(tmp_path)
    benchmark = load_benchmark("mine", "here", data_dir=tmp_path)
    assert load_benchmark("mine", "here", data_dir=tmp_path) is benchmark
    save(tmp_path, value=7)
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000))
    assert first_value(load_benchmark("mine", "here", data_dir=tmp_path)) == 7


def test_an_unknown_kind(tmp_path: Path) -> None:
    save(tmp_path)
    with pytest.raises(UnknownName, match="'tables'"):
        load_benchmark("mine", "here", kind="tables", data_dir=tmp_path)


def test_a_third_partys_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "their_benchmarks.py").write_text(
        "from naslib_ext.benchmarks import TabularBenchmark\n"
        "from naslib_ext.search_spaces import CategoricalSearchSpace\n"
        "def build(search_space, dataset, data_dir):\n"
        "    space = CategoricalSearchSpace(search_space, [2])\n"
        "    return TabularBenchmark(space, [[0], [1]], {'val_accuracy': [3.0, 4.0]}, dataset)\n"
    )
    info = tmp_path / "their_benchmarks-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-benchmarks\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[naslib_ext.benchmarks]\nlive = their_benchmarks:build\n")
    monkeypatch.syspath_prepend(tmp_path)
    benchmark = load_benchmark("anything", "at_all", kind="live")
    assert benchmark.name == "anything/at_all" and benchmark.optimum() == 4
