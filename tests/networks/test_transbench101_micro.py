"""Parameters and FLOPs against the published table, for three tasks. Its float32 values are off by up to 2e-6."""

import numpy as np
import pytest
import torch

from naslib_ext.errors import UnknownName
from naslib_ext.networks import build_network
from naslib_ext.networks.measure import count_params, count_suite_zero_flops

SHAPES = {"class_scene": (1, 3, 256, 256), "class_object": (1, 3, 256, 256), "jigsaw": (1, 9, 3, 64, 64)}


@pytest.fixture(scope="module")
def table(tables):
    with np.load(tables / "transbench101_micro.npz") as data:
        return {name: data[name] for name in ("codes", *(f"{t}/{m}" for t in SHAPES for m in ("params", "flops")))}


def build(code, task):
    with torch.device("meta"):
        return build_network("transbench101_micro", code, task=task)


@pytest.mark.parametrize("task", SHAPES)
def test_params_of_built_networks(table, task):
    for row in np.random.default_rng(0).choice(4096, 100, replace=False):
        counted = count_params(build(table["codes"][row], task))
        assert counted / 1e6 == pytest.approx(table[f"{task}/params"][row].item(), rel=2e-6)


@pytest.mark.parametrize("task", SHAPES)
def test_params_of_all_cells(table, task):
    """Parameters add up over edges, so cells with an operation on one edge give those of every cell."""
    empty = count_params(build([0] * 6, task))
    added = np.array([[count_params(build(choice * np.eye(6, dtype=int)[edge], task)) - empty for choice in range(4)]
                      for edge in range(6)])  # fmt: skip
    counted = empty + added[np.arange(6), table["codes"]].sum(axis=1)
    np.testing.assert_allclose(counted / 1e6, table[f"{task}/params"], rtol=2e-6)
    assert np.mean(counted == np.round(table[f"{task}/params"].astype(float) * 1e6)) > 0.5


@pytest.mark.parametrize("task", SHAPES)
def test_flops(table, task):
    for row in np.random.default_rng(1).choice(4096, 8, replace=False):
        counted = count_suite_zero_flops(build(table["codes"][row], task), SHAPES[task])
        if task == "jigsaw":  # the table counts the network of the nine tiles once, the pooling and the head in full
            head = 9 * 512 * 3 * 3 + 9 * 512 * 1000
            counted = (counted - head) // 9 + head
        assert counted / 1e6 == pytest.approx(table[f"{task}/flops"][row].item(), rel=1e-6)


def test_jigsaw_puts_the_features_of_the_tiles_side_by_side():
    network = build_network("transbench101_micro", [3, 1, 2, 1, 3, 2], task="jigsaw", base_channels=4).eval()
    tiles = torch.randn(2, 9, 3, 64, 64)
    pooled = [network.features(tiles[:, tile]).mean(dim=(2, 3)) for tile in range(9)]
    logits = network(tiles)
    assert logits.shape == (2, 1000)
    torch.testing.assert_close(network.classifier(torch.cat(pooled, dim=1)), logits)


def test_unknown_task():
    with pytest.raises(UnknownName, match="did you mean 'class_scene'"):
        build_network("transbench101_micro", [0] * 6, task="class_scenes")
