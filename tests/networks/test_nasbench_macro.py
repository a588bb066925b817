"""Parameters and multiply-adds against the published table."""

import numpy as np
import torch

from naslib_ext.networks import build_network
from naslib_ext.networks.measure import count_flops, count_params


def test_params_and_flops(tables):
    with np.load(tables / "nasbench_macro.npz") as data:
        codes, params, flops = data["codes"], data["cifar10/params"], data["cifar10/flops"]
    for place, row in enumerate(np.random.default_rng(0).choice(len(codes), 80, replace=False)):
        with torch.device("meta"):
            network = build_network("nasbench_macro", codes[row])
        assert count_params(network) == params[row]
        if place < 25:
            assert count_flops(network, (1, 3, 32, 32)) == flops[row]


def test_params_of_all_networks(tables):
    """Parameters add up over layers, so networks with one layer that is no identity give those of every one."""

    def count(code):
        with torch.device("meta"):
            return count_params(build_network("nasbench_macro", code))

    with np.load(tables / "nasbench_macro.npz") as data:
        codes, params = data["codes"], data["cifar10/params"]
    empty = count([0] * 8)
    added = np.array(
        [[count(choice * np.eye(8, dtype=int)[layer]) - empty for choice in range(3)] for layer in range(8)]
    )
    np.testing.assert_array_equal(empty + added[np.arange(8), codes].sum(axis=1), params)
