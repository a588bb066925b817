"""Processor time of the difference predictor: a fit, and the scores of all single edits of 256 architectures.

OMP_NUM_THREADS=1 python runners/bench/differences.py
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from naslib_ext.predictors import get_predictor
from naslib_ext.search_spaces import get_search_space

REPEATS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--predictors", default="structure_gp,doa")
    parser.add_argument("--labels", type=int, default=156)
    parser.add_argument("--parents", type=int, default=256)
    options = parser.parse_args()
    print(f"| | fit on {options.labels} labels | edits of {options.parents} | their scores |\n|---|---|---|---|")
    for name in ("nasbench201", "nasbench301"):
        space, rng = get_search_space(name), np.random.default_rng(0)
        labelled, parents = space.sample(options.labels, rng), space.sample(options.parents, rng)
        labels = space.operations(labelled).sum(axis=1) + rng.normal(size=options.labels)
        for wanted in options.predictors.split(","):
            predictor = get_predictor(wanted)().bind(space)
            fit = _seconds(partial(predictor.fit, labelled, labels), 1)
            edits = space.neighbors_of(parents)[0]
            query = _seconds(partial(predictor.query, edits), REPEATS)
            print(f"| {name}, `{wanted}` | {fit:.2f} s | {len(edits):,} | {1000 * query:.0f} ms |", flush=True)


def _seconds(work: Callable[[], Any], repeats: int) -> float:
    """The least processor time of some repeats."""
    times = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


if __name__ == "__main__":
    main()
