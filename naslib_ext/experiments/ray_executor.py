"""The executor ``ray``: jobs as tasks of a Ray cluster, started here or anywhere that an address names.

A worker needs this package and, for whole runs, the folder of results under the same path. The variables that say where
tables are go with each task.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from naslib_ext.benchmarks import DATA_VARIABLE
from naslib_ext.errors import ConfigError, MissingDependency
from naslib_ext.experiments.executors import ATTEMPTS, Batch, Outcome, Outcomes, batches, died

VARIABLES = (DATA_VARIABLE, "NASLIB_HOME")
"""Environment variables that decide what a job computes: workers get the driver's."""


CONNECT_SECONDS = 10.0
"""How long a cluster's address may take to answer."""


def ray_outcomes(
    batch: Batch, jobs: Sequence[Any], workers: int | None, chunk: int, address: str | None
) -> Iterator[Outcome]:
    """The outcome of each job, in order; ``batch`` of several jobs is one task.

    Args:
        batch: gives the outcomes of some jobs; never raises.
        jobs: what there is to do.
        workers: tasks at a time at most; ``None`` hands all to Ray, which runs one a core of the cluster.
        chunk: jobs in a task at most.
        address: as ``ray.init`` takes it; ``None`` starts a cluster on this machine, of ``workers`` processes. Where
            the process is connected to a cluster already, that one is used.

    Raises ``MissingDependency`` without Ray and ``ConfigError`` where there is no cluster at the address.
    """
    ray = _ray()
    with _connected(ray, workers, address):
        parts = batches(jobs, workers or max(1, int(ray.cluster_resources().get("CPU", 1))), chunk)
        # Ray itself starts a task again whose worker or node died; what a batch raises comes back as an outcome
        task = ray.remote(max_retries=ATTEMPTS - 1, num_cpus=1)(_with_environment)
        environment = {name: os.environ[name] for name in VARIABLES if name in os.environ}
        yield from _in_order(ray, lambda part: task.remote(environment, batch, part), parts, workers or len(parts))


def _in_order(
    ray: Any, submit: Callable[[Sequence[Any]], Any], parts: list[Sequence[Any]], most: int
) -> Iterator[Outcome]:
    """Keeps up to ``most`` tasks in work and gives the outcomes in the order of the parts."""
    running: dict[Any, int] = {}
    done: dict[int, Outcomes] = {}
    handed_out = position = 0
    try:
        while position < len(parts):
            while handed_out < len(parts) and len(running) < most:
                running[submit(parts[handed_out])] = handed_out
                handed_out += 1
            if position in done:
                yield from done.pop(position)
                position += 1
                continue
            (ready, *_), _ = ray.wait(list(running), num_returns=1)
            index = running.pop(ready)
            done[index] = _fetched(ray, submit, ready, parts[index])
    finally:  # nobody waits any more
        for reference in running:
            ray.cancel(reference)


def _fetched(ray: Any, submit: Callable[[Sequence[Any]], Any], reference: Any, part: Sequence[Any]) -> Outcomes:
    """The outcomes of a task. Where Ray gave up on it, each job becomes a task: only the culprit fails."""
    try:
        return list(ray.get(reference))
    except ray.exceptions.RayError as error:
        if len(part) > 1:
            return [_fetched(ray, submit, submit([job]), [job])[0] for job in part]
        if isinstance(error, ray.exceptions.RayTaskError):  # its result or error could not be sent
            return [Outcome(None, RuntimeError(str(error)))]
        return [Outcome(None, died(part[0]))]


def _with_environment(environment: dict[str, str], batch: Batch, jobs: Sequence[Any]) -> Outcomes:
    os.environ.update(environment)
    return batch(jobs)


@contextmanager
def _connected(ray: Any, workers: int | None, address: str | None) -> Iterator[None]:
    """Connects, or starts a cluster on this machine, and undoes that in the end."""
    if ray.is_initialized():
        yield
        return
    if address is not None:
        _check_reachable(address)
    local = {"num_cpus": workers or os.cpu_count(), "include_dashboard": False} if address is None else {}
    try:
        ray.init(address=address or "local", log_to_driver=False, logging_level="warning", **local)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ConfigError(f"no Ray cluster at {address!r}: {error}") from error
    try:
        yield
    finally:
        ray.shutdown()


def _check_reachable(address: str) -> None:
    """Raises ``ConfigError`` where nobody listens at ``host:port``: Ray itself would try for many minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():  # "auto", "local"
        return
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(f"no Ray cluster at {address!r}: {error}") from error


def _ray() -> Any:
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise MissingDependency("the executor 'ray' needs Ray: pip install 'naslib_ext[ray]'") from error
    return ray
