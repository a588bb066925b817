import math

import pytest

from naslib_ext.errors import ConfigError
from naslib_ext.experiments.executors import execute


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
