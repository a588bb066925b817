"""NAS-Bench-201, NATS-Bench, NAS-Bench-360 and NASLib's pickles: the real format, written from the real table."""

import bz2
import pickle
import tracemalloc
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.benchmarks.official import import_files
from naslib_ext.benchmarks.official.nats import read
from naslib_ext.benchmarks.readers import read_npz
from naslib_ext.benchmarks.tabular import TabularBenchmark
from naslib_ext.cli import main
from naslib_ext.errors import DataFileError
from naslib_ext.search_spaces import get_search_space

SPACE = get_search_space("nasbench201")
SEEDS = (777, 888, 999)
DATASETS = {
    "cifar10-valid": ("x-valid", "ori-test"),
    "cifar10": ("ori-test",),
    "cifar100": ("x-valid", "x-test", "ori-test"),
    "ImageNet16-120": ("x-valid", "x-test", "ori-test"),
}
LAST = {"x-valid": 1.0, "x-test": 2.0, "ori-test": 3.0}
ROWS = 5


def run(arch: str, dataset: str, seed: int, epochs: int, accuracies: dict[str, float]) -> dict[str, Any]:
    """The state of a run with linear curves that end at ``accuracies``; seeds differ by what cancels in the mean."""
    shift = {777: -0.5, 888: 0.0, 999: 0.5}[seed]
    keys = {name: [f"{name}@{epoch}" for epoch in range(epochs)] for name in accuracies}
    shares = np.arange(1, epochs + 1) / epochs
    return {
        "name": dataset,
        "net_state_dict": None,
        "train_acc1es": OrderedDict((e, 99.0 * s + shift) for e, s in enumerate(shares.tolist())),
        "train_acc5es": OrderedDict((e, 100.0) for e in range(epochs)),
        "train_losses": OrderedDict((e, 2.0 - s + shift) for e, s in enumerate(shares.tolist())),
        "train_times": OrderedDict((e, 0.25) for e in range(epochs)),
        "arch_config": {"channel": 16, "num_cells": 5, "arch_str": arch, "class_num": 10},
        "params": 1.25,
        "flop": 33.5,
        "seed": seed,
        "epochs": epochs,
        "latency": [0.02, 0.04],
        "eval_names": list(accuracies),
        "eval_acc1es": {
            key: accuracies[name] * share + shift
            for name, names in keys.items()
            for key, share in zip(names, shares.tolist(), strict=True)
        },
        "eval_times": {key: 0.5 for names in keys.values() for key in names},
        "eval_losses": {
            key: 3.0 - share + shift
            for names in keys.values()
            for key, share in zip(names, shares.tolist(), strict=True)
        },
    }


def results(index: int, arch: str, epochs: int, part: Any, seeds: tuple[int, ...]) -> dict[str, Any]:
    """The state of an ``ArchResults``; ``part(dataset, split)`` is the accuracy after the last epoch."""
    runs = {
        (dataset, seed): run(arch, dataset, seed, epochs, {split: part(dataset, split) for split in splits})
        for dataset, splits in DATASETS.items()
        for seed in seeds
    }
    return {
        "arch_index": index,
        "arch_str": arch,
        "all_results": runs,
        "dataset_seed": {dataset: list(seeds) for dataset in DATASETS},
        "clear_net_done": True,
    }


@pytest.fixture(scope="module")
def table(tables: Path) -> dict[str, TabularBenchmark]:
    read_table = read_npz(tables / "nasbench201.npz")
    return {dataset: read_table.benchmark(dataset) for dataset in ("cifar10", "cifar100")}


@pytest.fixture(scope="module")
def codes() -> np.ndarray:
    return np.unique(SPACE.sample(40, np.random.default_rng(3)), axis=0)[:ROWS]


@pytest.fixture(scope="module")
def content(table: dict[str, TabularBenchmark], codes: np.ndarray) -> dict[str, Any]:
    """The dict that the benchmark's files hold, with the accuracies of the real table."""
    names = {
        "cifar10-valid": ("cifar10", {"x-valid": "val_accuracy"}),
        "cifar10": ("cifar10", {"ori-test": "test_accuracy"}),
        "cifar100": ("cifar100", {"x-valid": "val_accuracy", "x-test": "test_accuracy"}),
    }
    infos = {}
    for index, code in enumerate(codes):
        schedules = {}
        for name, epochs in (("less", 12), ("full", 200)):

            def part(dataset: str, split: str, code: Any = code, epochs: int = epochs) -> float:
                known, metrics = names.get(dataset, ("", {}))
                if split not in metrics:
                    return LAST[split]
                return float(table[known].query(code[None], metrics[split], epochs)[0])

            schedules[name] = results(
                index, SPACE.to_string(code), epochs, part, SEEDS if epochs == 200 else SEEDS[1:2]
            )
        infos[index] = schedules
    archs = [SPACE.to_string(code) for code in codes]
    return {"meta_archs": archs, "arch2infos": infos, "evaluated_indexes": set(range(len(codes)))}


