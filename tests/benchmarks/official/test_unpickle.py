"""Reading foreign pickles: what is plain comes back, everything else is refused and nothing of it runs."""

import collections
import io
import pickle
import pickletools
import random
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from naslib_ext.benchmarks.official.plain_values import Array, Record, Tensor, number, plain
from naslib_ext.benchmarks.official.unpickle import load
from naslib_ext.cli import main
from naslib_ext.errors import DataFileError

PLAIN: list[Any] = [
    None, True, 3, -(2**70), 2.5, "text", "\u00e9\u4e2d", b"bytes", (1, 2), (), [], {}, [1, [2.5, None]],
    {"a": {1: (2, "x")}, ("k", 7): [0.5] * 300}, collections.OrderedDict([(0, 1.5), (1, 2.5)]),
]  # fmt: skip


def written(tmp_path: Path, data: bytes, name: str = "file.pickle") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def keep_all(_: dict[Any, Any]) -> bool:
    return False


def entry_is_complete(items: dict[Any, Any]) -> bool:
    return "curve" in items


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("hook", [None, keep_all])
def test_plain_values_come_back(tmp_path: Path, protocol: int, hook: Any) -> None:
    path = written(tmp_path, pickle.dumps(PLAIN, protocol))
    assert load(path, hook) == PLAIN
    shared = [1, 2]
    assert load(written(tmp_path, pickle.dumps({"a": shared, "b": shared, "s": {3}}, protocol)), hook) == {
        "a": [1, 2],
        "b": [1, 2],
        "s": {3},
    }


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize(
    "values",
    [np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3)), np.array(["ab", "c"]),
     np.zeros((0, 7), dtype=np.int8), np.array([True, False])],
)  # fmt: skip
def test_numpy_arrays_and_scalars(tmp_path: Path, protocol: int, values: np.ndarray) -> None:
    content = load(written(tmp_path, pickle.dumps({"a": values, "n": np.float64(0.25), "i": np.int32(-3)}, protocol)))
    assert isinstance(content["a"], Array)
    np.testing.assert_array_equal(content["a"].values, values)
    assert (content["n"], content["i"]) == (0.25, -3) and plain(content["a"]) == values.tolist()


@pytest.mark.parametrize("new_form", [True, False])
def test_torch_files(tmp_path: Path, new_form: bool) -> None:
    path = tmp_path / "file.pth"
    weights = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    content = {
        "acc": torch.tensor(91.5),
        "w": weights,
        "row": weights[1],
        "turned": weights.T,
        "big": torch.zeros(100_000),
        "n": [1, 2.5],
    }
    torch.save(content, path, _use_new_zipfile_serialization=new_form)
    read = load(path)
    assert read["n"] == [1, 2.5] and number(read["acc"]) == 91.5
    assert isinstance(read["w"], Tensor)
    np.testing.assert_array_equal(read["w"].values, weights.numpy())
    np.testing.assert_array_equal(read["row"].values, weights[1].numpy())
    with pytest.raises(ValueError, match="not contiguous"):
        _ = read["turned"].values
    with pytest.raises(ValueError, match="reshape"):
        _ = read["big"].values  # trained weights are skipped


def test_numbers() -> None:
    assert np.isnan(number(None)) and number(3) == 3 and number(True) == 1
    for value in ("91.5", [1.0], {}, Record()):
        with pytest.raises(TypeError, match="expected a number"):
            number(value)


# what asks for more than plain values


