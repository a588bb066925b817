"""What several proxies' tests share."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def ranked() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Codes of 20 random architectures whose published score is finite, and those scores."""

    def read(tables: Path, column: str) -> tuple[np.ndarray, np.ndarray]:
        with np.load(tables / "nasbench201.npz") as table:
            values = table[f"cifar10/{column}"]
            rows = np.random.default_rng(0).permutation(np.flatnonzero(np.isfinite(values) & (values > -1e7)))[:20]
            return table["codes"][rows], values[rows]

    return read