def nats(content: dict[str, Any]) -> dict[str, Any]:
    """The same with NATS-Bench's names of schedules."""
    infos = {i: {"12": info["less"], "200": info["full"]} for i, info in content["arch2infos"].items()}
    return content | {"arch2infos": infos}


def write(path: Path, value: Any) -> Path:
    path.parent.mkdir(exist_ok=True)
    with bz2.BZ2File(path, "wb") if path.suffix == ".pbz2" else path.open("wb") as file:
        pickle.dump(value, file, protocol=4)
    return path


def write_folder(folder: Path, content: dict[str, Any]) -> Path:
    """NATS-Bench's form for its fast mode: one file an architecture."""
    write(folder / "meta.pickle.pbz2", {"meta_archs": content["meta_archs"], "total_archs": ROWS, "arch2infos": None})
    for index, info in content["arch2infos"].items():
        write(folder / f"{index:06d}.pickle.pbz2", info)
    return folder


def save_torch(path: Path, content: dict[str, Any]) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=False)  # as in 2020
    return path


FORMS = {
    "NAS-Bench-201-v1_1-096897.pth": save_torch,
    "NATS-tss-v1_0-3ffb9.pickle.pbz2": lambda path, content: write(path, nats(content)),
    "NATS-tss-v1_0-3ffb9-simple": lambda path, content: write_folder(path, nats(content)),
}


@pytest.mark.parametrize("name", FORMS)
def test_round_trip(
    tmp_path: Path, content: dict[str, Any], table: dict[str, TabularBenchmark], codes: np.ndarray, name: str
) -> None:
    kind = "nasbench201" if name.startswith("NAS-") else "natsbench"
    import_files(kind, [FORMS[name](tmp_path / name, content)], tmp_path / "data")
    for dataset, known in table.items():
        bench = load_benchmark("nasbench201", dataset, data_dir=tmp_path / "data")
        assert isinstance(bench, TabularBenchmark) and bench.key == "code" and len(bench.codes) == ROWS
        assert bench.metrics()["val_accuracy"] == bench.metrics()["test_accuracy"] == [12, 200]
        for metric in ("val_accuracy", "test_accuracy"):
            for epochs in (12, 200):
                expected = known.query(codes, metric, epochs)
                np.testing.assert_allclose(bench.query(codes, metric, epochs), expected, atol=1e-9)
        assert set(bench.query(codes, "train_time_s", 200)) == {50.0} and set(bench.cost(codes)) == {50.0}
        assert set(bench.query(codes, "flops")) == {33.5} and set(bench.free["params"](codes)) == {1.25}
        np.testing.assert_allclose(bench.query(codes, "latency_ms"), 30)
        np.testing.assert_allclose(bench.query(codes, "val_loss", 200), 2.0)
        assert bench.direction("val_loss") == -1
    bench = load_benchmark("nasbench201", "ImageNet16-120", data_dir=tmp_path / "data")
    assert set(bench.query(codes)) == {LAST["x-valid"]} and set(bench.query(codes, "test_accuracy")) == {LAST["x-test"]}


def test_the_package_reads_the_same_numbers(content: dict[str, Any], tmp_path: Path, codes: np.ndarray) -> None:
    """The package's own classes open what these tests write, and average to the same values."""
    api = pytest.importorskip("nas_201_api", reason="pip install nas-bench-201").NASBench201API(content, verbose=False)
    path = save_torch(tmp_path / "NAS-Bench-201-v1_1-096897.pth", content)
    bench = {name: read([path])[0].benchmark(name) for name in ("cifar10", "cifar100")}
    for index, code in enumerate(codes):
        for epochs in (12, 200):
            valid = api.get_more_info(index, "cifar10-valid", None, hp=str(epochs), is_random=False)
            whole = api.get_more_info(index, "cifar10", None, hp=str(epochs), is_random=False)
            other = api.get_more_info(index, "cifar100", None, hp=str(epochs), is_random=False)
            for name, metric, value in (
                ("cifar10", "val_accuracy", valid["valid-accuracy"]),
                ("cifar10", "train_accuracy", valid["train-accuracy"]),
                ("cifar10", "train_loss", valid["train-loss"]),
                ("cifar10", "train_time_s", valid["train-all-time"]),
                ("cifar10", "test_accuracy", whole["test-accuracy"]),
                ("cifar100", "val_accuracy", other["valid-accuracy"]),
                ("cifar100", "test_accuracy", other["test-accuracy"]),
                ("cifar100", "test_loss", other["test-loss"]),
            ):
                assert bench[name].query(code[None], metric, epochs)[0] == pytest.approx(value, abs=1e-9)
        cost = api.get_cost_info(index, "cifar10-valid", hp="200")
        assert bench["cifar10"].query(code[None], "flops")[0] == cost["flops"]
        assert bench["cifar10"].query(code[None], "latency_ms")[0] == pytest.approx(1000 * cost["latency"])


