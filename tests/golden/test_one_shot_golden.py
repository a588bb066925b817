"""One result a one-shot method: six steps on noise must not lead elsewhere from one version to the next unnoticed."""

from typing import Any

import numpy as np
import pytest
import torch

from naslib_ext.optimizers import get_optimizer
from naslib_ext.testing.one_shot import run_steps, small_supernet

FOUND: dict[str, tuple[list[float], list[int]]] = {
    "anasod_dnas": ([0.191, 0.2, 0.197, 0.22, 0.193], [3, 3, 1, 3, 0, 3]),
    "darts": ([0.185, 0.148, 0.091, 0.311, 0.266], [3, 2, 3, 3, 1, 3]),
    "gaea": ([0.193, 0.199, 0.207, 0.204, 0.197], [2, 1, 3, 3, 2, 3]),
    "gdas": ([0.348, 0.109, 0.113, 0.295, 0.135], [0, 2, 3, 3, 4, 0]),
    "rsws": ([0.2, 0.2, 0.2, 0.2, 0.2], [4, 3, 2, 1, 1, 0]),
    "enas": ([0.379, 0.129, 0.09, 0.25, 0.152], [3, 1, 0, 0, 3, 4]),
}
"""Method -> (shares on the first edge, an architecture that the search leads to)."""


@pytest.mark.parametrize("name", sorted(FOUND))
def test_golden(name: str) -> None:
    fast = {"epochs": 3, "arch_learning_rate": 0.5, "tau_max": 1.0, "num_aggregate": 3}
    known = get_optimizer(name).parameters
    optimizer: Any = get_optimizer(name)({"seed": 7, "search": {k: v for k, v in fast.items() if k in known}})
    optimizer.device = torch.device("cpu")
    optimizer.adapt_search_space(small_supernet())
    run_steps(optimizer, 0, 6)
    shares, code = FOUND[name]
    np.testing.assert_allclose(optimizer.distribution[0], shares, atol=2e-3)
    assert optimizer.current(np.random.default_rng(0)).tolist() == code
