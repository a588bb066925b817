"""The stacked networks against PyTorch, finite differences and themselves."""

import numpy as np
import torch
from scipy.optimize import approx_fprime

from naslib_ext.predictors.mlp_ensemble import MLPEnsemble, _backward, _forward

SIZES, MEMBERS = [7, 6, 5], 3


def ensemble(seed: int = 0) -> MLPEnsemble:
    return MLPEnsemble(SIZES, MEMBERS, np.random.default_rng(seed))


def data(n: int = 20) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, SIZES[0]))
    return x, x[:, 0] - np.abs(x[:, 1])


def in_torch(networks: MLPEnsemble, member: int) -> torch.nn.Sequential:
    layers: list[torch.nn.Module] = []
    for matrix, bias in networks._layers(networks.weights):
        linear = torch.nn.Linear(*matrix.shape[1:])
        linear.weight.data = torch.tensor(matrix[member].T.copy())
        linear.bias.data = torch.tensor(bias[member, 0].copy())
        layers += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def test_outputs_are_those_of_pytorch() -> None:
    networks, (x, _) = ensemble(), data()
    for member, output in enumerate(networks.predict(x)):
        expected = in_torch(networks, member)(torch.tensor(x, dtype=torch.float32))[:, 0]
        np.testing.assert_allclose(output, expected.detach(), atol=1e-5)


def test_training_is_that_of_pytorch() -> None:
    """Adam with Keras's epsilon and BANANAS's moments, mean absolute error, all data in one batch."""
    networks, (x, y) = ensemble(), data()
    copies = [in_torch(networks, member) for member in range(MEMBERS)]
    networks.train(x, y, 25, np.random.default_rng(0), batch_size=20, learning_rate=0.01)
    for member, copy in enumerate(copies):
        adam = torch.optim.Adam(copy.parameters(), lr=0.01, betas=(0.9, 0.99), eps=1e-7)
        for _ in range(25):
            adam.zero_grad()
            error = copy(torch.tensor(x, dtype=torch.float32))[:, 0] - torch.tensor(y, dtype=torch.float32)
            error.abs().mean().backward()
            adam.step()
        expected = copy(torch.tensor(x, dtype=torch.float32))[:, 0].detach()
        np.testing.assert_allclose(networks.predict(x)[member], expected, atol=2e-3)


def test_gradients_by_finite_differences() -> None:
    networks, (x, y) = ensemble(), data(9)
    networks.weights = networks.weights.astype(np.float64)
    stacked = np.repeat(x[None], MEMBERS, axis=0), np.repeat(y[None, :, None], MEMBERS, axis=0)
    gradient = np.zeros_like(networks.weights)
    _backward(networks._layers(networks.weights), networks._layers(gradient), *stacked)

    def error(flat: np.ndarray) -> float:
        layers = networks._layers(flat.reshape(networks.weights.shape))
        return float(np.abs(_forward(layers, stacked[0])[-1] - stacked[1]).mean(axis=(1, 2)).sum())

    numeric = approx_fprime(networks.weights.ravel(), error, 1e-7)
    np.testing.assert_allclose(gradient.ravel(), numeric, atol=1e-5)


def test_members_differ_and_learn() -> None:
    networks, (x, y) = MLPEnsemble([7, 20, 20], 5, np.random.default_rng(0)), data(200)
    before = np.abs(networks.predict(x) - y).mean(axis=1)
    networks.train(x, y, 60, np.random.default_rng(0))
    after = networks.predict(x)
    assert (np.abs(after - y).mean(axis=1) < before / 3).all()
    assert (np.abs(after[1:] - after[:1]).max(axis=1) > 0.01).all()


def test_the_generator_decides() -> None:
    x, y = data()
    first, again, other = ensemble(3), ensemble(3), ensemble(4)
    np.testing.assert_array_equal(first.weights, again.weights)
    assert (first.weights != other.weights).any()
    for networks in (first, again):
        networks.train(x, y, 3, np.random.default_rng(5))
    np.testing.assert_array_equal(first.weights, again.weights)
