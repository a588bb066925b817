import time

import pytest

from naslib_ext.errors import ConfigError
from naslib_ext.experiments.executors import execute


def slow_first(job: int) -> int:
    time.sleep(0.3 if job == 0 else 0)
    return job * job


def fail(job: int) -> int:
    if job == 3:
        raise ConfigError("three is bad")
    return job


@pytest.mark.parametrize("executor", ["serial", "process"])
def test_results_keep_the_order_of_the_jobs(executor: str) -> None:
    assert list(execute(slow_first, range(9), executor, workers=2)) == [job * job for job in range(9)]
    assert list(execute(slow_first, [], executor)) == []


@pytest.mark.parametrize("executor", ["serial", "process"])
def test_what_a_job_raises_comes_back(executor: str) -> None:
    results = execute(fail, range(5), executor, workers=2)
    with pytest.raises(ConfigError, match="three is bad"):
        list(results)


def test_an_unknown_executor_is_named() -> None:
    with pytest.raises(ConfigError, match="slurm"):
        list(execute(fail, range(2), "slurm"))
