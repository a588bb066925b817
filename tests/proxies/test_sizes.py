from pathlib import Path

import numpy as np
import pytest

from naslib_ext.proxies import score


@pytest.mark.parametrize(("dataset", "classes"), [("cifar10", 10), ("cifar100", 100)])
@pytest.mark.parametrize("name", ["params", "flops"])
def test_they_equal_the_published_columns(tables: Path, name: str, dataset: str, classes: int) -> None:
    with np.load(tables / "nasbench201.npz") as table:
        rows = np.random.default_rng(0).permutation(len(table["codes"]))[:6]
        codes, published = table["codes"][rows], table[f"{dataset}/{name}"][rows]
    found = score("nasbench201", codes, name, batch_size=1, sizes={"num_classes": classes})
    assert np.allclose(found, published, rtol=1e-6)


def test_convolutions_alone_cost_less() -> None:
    code = [[2, 2, 2, 2, 2, 2]]
    assert score("nasbench201", code, "flops", count="convolutions") < score("nasbench201", code, "flops")