class Runs:
    """Pickled as a call of a function, as hostile files do it."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def command(mark: Path) -> str:
    return f"touch {mark}"


def hostile(mark: Path) -> dict[str, bytes]:
    import builtins
    import os
    import subprocess

    text = command(mark).encode()
    files = {
        "system": pickle.dumps(Runs(os.system, command(mark))),
        "system in a dict": pickle.dumps({"arch2infos": {0: Runs(os.system, command(mark))}, "meta_archs": []}, 2),
        "eval": pickle.dumps(Runs(builtins.eval, f"__import__('os').system('{command(mark)}')"), 0),
        "getattr": pickle.dumps(Runs(builtins.getattr, [], "append")),
        "popen": pickle.dumps(Runs(subprocess.Popen, ["touch", str(mark)])),
        "inst": b"(S'" + text + b"'\nios\nsystem\n.",
        "obj": b"(cos\nsystem\nS'" + text + b"'\no.",
        "dotted": b"\x80\x04\x8c\x0ccollections\x8c\x1cOrderedDict.__class__.__base__\x93.",
        "own class": b"\x80\x02cnaslib_ext.benchmarks.official.unpickle\nload\n.",
        "numpy loader": b"cnumpy\nload\n(S'x'\ntR.",
        "torch loader": b"ctorch\nload\n(S'x'\ntR.",
        "extension": b"\x80\x02\x82\x01.",
        "objects": pickle.dumps(np.array([{}, []], dtype=object)),
    }
    return files


NAMES = list(hostile(Path("mark")))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("hook", [None, keep_all])
def test_hostile_pickles_are_refused_and_run_nothing(tmp_path: Path, name: str, hook: Any) -> None:
    mark = tmp_path / "ran"
    path = written(tmp_path, hostile(mark)[name])
    with pytest.raises(DataFileError, match=r"file\.pickle"):
        load(path, hook)
    assert not mark.exists()


@pytest.mark.parametrize("name", ["system", "eval", "popen", "inst"])
def test_they_would_run_without_the_refusal(tmp_path: Path, name: str) -> None:
    """The files are real: the ordinary unpickler runs them."""
    mark = tmp_path / "ran"
    process = pickle.loads(hostile(mark)[name])
    if hasattr(process, "wait"):
        process.wait()
    assert mark.exists()


@pytest.mark.parametrize("new_form", [True, False])
def test_a_hostile_torch_file(tmp_path: Path, new_form: bool) -> None:
    import os

    mark, path = tmp_path / "ran", tmp_path / "bench.pth"
    torch.save({"data": Runs(os.system, command(mark))}, path, _use_new_zipfile_serialization=new_form)
    with pytest.raises(DataFileError, match=r"bench\.pth.*system.*no plain value"):
        load(path)
    assert not mark.exists()


@pytest.mark.parametrize("kind", ["nasbench101", "nasbench201", "natsbench", "nasbench301", "transbench101"])
def test_the_command_refuses_it(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    mark = tmp_path / "ran"
    path = written(tmp_path, hostile(mark)["system in a dict"])
    assert main(["data", "--data-dir", str(tmp_path / "data"), "import", kind, str(path)]) == 1
    message = capsys.readouterr().err
    assert "file.pickle" in message and "system" in message and message.count("\n") == 1
    assert not mark.exists() and not (tmp_path / "data").exists()


def test_known_classes_are_inert_records(tmp_path: Path) -> None:
    data = b"\x80\x02cnas_201_api.api_utils\nResultsCount\n)\x81}X\x04\x00\x00\x00seedK\x07sb."
    record = load(written(tmp_path, data))
    assert isinstance(record, Record) and record.attributes == {"seed": 7}
    with pytest.raises(DataFileError, match="ResultsCount"):
        load(written(tmp_path, data.replace(b"nas_201_api.api_utils", b"somebody_else.utils__")))


# damage


def test_a_file_cut_short_is_named(tmp_path: Path) -> None:
    whole = pickle.dumps({"a": list(range(200)), "b": {"curve": [0.5] * 100}})
    for kept in range(0, len(whole), 37):
        path = written(tmp_path, whole[:kept])
        for hook in (None, entry_is_complete):
            with pytest.raises(DataFileError, match=r"file\.pickle near byte .*damaged or cut short"):
                load(path, hook)


@pytest.mark.parametrize("hook", [None, entry_is_complete])
def test_random_damage_raises_nothing_else(tmp_path: Path, hook: Any) -> None:
    draw = random.Random(0)
    buffer = io.BytesIO()
    torch.save({"m": {"curve": [1.5, 2.5]}, "t": torch.ones(3)}, buffer, _use_new_zipfile_serialization=False)
    content = [{"curve": (1.5, i), "x": np.arange(3), "name": f"n{i}"} for i in range(20)]
    for whole in (pickle.dumps(content, 2), pickle.dumps(content, 4), buffer.getvalue()):
        for _ in range(150):
            data = bytearray(whole)
            for _ in range(draw.randint(1, 4)):
                data[draw.randrange(len(data))] = draw.randrange(256)
            with suppress(DataFileError):
                load(written(tmp_path, bytes(data)), hook)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"nowhere\.pth: no such file"):
        load(tmp_path / "nowhere.pth")
    with pytest.raises(DataFileError, match="damaged"):
        load(written(tmp_path, b"BZh91AY&SY and then nothing", "file.pickle.pbz2"))
    with zipfile.ZipFile(tmp_path / "file.pth", "w") as archive:
        archive.writestr("readme.txt", "no model")
    with pytest.raises(DataFileError, match=r"file\.pth.*not from torch\.save"):
        load(tmp_path / "file.pth")


# streams


@pytest.mark.parametrize("protocol", range(6))
def test_a_stream_gives_what_the_whole_gives(tmp_path: Path, protocol: int) -> None:
    entries = {i: {"name": f"arch {i}", "curve": {f"x@{e}": e / 7 for e in range(30)}, "s": [i]} for i in range(50)}
    path = written(tmp_path, pickle.dumps({"entries": entries}, protocol))
    assert load(path, entry_is_complete) == load(path) == {"entries": entries}


def test_a_stream_shrinks_entries_as_it_goes(tmp_path: Path) -> None:
    entries = {i: {"curve": {f"x@{e}": float(e) for e in range(30)}} for i in range(50)}
    seen = []

    def shrink(items: dict[Any, Any]) -> bool:
        if "curve" in items:
            seen.append(len(items["curve"]))
            items["curve"] = items["curve"]["x@29"]
        return "curve" in items

    assert load(written(tmp_path, pickle.dumps(entries)), shrink) == {i: {"curve": 29.0} for i in range(50)}
    assert seen == [30] * 50


@pytest.mark.parametrize("protocol", [2, 4])
def test_entries_that_share_parts_are_read_in_whole(tmp_path: Path, protocol: int) -> None:
    shared = {"x@0": 1.5}
    entries = {i: {"curve": shared, "i": i} for i in range(3)}
    data = pickle.dumps(entries, protocol)
    assert any(code.name.endswith("GET") for code, _, _ in pickletools.genops(data))
    assert load(written(tmp_path, data), entry_is_complete) == entries
