import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from naslib_ext.errors import ConfigError, WorkerDied
from naslib_ext.experiments.executors import ATTEMPTS, execute

DIE = "__import__('os').kill(__import__('os').getpid(), 9)"
NOTE = "(lambda path, text: path.write_text((path.read_text() if path.exists() else '') + text))"


def noted(path: Path, then: str) -> str:
    """An expression that writes one more letter into a file and goes on; ``eval`` takes it in any process."""
    return f"({NOTE}(__import__('pathlib').Path({str(path)!r}), 'x'), {then})[1]"


@pytest.mark.parametrize("executor", ["serial", "process"])
def test_results_keep_the_order_of_the_jobs(executor: str) -> None:
    jobs = [50_000, 1, 2, 3, 4, 5, 6, 7]  # the first takes longest
    assert list(execute(math.factorial, jobs, executor, workers=2)) == [math.factorial(job) for job in jobs]
    assert list(execute(math.factorial, [], executor)) == []


@pytest.mark.parametrize("executor", ["serial", "process"])
def test_what_a_job_raises_comes_back(executor: str) -> None:
    results = execute(math.isqrt, [4, 9, -1, 16], executor, workers=2)
    with pytest.raises(ValueError, match="nonnegative"):
        list(results)


def test_an_unknown_executor_is_named() -> None:
    with pytest.raises(ConfigError, match="slurm"):
        list(execute(math.isqrt, [1, 2], "slurm"))
    with pytest.raises(ConfigError, match="address"):
        list(execute(math.isqrt, [1, 2], "serial", address="auto"))


def test_a_job_that_raises_every_time_fails_alone(tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    jobs = ["1", noted(tries, "1 / 0"), "3"]
    results = execute(eval, jobs, "serial", failed=lambda job, error: type(error).__name__)
    assert list(results) == [1, "ZeroDivisionError", 3]
    assert len(tries.read_text()) == ATTEMPTS


def test_a_killed_process_is_replaced(tmp_path: Path) -> None:
    once = tmp_path / "once"
    dies_once = noted(once, f"{DIE} if len(open({str(once)!r}).read()) == 1 else 7")
    jobs = [str(number) for number in range(20)]
    jobs[5] = dies_once
    results = list(execute(eval, jobs, "process", workers=2, chunk=2))
    assert results == [*range(5), 7, *range(6, 20)]
    assert len(once.read_text()) == 2


def test_a_job_that_kills_its_workers_fails_alone() -> None:
    jobs = ["0", DIE, "2", "3"]
    results = execute(eval, jobs, "process", workers=2, failed=lambda job, error: type(error))
    assert list(results) == [0, WorkerDied, 2, 3]
    with pytest.raises(WorkerDied, match="died 3 times"):
        list(execute(eval, [DIE, "1"], "process", workers=2))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc who lives")
def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    note = f"open({str(tmp_path)!r} + f'/{{__import__(\"os\").getpid()}}', 'w').close()"
    jobs = [f"({note}, __import__('time').sleep(600))"] * 2
    script = f"from naslib_ext.experiments.executors import execute\nlist(execute(eval, {jobs!r}, 'process', 2))"
    parent = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
    parent.kill()
    parent.wait()
    wait_until(lambda: not any(is_alive(int(path.name)) for path in tmp_path.iterdir()))


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("it does not happen")


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"  # a zombie waits for whoever adopted it
