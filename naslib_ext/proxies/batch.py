"""Scores of many architectures on the same inputs and, layer by layer, the same weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from naslib_ext.errors import NaslibExtError
from naslib_ext.networks import build_network
from naslib_ext.parameters import Parameter
from naslib_ext.proxies.base import Proxy, draw_weights, torch_stream
from naslib_ext.search_spaces import Codes, SearchSpace

BATCH_PARAMETERS = {
    "batch_size": Parameter(16, "images in the batch", minimum=1),
    "image_size": Parameter(32, "height and width of an image", minimum=1),
    "threads": Parameter(1, "architectures that are scored at the same time; does not change the scores", minimum=1),
}
"""Settings of a batch, beside those of the proxy."""


def score_codes(
    space: SearchSpace,
    codes: ArrayLike,
    proxy: Proxy,
    seed: int,
    batch_size: int,
    image_size: int,
    threads: int,
    sizes: Mapping[str, Any],
) -> NDArray[np.float64]:
    """(n,) scores of ``codes`` (n, L): one draw of inputs (batch, 3, size, size), N(0, 1), and labels for all.

    A score depends on its architecture, the seed and the settings, not on the other rows; each distinct row is
    computed once. Networks run in torch's channels-last layout and with one thread each, which is the fastest on CPUs
    and independent of the machine's number of cores. torch's global random numbers are not touched.
    """
    rows, inverse = np.unique(space.check(codes), axis=0, return_inverse=True)
    if not len(rows):
        return np.empty(0)
    shape = (batch_size, int(sizes.get("in_channels", 3)), image_size, image_size)
    inputs = torch.randn(shape, generator=torch_stream(seed, "proxy inputs")).contiguous(
        memory_format=torch.channels_last
    )
    with _one_torch_thread():
        first = _build(space, rows[0], sizes)
        labels = torch.randint(_classes(first), (batch_size,), generator=torch_stream(seed, "proxy labels"))

        def evaluate(network: nn.Module) -> float:
            draw_weights(network, torch_stream(seed, "proxy weights"))
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            return proxy.score(network, inputs, labels, torch_stream(seed, "proxy draws"))

        networks = (_build(space, row, sizes) if place else first for place, row in enumerate(rows))
        values = np.fromiter(_map(evaluate, networks, threads), dtype=np.float64, count=len(rows))
    return values[inverse.reshape(-1)]


def _map(evaluate: Callable[[nn.Module], float], networks: Iterator[nn.Module], threads: int) -> Iterator[float]:
    """Results in order; at most ``threads`` networks exist at a time, and the caller's thread builds them."""
    if threads == 1:
        yield from map(evaluate, networks)
        return
    with ThreadPoolExecutor(threads) as pool:
        pending = []
        for network in networks:
            pending.append(pool.submit(evaluate, network))
            if len(pending) > threads:
                yield pending.pop(0).result()
        for future in pending:
            yield future.result()


def _build(space: SearchSpace, code: Codes, sizes: Mapping[str, Any]) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        return build_network(space, code, **sizes)


def _classes(network: nn.Module) -> int:
    linear = [module for module in network.modules() if isinstance(module, nn.Linear)]
    if not linear:
        raise NaslibExtError(f"{type(network).__name__} has no linear layer, so no number of classes")
    return linear[-1].out_features


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
