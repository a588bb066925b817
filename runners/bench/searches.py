"""Processor seconds of one search by each method, on one thread, and how many random searches that is.

OMP_NUM_THREADS=1 python runners/bench/searches.py --budget 150 --seeds 3
"""

from __future__ import annotations

import argparse
import time

from naslib_ext.benchmarks import Benchmark, load_benchmark
from naslib_ext.optimizers import get_optimizer, list_optimizers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--search-space", default="nasbench201")
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--kind", default="table", choices=("table", "surrogate"))
    parser.add_argument("--optimizers", default="", metavar="A,B", help="default: all")
    parser.add_argument("--budget", type=int, default=150)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    benchmark = load_benchmark(options.search_space, options.dataset, options.kind)
    names = options.optimizers.split(",") if options.optimizers else list_optimizers("query")
    base = _seconds("rs", benchmark, options.budget, options.seeds)
    print(f"| {options.search_space}/{options.dataset}, {options.budget} queries | s | ms a query | times rs |")
    print("|---|---|---|---|")
    for name in names:
        seconds = _seconds(name, benchmark, options.budget, options.seeds)
        print(
            f"| `{name}` | {seconds:.3f} | {1000 * seconds / options.budget:.2f} | {seconds / base:.1f} |", flush=True
        )


def _seconds(name: str, benchmark: Benchmark, budget: int, seeds: int) -> float:
    """Mean processor seconds of one search; the first, which builds tables, is not counted."""
    return sum([spent(name, benchmark, budget, seed)[-1] for seed in range(seeds + 1)][1:]) / seeds


def spent(name: str, benchmark: Benchmark, budget: int, seed: int = 0) -> list[float]:
    """Processor seconds of ask and tell in one search, up to each of its queries; the benchmark's own are left out."""
    optimizer = get_optimizer(name)(None)
    started, seconds = time.process_time(), list[float]()
    optimizer.bind(benchmark.space, seed, budget, benchmark.key, benchmark.free)
    while len(codes := optimizer.ask(1)):
        paused = time.process_time()
        scores = benchmark.score(codes)
        started += time.process_time() - paused
        optimizer.tell(codes, scores)
        seconds.append(time.process_time() - started)
    return seconds


if __name__ == "__main__":
    main()
