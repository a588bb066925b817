"""Where independent jobs run: here, in processes, or on a Ray cluster. Results come in the order of the jobs.

Neither the number of workers nor what finishes first changes a result. A worker that dies, killed or out of memory, is
replaced and its jobs run again; a job that kills every worker it gets, or raises every time, fails alone.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import wait as wait_for
from threading import Thread
from typing import Any, NamedTuple, TypeVar

from naslib_ext.errors import ConfigError, NaslibExtError, WorkerDied

Job = TypeVar("Job")
Result = TypeVar("Result")

EXECUTORS = ("serial", "process", "ray")
ATTEMPTS = 3
"""How often a job is tried that raises or whose worker dies. Errors of this package are the user's: tried once."""


class Outcome(NamedTuple):
    """What became of a job: its result, or the error of the last attempt."""

    result: Any
    error: Exception | None


Outcomes = list[Outcome]
Batch = Callable[[Sequence[Any]], Outcomes]


def execute(
    function: Callable[[Job], Result], jobs: Sequence[Job], executor: str = "process", workers: int | None = None,
    chunk: int = 16, address: str | None = None, failed: Callable[[Job, Exception], Result] | None = None,
) -> Iterator[Result]:  # fmt: skip
    """``function`` of every job, in order.

    Args:
        function: a module-level function; it and the jobs must be picklable for ``"process"`` and ``"ray"``. It may
            run more than once for a job.
        jobs: its arguments.
        executor: ``"serial"``, ``"process"`` or ``"ray"``.
        workers: jobs at a time; ``None`` takes one a core. Each computes on one thread.
        chunk: jobs that a worker takes at a time at most: one of long jobs, many of short ones.
        address: of a Ray cluster, ``"auto"`` for the one that this machine belongs to; ``None`` starts one here.
        failed: gives the result of a job that failed ``ATTEMPTS`` times from the job and its error; ``None`` raises.

    Raises ``ConfigError`` for an unknown executor, ``WorkerDied`` for a job that kills its workers, what a job raises,
    and ``MissingDependency`` where Ray is not installed.
    """
    if executor not in EXECUTORS:
        raise ConfigError(f"unknown executor {executor!r}; known: {', '.join(EXECUTORS)}")
    if address is not None and executor != "ray":
        raise ConfigError(f"executor {executor!r} takes no address {address!r}; that is for 'ray'")
    batch = partial(attempt, function)
    outcomes = _run(batch, jobs, executor, workers, chunk, address) if jobs else iter(())
    for job, outcome in zip(jobs, outcomes, strict=True):
        if outcome.error is None:
            yield outcome.result
        elif failed is None:
            raise outcome.error
        else:
            yield failed(job, outcome.error)


def _run(
    batch: Batch, jobs: Sequence[Any], executor: str, workers: int | None, chunk: int, address: str | None
) -> Iterator[Outcome]:
    if executor == "ray":
        from naslib_ext.experiments.ray_executor import ray_outcomes

        return ray_outcomes(batch, jobs, workers, chunk, address)
    count = min(workers or os.cpu_count() or 1, len(jobs))
    if executor == "serial" or count <= 1:
        return (batch([job])[0] for job in jobs)
    return _process_outcomes(batch, jobs, count, chunk)


def attempt(function: Callable[[Any], Any], jobs: Sequence[Any]) -> Outcomes:
    """The outcomes of jobs, one after the other, each tried up to ``ATTEMPTS`` times; runs in the worker."""
    return [_attempt(function, job) for job in jobs]


def _attempt(function: Callable[[Any], Any], job: Any) -> Outcome:
    for last in [False] * (ATTEMPTS - 1) + [True]:
        try:
            return Outcome(function(job), None)
        except Exception as error:
            if last or isinstance(error, NaslibExtError):
                return Outcome(None, _portable(error))
    raise AssertionError


def _portable(error: Exception) -> Exception:
    """The error where it survives the way to another process, else one that names it."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def batches(jobs: Sequence[Job], workers: int, chunk: int) -> list[Sequence[Job]]:
    """The jobs in runs of equal length, short enough that every worker gets several."""
    length = max(1, min(chunk, len(jobs) // (4 * workers)))
    return [jobs[start : start + length] for start in range(0, len(jobs), length)]


# processes


def _process_outcomes(batch: Batch, jobs: Sequence[Any], workers: int, chunk: int) -> Iterator[Outcome]:
    """Pools of processes, a new one after a worker died; then what was in work runs alone, to find who did it."""
    parts = batches(jobs, workers, chunk)
    todo, done = list(range(len(parts))), dict[int, Outcomes]()
    position = 0
    while position < len(parts):
        suspects: list[int] = []
        for index, outcomes in _one_pool(batch, parts, todo, workers):
            if outcomes is None:
                suspects.append(index)
                continue
            done[index] = outcomes
            while position in done:
                yield from done.pop(position)
                position += 1
        for index in suspects:
            done[index] = [_alone(batch, job) for job in parts[index]]
        while position in done:
            yield from done.pop(position)
            position += 1


def _one_pool(
    batch: Batch, parts: list[Sequence[Any]], todo: list[int], workers: int
) -> Iterator[tuple[int, Outcomes | None]]:
    """Takes parts from ``todo`` until it is empty or a worker dies; then ``None`` for the parts that were in work.

    No more parts are handed out than there are workers, so that few are suspected.
    """
    with _pool(workers) as pool:
        running: dict[Future[Outcomes], int] = {}
        while todo or running:
            broken = _fill(pool, running, batch, parts, todo, workers)
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                error = future.exception()
                if isinstance(error, BrokenProcessPool):
                    broken = True
                    continue
                index = running.pop(future)
                yield index, future.result() if error is None else _unpicklable(error, len(parts[index]))
            if broken:
                yield from ((index, None) for index in sorted(running.values()))
                return


def _fill(
    pool: ProcessPoolExecutor, running: dict[Future[Outcomes], int], batch: Batch, parts: list[Sequence[Any]],
    todo: list[int], workers: int,
) -> bool:  # fmt: skip
    """Hands out parts while workers are free; whether the pool turned out to be broken."""
    while todo and len(running) < workers:
        try:
            running[pool.submit(batch, parts[todo[0]])] = todo[0]
        except BrokenProcessPool:
            return True
        del todo[0]
    return False


def _alone(batch: Batch, job: Any) -> Outcome:
    """The outcome of a job that gets a process of its own, and another one when it dies."""
    for _ in range(ATTEMPTS):
        with _pool(1) as pool:
            try:
                return pool.submit(batch, [job]).result()[0]
            except BrokenProcessPool:
                continue
            except Exception as error:
                return _unpicklable(error, 1)[0]
    return Outcome(None, died(job))


def died(job: Any) -> WorkerDied:
    """The error of a job that kills its workers."""
    return WorkerDied(f"{job}: its worker died {ATTEMPTS} times, killed or out of memory")


def _unpicklable(error: BaseException, number: int) -> Outcomes:
    """The outcomes of jobs that could not be sent there or back."""
    return [Outcome(None, error if isinstance(error, Exception) else RuntimeError(repr(error)))] * number


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    # spawned, not forked: forking a process whose numerical libraries hold threads can hang
    context = multiprocessing.get_context("spawn")
    with _single_threaded():
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """Makes a worker end at once with the process that started it, which may have been killed.

    A worker without a parent would wait for work for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_exit_after, args=(parent.sentinel,), daemon=True).start()


def _exit_after(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)


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
