"""One result a method: what a seed finds must not change from one version to the next unnoticed."""

from pathlib import Path

import pytest

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.optimizers import get_optimizer

FOUND = {
    "rs": ([3, 4, 3, 0, 3, 3], 82.378),
    "re": ([1, 2, 0, 2, 2, 2], 84.098),
    "ls": ([2, 2, 0, 3, 2, 2], 84.892),
    "sep_re": ([2, 3, 0, 3, 2, 0], 84.676),
    "anasod_rs": ([0, 3, 2, 4, 3, 0], 84.478),
    "anasod_brs": ([3, 2, 2, 3, 3, 0], 84.666),
    "anasod_ls": ([2, 2, 0, 2, 3, 3], 84.446),
    "anasod_bo": ([2, 4, 2, 3, 0, 0], 84.892),
    "anasod_nep": ([2, 2, 0, 0, 3, 2], 84.608),
    "delta_nas": ([3, 2, 0, 3, 3, 2], 84.892),
    "dsm_nas": ([3, 0, 2, 3, 2, 1], 84.042),
    "bananas": ([2, 2, 0, 4, 3, 2], 84.892),
    "adj_bo": ([2, 1, 0, 0, 1, 3], 84.676),
    "path_bo": ([2, 0, 0, 4, 2, 4], 84.676),
    "tpe": ([2, 3, 0, 4, 3, 3], 84.612),
    "lissnas": ([2, 1, 0, 1, 3, 3], 84.504),
    "structure_bo": ([4, 2, 0, 3, 1, 2], 84.892),
    "reinforce": ([3, 0, 2, 2, 1, 2], 84.282),
}
"""Method -> (last architecture asked for, best score)."""


@pytest.mark.parametrize("name", sorted(FOUND))
def test_golden(name: str, tables: Path) -> None:
    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    optimizer = get_optimizer(name)().bind(benchmark.space, seed=7, budget=100)
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, benchmark.score(codes, epoch=12))
    last = optimizer.history[0][-1].tolist()
    assert optimizer.incumbent is not None
    assert (last, round(optimizer.incumbent[1], 3)) == FOUND[name]
