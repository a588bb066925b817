"""TransNAS-Bench-101's ``.pth``, written from the real tables."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.benchmarks.official import import_files
from naslib_ext.benchmarks.official.transnas import read
from naslib_ext.benchmarks.readers import read_npz
from naslib_ext.benchmarks.tabular import TabularBenchmark
from naslib_ext.errors import DataFileError

TASKS = ("class_scene", "class_object", "jigsaw")
FILE = "transnas-bench_v10141024.pth"


def result(metrics: dict[str, float], epochs: int = 25) -> dict[str, Any]:
    curves = {name: [value * (e + 1) / epochs for e in range(epochs - 1)] + [value] for name, value in metrics.items()}
    info = {
        "inference_time": 0.01,
        "encoder_params": 1_000_000,
        "model_params": 1_250_000,
        "model_FLOPs": 7_500_000_000,
    }
    return {
        "total_epochs": epochs,
        "metrics": {**curves, "time_elapsed": list(range(1, epochs + 1))},
        "model_info": info,
    }


def tasks(accuracies: dict[str, float]) -> dict[str, Any]:
    made = {
        task: result(
            {"train_top1": 99.0, "valid_top1": value, "valid_top5": 99.5, "valid_loss": 2.5, "test_top1": value - 1}
        )
        for task, value in accuracies.items()
    }
    return made | {
        "autoencoder": result({"valid_ssim": 0.55, "valid_l1_loss": 0.1, "test_ssim": 0.5}),
        "room_layout": result({"valid_loss": 0.6, "valid_neg_loss": -0.6}),
        "segmentsemantic": result({"valid_acc": 90.0, "valid_mIoU": 25.5}),
    }


@pytest.fixture(scope="module")
def known(tables: Path) -> dict[str, dict[str, TabularBenchmark]]:
    parts = {part: read_npz(tables / f"transbench101_{part}.npz") for part in ("micro", "macro")}
    return {part: {task: table.benchmark(task) for task in TASKS} for part, table in parts.items()}


@pytest.fixture(scope="module")
def content(known: dict[str, dict[str, TabularBenchmark]]) -> dict[str, Any]:
    data: dict[str, dict[str, Any]] = {}
    for part, benches in known.items():
        space, codes = benches["jigsaw"].space, benches["jigsaw"].codes[::101]
        values = {task: bench.query(codes) for task, bench in benches.items()}
        data[part] = {
            space.to_string(code): tasks({task: float(values[task][row]) for task in TASKS})
            for row, code in enumerate(codes)
        }
    return {"data": data, "metrics_dict": {}, "info_names": ["model_params"], "task_list": list(TASKS)}


@pytest.mark.parametrize("new_form", [True, False])
def test_round_trip(
    tmp_path: Path, content: dict[str, Any], known: dict[str, dict[str, TabularBenchmark]], new_form: bool
) -> None:
    torch.save(content, tmp_path / FILE, _use_new_zipfile_serialization=new_form)
    files = import_files("transbench101", [tmp_path / FILE], tmp_path / "data")
    assert [file.name for file in files] == ["transbench101_macro.npz", "transbench101_micro.npz"]
    for part, benches in known.items():
        for task, reference in benches.items():
            bench = load_benchmark(f"transbench101_{part}", task, data_dir=tmp_path / "data")
            assert isinstance(bench, TabularBenchmark) and len(bench.codes) == len(content["data"][part])
            np.testing.assert_allclose(bench.query(bench.codes), reference.query(bench.codes))
            np.testing.assert_allclose(bench.query(bench.codes, "test_accuracy"), reference.query(bench.codes) - 1)
            assert set(bench.cost(bench.codes)) == {25.0}
            assert set(bench.free["params"](bench.codes)) == {1.25} and set(bench.free["flops"](bench.codes)) == {
                7500.0
            }


def test_tasks_that_are_no_classification(tmp_path: Path, content: dict[str, Any]) -> None:
    """Their measures keep their own names and directions: an SSIM and a negative loss go up, a loss goes down."""
    torch.save(content, tmp_path / FILE)
    table = next(table for table in read([tmp_path / FILE]) if table.space.name == "transbench101_micro")
    bench = table.benchmark("autoencoder")
    assert {"val_ssim", "test_ssim", "val_l1_loss"} <= set(bench.metrics()) and bench.test_metric(
        "val_ssim"
    ) == "test_ssim"
    assert set(bench.score(bench.codes, "val_ssim")) == {0.55} and set(bench.score(bench.codes, "val_l1_loss")) == {
        -0.1
    }
    bench = table.benchmark("room_layout")
    assert set(bench.score(bench.codes, "val_neg_loss")) == set(bench.score(bench.codes, "val_loss")) == {-0.6}
    assert set(table.benchmark("segmentsemantic").metrics()) >= {"val_acc", "val_mIoU"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("data"), "not TransNAS-Bench-101"),
        (lambda c: c["data"]["micro"].update({"64-41414-9_99_999": {}}), "not an architecture"),
        (lambda c: c["data"]["micro"].update({"64-41414-0_01_012": {"jigsaw": None}}), "architecture 64-41414-0_01"),
        (lambda c: c["data"]["macro"].update({"64-1144-basic": {"jigsaw": {"metrics": {"valid_top1": ["x"]}}}}),
         "architecture 64-1144-basic"),
    ],
)  # fmt: skip
def test_bad_content_is_named(tmp_path: Path, change: Any, message: str) -> None:
    content = {"data": {"micro": {"64-41414-1_23_012": tasks({"jigsaw": 90.0})},
                        "macro": {"64-4111-basic": tasks({"jigsaw": 90.0})}}}  # fmt: skip
    change(content)
    torch.save(content, tmp_path / FILE)
    with pytest.raises(DataFileError, match=rf"{FILE}.*{message}"):
        read([tmp_path / FILE])
