"""NAS-Bench-101's tfrecord and NASLib's pickle, written from the real table."""

import base64
import json
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.benchmarks.official import import_files
from naslib_ext.benchmarks.official.nasbench101 import masked_crc, parse_metrics, read
from naslib_ext.benchmarks.readers import read_npz
from naslib_ext.benchmarks.tabular import TabularBenchmark
from naslib_ext.errors import DataFileError
from naslib_ext.search_spaces.nasbench101 import VERTEX_NAMES

ROWS = range(0, 20_000, 97)
EPOCHS = (4, 12, 36, 108)
SHIFTS = (-0.01, 0.0, 0.01)
"""What the three runs of a cell differ by."""

Entry = tuple[str, np.ndarray, list[str], int, dict[int, float], float]


@pytest.fixture(scope="module")
def entries(tables: Path) -> list[Entry]:
    """Hash, adjacency, operations, parameters, validation accuracies in percent by schedule, training seconds."""
    with np.load(tables / "nasbench101_20k.npz") as arrays:
        data = {name: arrays[name] for name in arrays.files}
    made = []
    for row in ROWS:
        n = int((data["ops"][row] >= 0).sum())
        accuracies = {epochs: float(data[f"cifar10/val_accuracy@{epochs}"][row]) for epochs in EPOCHS}
        operations = [VERTEX_NAMES[op] for op in data["ops"][row][:n]]
        made.append(
            (data["hash"][row].decode(), data["adjacency"][row][:n, :n], operations,
             int(data["cifar10/params"][row]), accuracies, float(data["cifar10/train_time_s"][row]))
        )  # fmt: skip
    return made


# the protocol buffer and the records, by hand


def varint(value: int) -> bytes:
    data = b""
    while value > 127:
        data += bytes([value & 127 | 128])
        value >>= 7
    return data + bytes([value])


def field(number: int, kind: int, data: bytes) -> bytes:
    return varint(number << 3 | kind) + (varint(len(data)) if kind == 2 else b"") + data


def evaluation(epoch: float, seconds: float, accuracies: tuple[float, float, float]) -> bytes:
    values = enumerate((epoch, seconds, *accuracies), start=1)
    return b"".join(field(i, 1, struct.pack("<d", value)) for i, value in values) + field(6, 2, b"/model.ckpt-7")


def metrics(epochs: int, parameters: int, seconds: float, accuracy: float) -> bytes:
    shares = ((0.0, 0.1), (0.5, 0.4), (1.0, accuracy))
    runs = [evaluation(epochs * s, seconds * s, (min(1.0, a + 0.01), a, a - 0.02)) for s, a in shares]
    return (
        b"".join(field(1, 2, run) for run in runs) + field(2, 0, varint(parameters)) + field(3, 1, struct.pack("<d", 9))
    )


def record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc(length)) + data + struct.pack("<I", masked_crc(data))


def rows(entries: list[Entry], epochs: tuple[int, ...] = EPOCHS) -> list[list[Any]]:
    return [
        [name, e, "".join(map(str, matrix.ravel())), ",".join(operations),
         base64.b64encode(metrics(e, parameters, seconds * e / 108, accuracies[e] / 100 + shift)).decode()]
        for name, matrix, operations, parameters, accuracies, seconds in entries
        for e in epochs
        for shift in SHIFTS
    ]  # fmt: skip


def write_records(path: Path, entries: list[Entry], epochs: tuple[int, ...] = EPOCHS) -> Path:
    path.write_bytes(b"".join(record(json.dumps(row).encode()) for row in rows(entries, epochs)))
    return path


