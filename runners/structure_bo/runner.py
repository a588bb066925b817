"""Two objectives: the share of the whole table's hypervolume that each method finds.

python runners/structure_bo/runner.py --search-space nasbench201 --dataset cifar10 --epoch 12 --cost latency_ms/pixel3
"""

from __future__ import annotations

import argparse

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.experiments.pareto_study import pareto_study


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--search-space", default="nasbench201")
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--metric", default="val_accuracy")
    parser.add_argument("--epoch", type=int, help="training schedule (default: the longest)")
    parser.add_argument("--cost", default="latency_ms/pixel3", help="a score of the table that costs no query")
    parser.add_argument("--queries", default="50,100,150", help="where the hypervolume is read")
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    benchmark = load_benchmark(options.search_space, options.dataset)
    queries = tuple(int(n) for n in options.queries.split(","))
    results = pareto_study(benchmark, options.metric, options.epoch, options.cost, queries, options.seeds)
    print(f"{options.search_space}/{options.dataset}, {options.metric} and {options.cost}, {options.seeds} seeds")
    print(f"| | {' | '.join(f'{n} queries' for n in queries)} |\n|{'---|' * (len(queries) + 1)}")
    for name, (means, errors) in results.items():
        cells = [f"{m:.4f} ± {e:.4f}" for m, e in zip(means, errors, strict=True)]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
