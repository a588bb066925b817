"""NAS-Bench-Suite-Zero's JSON files, written from the real tables."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.benchmarks.official import KINDS, import_files
from naslib_ext.benchmarks.official.suite_zero import read
from naslib_ext.benchmarks.readers import read_npz
from naslib_ext.benchmarks.tabular import TabularBenchmark
from naslib_ext.cli import main
from naslib_ext.cli.data import OFFICIAL
from naslib_ext.errors import DataFileError

FILES = {
    "nasbench201": ("nasbench201", 200, 401),
    "nasbench101": ("nasbench101_20k", 108, 401),
    "nasbench301": ("nasbench301_12k", None, 13),
    "transbench101_micro": ("transbench101_micro", None, 101),
    "transbench101_macro": ("transbench101_macro", None, 101),
}
PROXIES = ("zen", "synflow", "fisher", "epe_nas", "nwot", "params", "flops")


def spec_text(space: Any, code: np.ndarray) -> str:
    """NASLib's tuple as text, which is the key of the file."""
    return str(space.to_spec(code))


def write(folder: Path, name: str, benches: dict[str, TabularBenchmark], epochs: int | None, step: int) -> Path:
    content: dict[str, dict[str, Any]] = {}
    for dataset, bench in benches.items():
        codes = bench.codes[bench.holds(bench.codes, "val_accuracy", epochs)][::step]
        archs: dict[str, Any] = {spec_text(bench.space, code): {} for code in codes}
        for proxy in [proxy for proxy in PROXIES if proxy in bench.metrics()]:
            factor = 1e6 if proxy in ("params", "flops") else 1.0
            for code, entry, known in zip(codes, archs.values(), bench.holds(codes, proxy), strict=True):
                if known:
                    entry[proxy] = {"score": factor * bench.query(code[None], proxy)[0], "time": 0.5}
        for entry, value in zip(archs.values(), bench.query(codes, "val_accuracy", epochs), strict=True):
            entry["val_accuracy"] = value
        content[dataset] = archs
    path = folder / f"zc_{name}.json"
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("name", FILES)
def test_round_trip(tables: Path, tmp_path: Path, name: str) -> None:
    file, epochs, step = FILES[name]
    table = read_npz(tables / f"{file}.npz")
    benches = {dataset: table.benchmark(dataset) for dataset in table.datasets}
    import_files("suite_zero", [write(tmp_path, name, benches, epochs, step)], tmp_path / "data")
    for dataset, known in benches.items():
        bench = load_benchmark(name, dataset, data_dir=tmp_path / "data")
        assert isinstance(bench, TabularBenchmark) and bench.metrics()["val_accuracy"] == [epochs]
        rows = bench.codes[bench.holds(bench.codes, "val_accuracy")]
        np.testing.assert_allclose(bench.query(rows), known.query(rows, "val_accuracy", epochs))
        for proxy in set(PROXIES) & set(known.metrics()):
            rows = bench.codes[bench.holds(bench.codes, proxy)] if proxy in bench.metrics() else bench.codes[:0]
            assert len(rows) == known.holds(bench.codes, proxy).sum()
            if len(rows):
                np.testing.assert_allclose(bench.query(rows, proxy), known.query(rows, proxy))
        if known.holds(bench.codes, "params").all():
            assert 0.01 < bench.free["params"](bench.codes).max() < 60, "in millions"


def test_it_adds_to_a_table_that_is_there(tables: Path, tmp_path: Path) -> None:
    """Scores of one import, accuracies of another: one table, no value lost."""
    table = read_npz(tables / "nasbench201.npz")
    benches = {dataset: table.benchmark(dataset) for dataset in ("cifar10", "cifar100")}
    for dataset, bench in benches.items():
        path = write(tmp_path, "nasbench201", {dataset: bench}, 200, 999)
        assert main(["data", "--data-dir", str(tmp_path / "data"), "import", "suite_zero", str(path)]) == 0
    for dataset, known in benches.items():
        bench = load_benchmark("nasbench201", dataset, data_dir=tmp_path / "data")
        assert isinstance(bench, TabularBenchmark)
        np.testing.assert_allclose(bench.query(bench.codes, "zen"), known.query(bench.codes, "zen"))


def test_a_foreign_file_is_not_overwritten(tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench = read_npz(tables / "transbench101_micro.npz").benchmark("jigsaw")
    path = write(tmp_path, "transbench101_micro", {"jigsaw": bench}, None, 999)
    there = tmp_path / "transbench101_micro.npz"
    there.write_bytes(b"somebody's")
    assert main(["data", "--data-dir", str(tmp_path), "import", "suite_zero", str(path)]) == 1
    assert "no manifest" in capsys.readouterr().err and there.read_bytes() == b"somebody's"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("zc_nasbench201.json", "{", "cut short"),
        ("zc_nasbench201.json", "[]", "data set"),
        ("zc_nasbench201.json", '{"cifar10": {"(1, 2)": {"val_accuracy": 1}}}', "cifar10"),
        (
            "zc_nasbench201.json",
            '{"cifar10": {"(4, 0, 3, 1, 4, 3)": {"zen": "high"}}}',
            r"architecture \(4, 0, 3, 1, 4, 3\)",
        ),
        ("zc_nasbench201.json", '{"cifar10": {"(4, 0, 3, 1, 4, 3)": 7}}', "architecture"),
        ("zc_nasbench201.json", '{"cifar10": {}}', "no measured value"),
        ("zc_nasbench301.json", '{"cifar10": {"((1, 2), (3, 4))": {"zen": {"score": 1}}}}', "cifar10"),
        ("scores.json", "{}", "zc_<space>"),
    ],
)
def test_bad_content_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(DataFileError, match=rf"{name}.*{message}"):
        read([path])


def test_the_command_knows_every_kind() -> None:
    assert tuple(KINDS) == OFFICIAL


def test_no_folder_is_guessed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("NASLIB_EXT_DATA", raising=False)
    assert main(["data", "import", "suite_zero", "zc_nasbench201.json"]) == 1
    assert "--data-dir" in capsys.readouterr().err