@pytest.mark.parametrize("module", ["nas_201_api.api_utils", "nats_bench.api_utils"])
def test_what_the_packages_write(tmp_path: Path, content: dict[str, Any], codes: np.ndarray, module: str) -> None:
    """States, and objects pickled as they are, made by the packages' own classes."""
    package = pytest.importorskip(module, reason="pip install nas-bench-201 nats_bench")
    infos: dict[int, dict[str, Any]] = {}
    objects: dict[int, dict[str, Any]] = {}
    for index, schedules in content["arch2infos"].items():
        infos[index], objects[index] = {}, {}
        for name, state in schedules.items():
            made = package.ArchResults(index, state["arch_str"])
            for (dataset, seed), source in state["all_results"].items():
                result = package.ResultsCount(
                    dataset, None, source["train_acc1es"], source["train_losses"], source["params"], source["flop"],
                    source["arch_config"], seed, source["epochs"], None,
                )  # fmt: skip
                result.update_train_info(
                    source["train_acc1es"], source["train_acc5es"], source["train_losses"], source["train_times"]
                )
                result.update_eval(source["eval_acc1es"], source["eval_losses"], source["eval_times"])
                result.update_latency(source["latency"])
                made.update(dataset, seed, result)
            infos[index][name], objects[index][name] = made.state_dict(), made
    expected = read([write(tmp_path / "expected.pickle", content)])[0]
    for name, made_infos in (("states", infos), ("objects", objects)):
        table = read([write(tmp_path / f"{name}.pickle", content | {"arch2infos": made_infos})])[0]
        assert set(table.columns) == set(expected.columns)
        for column, values in expected.columns.items():
            np.testing.assert_allclose(table.columns[column], values)


# other data sets and spaces


def one_dataset(name: str, epochs: int, codes: np.ndarray) -> dict[str, Any]:
    """NAS-Bench-360's form: one data set, one held-out part."""
    infos = {}
    for index, code in enumerate(codes):
        state = run(SPACE.to_string(code), name, 888, epochs, {"ori-test": 0.9})
        infos[index] = {str(epochs): {"all_results": {(name, 888): state}, "dataset_seed": {name: [888]}}}
    archs = [SPACE.to_string(code) for code in codes]
    return {"meta_archs": archs, "total_archs": len(codes), "arch2infos": infos, "evaluated_indexes": {0}}


def test_nasbench360(tmp_path: Path, codes: np.ndarray) -> None:
    files = [
        write(tmp_path / "NATS-tss-v1_0-daa55.pickle.pbz2", one_dataset("ninapro", 200, codes)),
        write(tmp_path / "NATS-tss-v1_0-48858.pickle.pbz2", one_dataset("darcyflow", 12, codes)),
    ]
    import_files("nasbench360", files, tmp_path / "data")
    ninapro = load_benchmark("nasbench201", "ninapro", data_dir=tmp_path / "data")
    np.testing.assert_allclose(ninapro.query(codes, "test_accuracy", 200), 0.9)
    darcy = load_benchmark("nasbench201", "darcyflow", data_dir=tmp_path / "data")
    assert "test_accuracy" not in darcy.metrics(), "it is only 1 - loss"
    np.testing.assert_allclose(darcy.score(codes, "test_loss", 12), -2.0)


def test_the_size_space(tmp_path: Path, codes: np.ndarray) -> None:
    archs = ["8:16:64:24:32", "64:64:64:64:64"]
    values = (70.0, 71.0)
    infos = {
        i: {"90": results(i, arch, 90, lambda *_, value=value: value, SEEDS[1:2])}
        for i, (arch, value) in enumerate(zip(archs, values, strict=True))
    }
    path = write(tmp_path / "NATS-sss-v1_0-50262.pickle.pbz2", {"meta_archs": archs, "arch2infos": infos})
    import_files("natsbench", [path], tmp_path)
    bench = load_benchmark("natsbenchsize", "cifar10", data_dir=tmp_path)
    assert bench.query([[0, 1, 7, 2, 3], [7] * 5], "test_accuracy", 90).tolist() == [70.0, 71.0]


