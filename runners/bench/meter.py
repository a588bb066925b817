"""How a hot path is measured: best of repeats in processor seconds, in turns with a kernel that never changes."""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Work = Callable[[], Any]

REPEATS, SHORTEST = 7, 0.01
"""Most repeats, and the least seconds of one: quicker work is done several times in each."""

PATIENCE = 2.5
"""Seconds after which an item has no further repeat."""


class Missing(Exception):
    """A peer that cannot be measured here, and why."""


@dataclass
class Growth:
    """Seconds ``T(s)`` at several sizes, and the exponent p of the power law ``T = c s^p`` that fits them best."""

    variable: str
    sizes: list[int]
    seconds: list[float]
    exponent: float


@dataclass
class Peer:
    """Other software on the same work. ``ratio``: its seconds by ours; ``skipped``: why there are none."""

    name: str
    seconds: float | None = None
    ratio: float | None = None
    skipped: str | None = None


@dataclass
class Item:
    """One hot path. ``seconds`` and ``kernels`` are for one of what ``name`` ends with; ``megabytes`` for all."""

    name: str
    seconds: float
    kernels: float
    megabytes: float | None = None
    growth: list[Growth] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)


class Kernel:
    """A fixed piece of work: a product of matrices, a sort and a loop of Python, about a third of the time each."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self._matrix = rng.random((384, 384))
        self._numbers = rng.random(120_000)
        self._words = [f"word {number % 1000}" for number in range(20_000)]

    def __call__(self) -> None:
        self._matrix @ self._matrix
        np.sort(self._numbers)
        counts: dict[str, int] = {}
        for word in self._words:
            counts[word] = counts.get(word, 0) + 1


class Meter:
    """Collects the items of one topic.

    Args:
        quick: everything is done once and ``size`` gives the small sizes: to see that it runs.
    """

    def __init__(self, quick: bool = False) -> None:
        self.quick = quick
        self.items: list[Item] = []
        self._kernel = Kernel()
        self._kernel()
        self.kernel_seconds = _seconds(self._kernel, 1)

    def size(self, full: int, quick: int) -> int:
        """``full``, or ``quick`` in a quick run."""
        return quick if self.quick else full

    def sizes(self, *full: int) -> tuple[int, ...]:
        """Three sizes; in a quick run the smallest powers of two."""
        return (2, 4, 8) if self.quick else full

    def time(self, name: str, work: Work, count: int = 1, memory: bool = False) -> Item:
        """Measures ``work``, which does ``count`` of the thing; with ``memory`` its peak of resident memory too."""
        seconds, kernel = self.best(work)
        item = self.add(name, seconds / count, kernel)
        item.megabytes = peak_megabytes(work) if memory and not self.quick else None
        return item

    def add(self, name: str, seconds: float, kernel: float) -> Item:
        """An item whose seconds, and the kernel's beside it, were measured elsewhere."""
        item = Item(name, seconds, seconds / kernel)
        self.items.append(item)
        return item

    def sweep(self, name: str, variable: str, sizes: Sequence[int], work_of: Callable[[int], Work]) -> Item:
        """Measures ``work_of(size)()`` at every size; the item is the middle one, for the whole of its work."""
        measured = [self.best(work_of(size)) for size in sizes]
        middle = measured[len(sizes) // 2]
        item = self.add(name, *middle)
        item.growth.append(power_law(variable, sizes, [seconds for seconds, _ in measured]))
        return item

    def grow(self, item: Item, variable: str, sizes: Sequence[int], work_of: Callable[[int], Work]) -> None:
        """Measures ``work_of(size)()`` at every size."""
        seconds = [self.best(work_of(size))[0] for size in sizes]
        item.growth.append(power_law(variable, sizes, seconds))

    def compare(self, item: Item, name: str, peer: Callable[[], tuple[Work, int]]) -> None:
        """Measures other software: ``peer`` gives the work and its count, or raises ``Missing``."""
        try:
            work, count = peer()
            seconds = self.best(work)[0] / count
        except Missing as error:
            item.peers.append(Peer(name, skipped=str(error)))
        except Exception as error:  # of code that is not ours, and never required
            item.peers.append(Peer(name, skipped=f"{type(error).__name__}: {error}"))
        else:
            item.peers.append(Peer(name, seconds, seconds / item.seconds))

    def best(self, work: Work) -> tuple[float, float]:
        """The least processor seconds of ``work``, and those of the kernel, over the same repeats."""
        if self.quick:
            return _seconds(work, 1), self.kernel_seconds
        gc.collect()
        kernels, times = [self.kernel()], [_seconds(work, 1)]
        loops = max(1, int(SHORTEST / (_seconds(work, 1) if times[0] < SHORTEST else times[0])))
        spent = times[0]
        while len(times) < REPEATS and spent < PATIENCE:
            kernels.append(self.kernel())
            times.append(_seconds(work, loops))
            spent += times[-1] * loops
        return min(times), min([*kernels, self.kernel()])

    def kernel(self) -> float:
        """Processor seconds of the kernel now."""
        seconds = _seconds(self._kernel, 1)
        self.kernel_seconds = min(self.kernel_seconds, seconds)
        return seconds


def _seconds(work: Work, loops: int) -> float:
    started = time.process_time()
    for _ in range(loops):
        work()
    return (time.process_time() - started) / loops


def power_law(variable: str, sizes: Sequence[int], seconds: Sequence[float]) -> Growth:
    """The exponent by least squares on logarithms."""
    safe = np.maximum(np.asarray(seconds, dtype=np.float64), 1e-9)
    exponent = float(np.polyfit(np.log(np.asarray(sizes, dtype=np.float64)), np.log(safe), 1)[0])
    return Growth(variable, list(sizes), list(seconds), exponent)


def peak_megabytes(work: Work) -> float | None:
    """How far the resident memory rises while ``work`` runs; ``None`` where the system (not Linux) does not tell."""
    if not sys.platform.startswith("linux"):
        return None
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)  # what was freed before would be used again without a rise
        Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
        before = _status("VmRSS")
        work()
        return (_status("VmHWM") - before) / 1024
    except (AttributeError, OSError):
        return None


def _status(name: str) -> int:
    """A line of the process's status, in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise OSError(f"/proc/self/status has no {name}")
