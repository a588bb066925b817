"""Single evaluations spread over workers: a batch that was asked for, or the trainings of a live benchmark."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.benchmarks import Benchmark
from naslib_ext.errors import NaslibExtError, WorkerDied
from naslib_ext.experiments.executors import execute
from naslib_ext.search_spaces import Codes

logger = logging.getLogger(__name__)


def evaluate(
    load: Callable[[], Benchmark], codes: ArrayLike, metric: str = "val_accuracy", epoch: int | None = None,
    executor: str = "process", workers: int | None = None, address: str | None = None,
) -> NDArray[np.float64]:  # fmt: skip
    """(n,) values of architectures ``codes`` (n, L), NaN for those whose evaluation raises or kills its workers.

    Args:
        load: makes the benchmark in each worker, as ``partial(load_benchmark, "nasbench201", "digits")``.
        codes: distinct architectures; tell an optimizer NaN as it is, it knows a failed evaluation by that.
        metric, epoch: as ``Benchmark.query`` takes them.
        executor, workers, address: as ``execute`` takes them.

    Raises ``NaslibExtError`` for what is wrong with the question: an invalid code, a metric that is not there.
    """
    rows = list(load().space.check(codes))
    function = partial(_value, load, metric, epoch)
    values = execute(function, rows, executor, workers, chunk=1, address=address, failed=_failed)
    return np.fromiter(values, dtype=np.float64, count=len(rows))


def _value(load: Callable[[], Benchmark], metric: str, epoch: int | None, code: Codes) -> float:
    return float(load().query(code[None], metric, epoch)[0])


def _failed(code: Codes, error: Exception) -> float:
    if isinstance(error, NaslibExtError) and not isinstance(error, WorkerDied):
        raise error
    logger.warning("the evaluation of %s failed: %s: %s", code.tolist(), type(error).__name__, error)
    return float("nan")
