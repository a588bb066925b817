"""On a real cluster of two nodes. What is run in workers is nested: Ray sends such functions by value."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from naslib_ext.defaults.run_folder import Record, RunFolder
from naslib_ext.errors import ConfigError, MissingDependency
from naslib_ext.experiments import compare as compare_module
from naslib_ext.experiments.compare import Comparison, Job, compare
from naslib_ext.experiments.executors import execute

RESULTS = ("summary.json", "runs.csv", "curves.csv")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a cluster of two nodes with one core each."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'naslib_ext[ray]'")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    yield cluster.address
    cluster.shutdown()


@pytest.mark.slow
def test_order_retries_and_failures(address: str, tmp_path: Path) -> None:
    def job(number: int) -> int:
        note = tmp_path / str(number)
        tries = len(note.read_text()) if note.exists() else 0
        note.write_text("x" * (tries + 1))
        if number == 4 or (number == 1 and tries == 0):
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 6:
            raise ZeroDivisionError
        return number * number

    results = execute(
        job, range(8), "ray", chunk=2, address=address, failed=lambda job, error: type(error).__name__
    )  # fmt: skip
    assert list(results) == [0, 1, 4, 9, "WorkerDied", 25, "ZeroDivisionError", 49]
    assert (tmp_path / "1").read_text() == "xx"


@pytest.mark.slow
def test_a_killed_worker_changes_no_byte_of_a_comparison(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"search_space": "nasbench201", "dataset": "digits", "search": {"epochs": 40}}
    methods = ("rs", "re", "ls")
    compare(Comparison(methods, 4, str(tmp_path / "serial"), values), "serial")
    whole, marker, nodes = compare_module.run, tmp_path / "killed", tmp_path / "nodes"
    nodes.mkdir()

    def both_at_work() -> None:
        """Keeps a job waiting until each node has one, else the first may be through before the second has started."""
        end = time.monotonic() + 120
        while len(list(nodes.iterdir())) < 2 and time.monotonic() < end:
            time.sleep(0.05)

    def killed_in_the_middle(comparison: Comparison, job: Job) -> Any:
        import ray

        (nodes / ray.get_runtime_context().get_node_id()).touch()
        both_at_work()
        append = RunFolder.append

        def append_and_die(self: RunFolder, record: Record) -> None:
            append(self, record)
            if job == Job("re", 1) and record.query == 20 and not marker.exists():
                marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)

        RunFolder.append = append_and_die  # type: ignore[method-assign]
        try:
            return whole(comparison, job)
        finally:
            RunFolder.append = append  # type: ignore[method-assign]

    monkeypatch.setattr(compare_module, "run", killed_in_the_middle)
    compare(Comparison(methods, 4, str(tmp_path / "ray"), values), "ray", address=address)
    assert marker.exists()
    assert len(list(nodes.iterdir())) == 2
    for name in RESULTS:
        assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "serial" / name).read_bytes()
    for journal in (tmp_path / "serial").rglob("journal.jsonl"):
        twin = tmp_path / "ray" / journal.relative_to(tmp_path / "serial")
        assert twin.read_bytes() == journal.read_bytes()


def test_without_ray_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependency, match=r"naslib_ext\[ray\]"):
        list(execute(abs, [1], "ray"))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1"])
def test_a_cluster_that_is_not_there_is_said_at_once(address: str) -> None:
    pytest.importorskip("ray")
    with pytest.raises(ConfigError, match=r"no Ray cluster at '.*127\.0\.0\.1:1'"):
        list(execute(abs, [1], "ray", address=address))
