"""The speed benchmark: every topic in its quick mode, and the table in the docs. Structure only, no times."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RUNNER = ROOT / "runners" / "bench" / "runner.py"

pytestmark = pytest.mark.skipif(not RUNNER.is_file(), reason="the runners are not installed with the package")


@pytest.fixture
def bench(monkeypatch):
    """A function: the module of that name in ``runners.bench``."""
    monkeypatch.syspath_prepend(str(ROOT))
    from importlib import import_module

    return lambda name: import_module(f"runners.bench.{name}")


TOPICS = ("spaces", "tables", "encodings", "predictors", "gaussian_process", "methods", "sizes", "shrinkage", "runs")


def test_all_topics_are_tested(bench):
    assert bench("command").TOPICS == TOPICS


@pytest.mark.parametrize("topic", TOPICS)
def test_topic(bench, topic):
    result = json.loads(json.dumps(bench("command").measure(topic, quick=True)))
    assert result["title"] and result["kernel_seconds"] > 0 and result["peak_megabytes"] > 0
    names = [item["name"] for item in result["items"]]
    assert names and len(set(names)) == len(names)
    for item in result["items"]:
        assert item["seconds"] > 0 and item["kernels"] > 0
        assert item["megabytes"] is None or item["megabytes"] >= 0
        for growth in item["growth"]:
            assert len(growth["sizes"]) == len(growth["seconds"]) == 3 and math.isfinite(growth["exponent"])
        for peer in item["peers"]:
            assert (peer["ratio"] is None) == (peer["seconds"] is None) == (peer["skipped"] is not None)
    if topic == "methods":
        from naslib_ext.optimizers import list_optimizers

        assert names == [f"`{name}`, a query" for name in list_optimizers("query")]
    if topic == "predictors":
        from naslib_ext.predictors import list_predictors

        assert all(any(f"`{name}`" in found for found in names) for name in list_predictors())


def test_exponent_of_a_power_law(bench):
    growth = bench("meter").power_law("n", [10, 100, 1000], [3e-3, 3e-1, 30.0])
    assert growth.exponent == pytest.approx(2)


def test_memory_of_a_known_array(bench):
    import numpy as np

    found = bench("meter").peak_megabytes(lambda: np.ones(4_000_000))
    assert found is None or 28 < found < 40


@pytest.mark.parametrize("error", [ImportError("no such module"), TypeError("another version")])
def test_a_peer_that_fails_is_skipped_with_the_reason(bench, error):
    def peer():
        raise error

    meter = bench("meter").Meter(quick=True)
    item = meter.time("nothing", lambda: None)
    meter.compare(item, "other", peer)
    assert item.peers[0].ratio is None and str(error) in item.peers[0].skipped


def test_a_package_that_is_not_installed(bench):
    with pytest.raises(bench("meter").Missing, match="pip install no_such_package"):
        bench("peers").package("no_such_package.part")


def test_command_writes_json_and_the_table_of_the_docs(tmp_path):
    docs, results = tmp_path / "speed.md", tmp_path / "bench.json"
    docs.write_text("before\n<!-- bench: begin -->\nof before\n<!-- bench: end -->\nafter\n")
    words = [sys.executable, RUNNER, "--quick", "--topics", "encodings", "--out", results, "--docs", docs]
    subprocess.run(words, check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)
    saved = json.loads(results.read_text())
    assert saved["quick"] and list(saved["topics"]) == ["encodings"] and saved["machine"]["packages"]["numpy"]
    text = docs.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "of before" not in text
    assert all(item["name"] in text for item in saved["topics"]["encodings"]["items"])


def test_a_topic_that_fails_is_named(bench, monkeypatch, tmp_path, capsys):
    command = bench("command")
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit('out of order')")
    monkeypatch.setattr(command, "RUNNER", broken)
    monkeypatch.setattr(sys, "argv", ["runner.py", "--topics", "spaces", "--out", str(tmp_path / "bench.json")])
    assert command.main("") == 1
    assert "out of order" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["no marker", "<!-- bench: end --> <!-- bench: begin -->"])
def test_docs_without_markers_are_an_error(bench, tmp_path, text):
    (tmp_path / "speed.md").write_text(text)
    with pytest.raises(ValueError, match="bench: begin"):
        bench("report").write_docs(tmp_path / "speed.md", {})


def test_an_earlier_run_keeps_the_topics_that_are_not_measured_again(bench, monkeypatch, tmp_path):
    command, file = bench("command"), tmp_path / "bench.json"
    earlier = {
        "title": "Earlier",
        "note": "",
        "seconds": 1.0,
        "kernel_seconds": 0.01,
        "peak_megabytes": 1.0,
        "items": [],
    }
    file.write_text(json.dumps({"format": 1, "machine": command.machine(), "topics": {"runs": earlier}}))
    monkeypatch.setattr(command, "_spawn", lambda topic, quick: {**earlier, "title": topic})
    monkeypatch.setattr(sys, "argv", ["runner.py", "--read", str(file), "--topics", "sizes", "--out", str(file)])
    assert command.main("") == 0
    topics = json.loads(file.read_text())["topics"]
    assert topics["runs"] == earlier and topics["sizes"]["title"] == "sizes"
