"""Where independent jobs run. Results come back in the order of the jobs, whatever finishes first."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from naslib_ext.errors import ConfigError

Job = TypeVar("Job")
Result = TypeVar("Result")

EXECUTORS = ("serial", "process")


def execute(
    function: Callable[[Job], Result], jobs: Sequence[Job], executor: str = "process", workers: int | None = None,
    chunk: int = 16,
) -> Iterator[Result]:  # fmt: skip
    """``function`` of every job, in order.

    Args:
        function: a module-level function; it and the jobs must be picklable for ``"process"``.
        jobs: its arguments.
        executor: ``"serial"`` or ``"process"``.
        workers: number of processes; ``None`` takes one a core. Each computes on one thread.
        chunk: jobs that a process takes at a time at most: one of long jobs, many of short ones.

    Raises ``ConfigError`` for an unknown executor, and whatever a job raises.
    """
    if executor not in EXECUTORS:
        raise ConfigError(f"unknown executor {executor!r}; known: {', '.join(EXECUTORS)}")
    count = min(workers or os.cpu_count() or 1, len(jobs))
    if executor == "serial" or count <= 1:
        yield from map(function, jobs)
        return
    # spawned, not forked: forking a process whose numerical libraries hold threads can hang
    context = multiprocessing.get_context("spawn")
    with _single_threaded(), ProcessPoolExecutor(count, mp_context=context) as pool:
        yield from pool.map(function, jobs, chunksize=max(1, min(chunk, len(jobs) // (4 * count))))


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Children started within get one thread for their linear algebra: they share the cores already."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = before or "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