def test_checksum_of_the_standard() -> None:
    """RFC 3720, B.4: the CRC-32C of 32 zero bytes is aa36918a (bytes in order), and of 32 bytes 0xff is 43aba862."""
    for data, crc in ((bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43)):
        assert masked_crc(data) == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_metrics_by_googles_own_encoder() -> None:
    protobuf = pytest.importorskip("google.protobuf", reason="pip install protobuf")
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    assert protobuf
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="model_metrics.proto", package="nasbench", syntax="proto2")
    data = file.message_type.add(name="EvaluationData")
    names = ("current_epoch", "training_time", "train_accuracy", "validation_accuracy", "test_accuracy")
    for i, name in enumerate(names, start=1):
        data.field.add(name=name, number=i, type=kinds.TYPE_DOUBLE, label=kinds.LABEL_OPTIONAL)
    data.field.add(name="checkpoint_path", number=6, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
    model = file.message_type.add(name="ModelMetrics")
    model.field.add(
        name="evaluation_data", number=1, type=kinds.TYPE_MESSAGE, label=kinds.LABEL_REPEATED,
        type_name=".nasbench.EvaluationData",
    )  # fmt: skip
    model.field.add(name="trainable_parameters", number=2, type=kinds.TYPE_INT32, label=kinds.LABEL_OPTIONAL)
    model.field.add(name="total_time", number=3, type=kinds.TYPE_DOUBLE, label=kinds.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    make = message_factory.GetMessageClass(pool.FindMessageTypeByName("nasbench.ModelMetrics"))
    message = make(trainable_parameters=49_979_274, total_time=12.5)
    for epoch in (0.0, 54.0, 108.0):
        message.evaluation_data.add(
            current_epoch=epoch, training_time=10 * epoch, train_accuracy=1.0, validation_accuracy=0.9 + epoch / 10_000,
            test_accuracy=0.75, checkpoint_path="x",
        )  # fmt: skip
    assert parse_metrics(message.SerializeToString()) == (49_979_274, [1080.0, 1.0, 0.9 + 108.0 / 10_000, 0.75])


# round trips


def check(bench: Any, known: TabularBenchmark, entries: list[Entry], schedules: list[int], test: float) -> None:
    assert isinstance(bench, TabularBenchmark) and bench.key == "canonical" and len(bench.codes) == len(entries)
    assert bench.metrics()["val_accuracy"] == schedules
    for epochs in schedules:
        expected = known.query(bench.codes, "val_accuracy", epochs)
        np.testing.assert_allclose(bench.query(bench.codes, "val_accuracy", epochs), expected, atol=1e-6)
        np.testing.assert_allclose(bench.query(bench.codes, "test_accuracy", epochs), expected + test, atol=1e-6)
    np.testing.assert_allclose(bench.free["params"](bench.codes), known.query(bench.codes, "params"))
    np.testing.assert_allclose(bench.cost(bench.codes), known.cost(bench.codes))


@pytest.fixture(scope="module")
def known(tables: Path) -> TabularBenchmark:
    return read_npz(tables / "nasbench101_20k.npz").benchmark("cifar10")


@pytest.mark.parametrize(
    ("name", "epochs"), [("nasbench_only108.tfrecord", (108,)), ("nasbench_full.tfrecord", EPOCHS)]
)
def test_tfrecord(
    tmp_path: Path, entries: list[Entry], known: TabularBenchmark, name: str, epochs: tuple[int, ...]
) -> None:
    import_files("nasbench101", [write_records(tmp_path / name, entries, epochs)], tmp_path)
    check(load_benchmark("nasbench101", "cifar10", data_dir=tmp_path), known, entries, list(epochs), -2.0)


def naslib_content(entries: list[Entry]) -> dict[str, Any]:
    """What NASLib's ``nasbench_only108.pkl`` holds."""
    return {
        name: [
            {"module_adjacency": matrix, "module_operations": operations, "trainable_parameters": parameters},
            {
                108: [
                    {
                        f"{stage}_{metric}": value
                        for stage, share in (("halfway", 0.5), ("final", 1.0))
                        for metric, value in (
                            ("training_time", seconds * share),
                            ("train_accuracy", min(1.0, share * (accuracies[108] / 100 + shift) + 0.01)),
                            ("validation_accuracy", share * (accuracies[108] / 100 + shift)),
                            ("test_accuracy", share * (accuracies[108] / 100 + shift - 0.03)),
                        )
                    }
                    for shift in SHIFTS
                ]
            },
        ]
        for name, matrix, operations, parameters, accuracies, seconds in entries
    }


@pytest.mark.parametrize("protocol", [2, 4, None])
def test_naslib_pickle_and_json(
    tmp_path: Path, entries: list[Entry], known: TabularBenchmark, protocol: int | None
) -> None:
    content = naslib_content(entries)
    path = tmp_path / ("nasbench_only108.pkl" if protocol else "nasbench_only108.json")
    if protocol:
        path.write_bytes(pickle.dumps(content, protocol))
    else:
        path.write_text(json.dumps(content, default=lambda array: array.tolist()))
    check(read([path])[0].benchmark("cifar10"), known, entries, [108], -3.0)


def test_files_add_up(tmp_path: Path, entries: list[Entry]) -> None:
    """Two files with other cells and other schedules make one table; what is not in them is missing."""
    half = len(entries) // 2
    first = write_records(tmp_path / "first.tfrecord", entries[:half], (4, 108))
    second = write_records(tmp_path / "second.tfrecord", entries[half - 1 :], (108,))
    bench = read([first, second])[0].benchmark("cifar10")
    assert len(bench.codes) == len(entries)
    assert bench.holds(bench.codes, "val_accuracy", 4).sum() == half and bench.holds(bench.codes, "val_accuracy").all()


# files that are not as they should be


@pytest.mark.parametrize("cut", [1, 3, 200])
def test_a_tfrecord_cut_short(tmp_path: Path, entries: list[Entry], cut: int) -> None:
    path = write_records(tmp_path / "nasbench.tfrecord", entries[:2], (108,))
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(DataFileError, match=r"nasbench\.tfrecord: byte \d.*cut short"):
        read([path])


def test_a_damaged_length(tmp_path: Path, entries: list[Entry]) -> None:
    path = write_records(tmp_path / "nasbench.tfrecord", entries[:2], (108,))
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(DataFileError, match=r"nasbench\.tfrecord: byte 0: damaged"):
        read([path])


GOOD = base64.b64encode(metrics(108, 5, 1.0, 0.9)).decode()


@pytest.mark.parametrize(
    "row",
    [
        b"not json",
        b'["hash", 108]',
        json.dumps(["h", 108, "0100", "input,conv9x9", GOOD]).encode(),
        json.dumps(["h", 108, "010", "input,output", GOOD]).encode(),
        json.dumps(["h", 108, "0100", "input,output", GOOD[:-9]]).encode(),
        json.dumps(["h", 108, "0100", "input,output", "####"]).encode(),
        json.dumps(["h", 108, "0100", "input,output", ""]).encode(),
        json.dumps(["h", 108, None, "input,output", GOOD]).encode(),
    ],
)
def test_a_bad_record_is_named(tmp_path: Path, row: bytes) -> None:
    path = tmp_path / "nasbench.tfrecord"
    good = json.dumps(["h0", 108, "0100", "input,output", GOOD]).encode()
    path.write_bytes(record(good) + record(row))
    with pytest.raises(DataFileError, match=rf"nasbench\.tfrecord: record at byte {len(record(good)):,}: "):
        read([path])


def test_a_bad_cell_is_named(tmp_path: Path, entries: list[Entry]) -> None:
    content = naslib_content(entries[:3])
    name = list(content)[1]
    del content[name][0]["trainable_parameters"]
    path = tmp_path / "nasbench_only108.pkl"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(DataFileError, match=rf"nasbench_only108\.pkl: cell {name}: .*trainable_parameters"):
        read([path])
    for text in ("[]", "{", "{}"):
        path.write_text(text)
        with pytest.raises(DataFileError, match=r"nasbench_only108\.pkl"):
            read([path])


def test_cells_outside_the_space_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "nasbench.tfrecord"
    path.write_bytes(record(json.dumps(["h", 108, "0000", "input,output", GOOD]).encode()))
    with pytest.raises(DataFileError, match=r"nasbench\.tfrecord: nasbench101: row 0"):
        read([path])
