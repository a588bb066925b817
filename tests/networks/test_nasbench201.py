"""Parameters and FLOPs against the published table: all 15,625 cells, 10 and 100 classes."""

import numpy as np
import pytest
import torch

from naslib_ext.networks import build_network
from naslib_ext.networks.measure import count_flops, count_params, count_suite_zero_flops

CLASSES = {"cifar10": 10, "cifar100": 100}


@pytest.fixture(scope="module")
def table(tables):
    with np.load(tables / "nasbench201.npz") as data:
        return {name: data[name] for name in ("codes", *(f"{d}/{m}" for d in CLASSES for m in ("params", "flops")))}


def build(code, classes):
    with torch.device("meta"):
        return build_network("nasbench201", code, num_classes=classes)


@pytest.mark.parametrize(("dataset", "classes"), CLASSES.items())
def test_params_of_built_networks(table, dataset, classes):
    for row in np.random.default_rng(classes).choice(len(table["codes"]), 150, replace=False):
        published = round(table[f"{dataset}/params"][row].item() * 1e6)
        assert count_params(build(table["codes"][row], classes)) == published


@pytest.mark.parametrize(("dataset", "classes"), CLASSES.items())
def test_params_of_all_cells(table, dataset, classes):
    """Parameters add up over edges, so cells of a single operation give those of every cell."""
    uniform = np.array([count_params(build([operation] * 6, classes)) for operation in range(5)])
    counted = uniform[table["codes"]].sum(axis=1) // 6
    assert not np.any(uniform[table["codes"]].sum(axis=1) % 6)
    np.testing.assert_array_equal(counted, np.round(table[f"{dataset}/params"].astype(float) * 1e6))


@pytest.mark.parametrize(("dataset", "classes"), CLASSES.items())
def test_flops(table, dataset, classes):
    """Equal to the last digit of the table's float32."""
    for row in np.random.default_rng(classes).choice(len(table["codes"]), 12, replace=False):
        counted = count_suite_zero_flops(build(table["codes"][row], classes), (1, 3, 32, 32))
        assert counted / 1e6 == pytest.approx(table[f"{dataset}/flops"][row].item(), rel=2.5e-7)


@pytest.mark.parametrize("code", [[2, 3, 0, 4, 2, 3], [1] * 6, [4, 4, 2, 0, 1, 3]])
def test_suite_zero_flops_are_multiply_adds_and_constants_per_operation(code):
    """The other layers: 3 an element at each convolution, 9 at each pooling, and a constant skeleton."""
    network = build(code, 10)
    elements = 5 * (16 * 32**2 + 32 * 16**2 + 64 * 8**2)
    convolutions, poolings = (sum(choice in kind for choice in code) for kind in ((2, 3), (4,)))
    others = count_suite_zero_flops(network, (1, 3, 32, 32)) - count_flops(network, (1, 3, 32, 32))
    assert others == elements * (3 * convolutions + 9 * poolings) + 160_832