def naslib(table: TabularBenchmark, codes: np.ndarray, name: str) -> dict[str, Any]:
    """What ``nb201_<data set>_full_training.pickle`` holds."""
    accuracy = table.query(codes, "val_accuracy", 200)
    curve = [0.5] * 199
    return {
        SPACE.to_string(code): {
            name: {
                "train_acc1es": [*curve, 99.5],
                "eval_acc1es": [*curve, value],
                "train_losses": [*curve, 0.25],
                "eval_losses": [*curve, 0.75],
                "train_times": [1.5] * 200,
                "eval_times": [0.1] * 200,
                "cost_info": {"flops": 33.5, "params": 1.25, "latency": 0.03, "train_time": 1.5},
            }
        }
        for code, value in zip(codes, accuracy.tolist(), strict=True)
    }


def test_naslib_pickles_one_by_one(tmp_path: Path, table: dict[str, TabularBenchmark], codes: np.ndarray) -> None:
    """Each import adds a data set to the same table; the loader and the command line see all of them."""
    data = str(tmp_path / "data")
    for dataset, name in (("cifar10", "cifar10-valid"), ("cifar100", "cifar100")):
        path = write(tmp_path / f"nb201_{dataset}_full_training.pickle", naslib(table[dataset], codes, name))
        assert main(["data", "--data-dir", data, "import", "nasbench201", str(path)]) == 0
    assert main(["data", "--data-dir", data, "verify"]) == 0
    for dataset, known in table.items():
        bench = load_benchmark("nasbench201", dataset, data_dir=data)
        np.testing.assert_allclose(bench.query(codes), known.query(codes, "val_accuracy", 200))
        assert bench.metrics()["val_accuracy"] == [200] and "test_accuracy" not in bench.metrics()
        assert set(bench.cost(codes)) == {300.0} and set(bench.query(codes, "latency_ms")) == {30.0}
        assert set(bench.query(codes, "train_loss")) == {0.25}


def test_reading_needs_no_memory_for_the_curves(tmp_path: Path) -> None:
    """Twice the architectures, hardly more memory."""
    peaks = []
    for count in (2, 4):
        codes = np.unique(SPACE.sample(50, np.random.default_rng(1)), axis=0)[:count]
        archs = [SPACE.to_string(code) for code in codes]
        infos = {i: {"full": results(i, arch, 200, lambda *_: 50.0, SEEDS)} for i, arch in enumerate(archs)}
        path = save_torch(tmp_path / "bench.pth", {"meta_archs": archs, "arch2infos": infos})
        del infos
        tracemalloc.start()
        read([path])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < path.stat().st_size / 10


# files that are not as they should be


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("meta_archs"), "meta_archs"),
        (lambda c: c["arch2infos"].update({99: {}}), "indexes"),
        (lambda c: c["meta_archs"].__setitem__(0, "|what~0|"), "not an architecture string"),
        (lambda c: c["arch2infos"][1]["full"].pop("all_results"), "architecture .*all_results"),
        (lambda c: c["arch2infos"][1]["full"]["all_results"].update({("cifar100", 777): {"seed": 1}}), "architecture"),
        (lambda c: c["arch2infos"].update({1: None}), "architecture"),
        (lambda c: [c.pop(key) for key in list(c)] + [c.update(x=1)], "keys are x"),
    ],
)
def test_bad_content_is_named(tmp_path: Path, codes: np.ndarray, change: Any, message: str) -> None:
    archs = [SPACE.to_string(code) for code in codes[:3]]
    infos = {i: {"full": results(i, arch, 3, lambda *_: 50.0, SEEDS)} for i, arch in enumerate(archs)}
    broken: dict[str, Any] = {"meta_archs": archs, "arch2infos": infos}
    change(broken)
    with pytest.raises(DataFileError, match=rf"bench\.pickle.*{message}"):
        read([write(tmp_path / "bench.pickle", broken)])


def test_a_file_cut_short_writes_nothing(tmp_path: Path, content: dict[str, Any]) -> None:
    path = save_torch(tmp_path / "NAS-Bench-201-v1_1-096897.pth", content)
    path.write_bytes(path.read_bytes()[:-50_000])
    with pytest.raises(DataFileError, match=r"096897\.pth near byte .*cut short"):
        import_files("nasbench201", [path], tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_an_empty_folder_is_named(tmp_path: Path, content: dict[str, Any]) -> None:
    write(tmp_path / "simple" / "meta.pickle.pbz2", {"meta_archs": content["meta_archs"]})
    with pytest.raises(DataFileError, match="simple: files 0"):
        read([tmp_path / "simple"])
