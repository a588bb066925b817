"""Zero-cost proxies computed here against the published columns of NAS-Bench-201, and their throughput.

    python runners/proxies/runner.py [--data DIR] [--architectures 200] [--others 200] [--seed 0] [--threads 2]

Zen-Score at CIFAR size: rank correlation with ``cifar10/zen``, then architectures a second, one by one against
batched. After that the rank correlation of every other proxy with its column; random images stand for CIFAR-10's.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.benchmarks.metrics import Column
from naslib_ext.benchmarks.tabular import TabularBenchmark
from naslib_ext.networks import build_network
from naslib_ext.proxies import get_proxy, list_proxies, score
from naslib_ext.proxies.base import draw_weights, torch_stream

Values = NDArray[np.float64]


def main() -> None:
    options = _options()
    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=options.data)
    assert isinstance(benchmark, TabularBenchmark)
    rows = np.random.default_rng(options.seed).permutation(len(benchmark.codes))
    _zen(benchmark, rows[: options.architectures], options.seed, options.threads)
    print(f"\n{'proxy':<12}{'Spearman':>9}{'rows':>6}{'arch/s':>8}   batch 32, {options.threads} threads")
    for name in list_proxies():
        _against_column(benchmark, rows, name, options)


def _zen(benchmark: TabularBenchmark, rows: NDArray[np.int64], seed: int, threads: int) -> None:
    codes, published = benchmark.codes[rows], _column(benchmark, "zen")[rows]
    print(f"zen, {len(rows)} random architectures, 3 x 32 x 32, batch 16")
    torch.set_num_threads(1)  # several stall each other on a busy machine; batches use threads of their own
    some = codes[:40]
    _print_rate("one by one (first 40), repeats 1", partial(_one_by_one, some, seed), published[:40])
    _print_rate("score() on each (first 40), repeats 1", partial(_score_each, some, seed), published[:40])
    for repeats, workers in ((1, 1), (1, threads), (4, threads)):
        batched = partial(score, "nasbench201", codes, "zen", seed=seed, repeats=repeats, threads=workers)
        _print_rate(f"batched, {workers} threads, repeats {repeats}", batched, published)


def _print_rate(way: str, compute: Callable[[], Values], published: Values) -> None:
    start, start_cpu = time.perf_counter(), time.process_time()
    values = compute()
    wall, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    rate, rate_cpu = len(values) / wall, len(values) / cpu
    rho = spearmanr(values, published)[0]
    print(f"  {way:<36}{rate:7.1f} a second, {rate_cpu:5.1f} a CPU second, Spearman {rho:.4f}", flush=True)


def _one_by_one(codes: NDArray[np.int8], seed: int) -> Values:
    """Each network alone, in torch's default layout, with one thread."""
    values = []
    for code in codes:
        network = build_network("nasbench201", code)
        draw_weights(network, torch_stream(seed, "proxy weights"))
        inputs, labels = torch.empty(16, 3, 32, 32), torch.zeros(16, dtype=torch.long)
        values.append(get_proxy("zen")(repeats=1).score(network, inputs, labels, torch_stream(seed, "proxy draws")))
    return np.array(values)


def _score_each(codes: NDArray[np.int8], seed: int) -> Values:
    """Batches of one: what the channels-last layout gains alone."""
    return np.concatenate([score("nasbench201", code[None], "zen", seed=seed, repeats=1) for code in codes])


def _against_column(
    benchmark: TabularBenchmark, rows: NDArray[np.int64], name: str, options: argparse.Namespace
) -> None:
    column = _column(benchmark, get_proxy(name).column)
    chosen = rows[np.isfinite(column[rows])][: options.others]
    start = time.perf_counter()
    values = score(
        "nasbench201", benchmark.codes[chosen], name, seed=options.seed, batch_size=32, threads=options.threads
    )
    rate = len(chosen) / (time.perf_counter() - start)
    rho = spearmanr(values.astype(np.float32), column[chosen])[0]
    print(f"{name:<12}{rho:>9.4f}{len(chosen):>6}{rate:>8.1f}", flush=True)


def _column(benchmark: TabularBenchmark, name: str) -> Values:
    return benchmark.column(Column(name, benchmark.resolve(name, None)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=None, help="folder of the tables; default: NASLIB_EXT_DATA")
    parser.add_argument("--architectures", type=int, default=200)
    parser.add_argument("--others", type=int, default=200, help="architectures for the other proxies")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
