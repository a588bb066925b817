import numpy as np
import pytest
import torch

from naslib_ext.networks import build_network
from naslib_ext.networks.grouped import GroupedNASBench201
from naslib_ext.search_spaces import get_search_space

SIZES = {"init_channels": 4, "cells_per_stage": 2, "num_classes": 7, "in_channels": 1}


@pytest.fixture
def codes() -> np.ndarray:
    """Random cells and, among them, one whose input is cut off and one with dead operations."""
    space = get_search_space("nasbench201")
    special = np.array([[1, 1, 1, 1, 1, 1], [2, 1, 3, 1, 1, 2]], dtype=np.int8)
    return np.concatenate([space.sample(9, np.random.default_rng(0)), special])


def networks(codes: np.ndarray) -> list:
    torch.manual_seed(0)
    return [build_network("nasbench201", code, **SIZES).double() for code in codes]


def test_logits_and_gradients_are_those_of_the_single_networks(codes: np.ndarray) -> None:
    single = networks(codes)
    grouped = GroupedNASBench201(single).double()
    images, labels = torch.randn(16, 1, 8, 8, dtype=torch.float64), torch.randint(7, (16,))
    logits = grouped(images)
    assert logits.shape == (16, len(codes), 7)
    sum(torch.nn.functional.cross_entropy(logits[:, a], labels) for a in range(len(codes))).backward()
    for a, network in enumerate(single):
        expected = network(images)
        torch.nn.functional.cross_entropy(expected, labels).backward()
        assert torch.allclose(logits[:, a], expected, atol=1e-9)
        stem = grouped.stem[0].weight.grad[4 * a : 4 * a + 4]
        assert torch.allclose(stem, network.stem[0].weight.grad, atol=1e-9)
        assert torch.allclose(grouped.weight.grad[a], network.classifier.weight.grad.T, atol=1e-9)


def test_a_few_steps_train_it_like_the_single_networks(codes: np.ndarray) -> None:
    single = networks(codes)
    grouped = GroupedNASBench201(single).double()
    images, labels = torch.randn(3, 16, 1, 8, 8, dtype=torch.float64), torch.randint(7, (3, 16))
    optimizer = torch.optim.SGD(grouped.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
    for x, y in zip(images, labels, strict=True):
        optimizer.zero_grad()
        logits = grouped(x)
        sum(torch.nn.functional.cross_entropy(logits[:, a], y) for a in range(len(codes))).backward()
        optimizer.step()
    for network in single:
        optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
        for x, y in zip(images, labels, strict=True):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(x), y).backward()
            optimizer.step()
    grouped.eval()
    together = grouped(images[0])
    for a, network in enumerate(single):
        assert torch.allclose(together[:, a], network.eval()(images[0]), atol=1e-9)
