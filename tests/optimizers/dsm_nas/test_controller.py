from collections.abc import Callable

import numpy as np
import pytest
import torch

from naslib_ext.optimizers.dsm_nas.controller import Controller, Learning
from naslib_ext.optimizers.dsm_nas.policy import log_probabilities

from .conftest import SMALL, graph_of, observe

Make = Callable[..., Controller]


def learn(controller: Controller, steps: int, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    observed = observe([graph_of(SMALL, 3, seed=number) for number in range(controller.size)])
    for _ in range(steps):
        uniforms = np.repeat(rng.random((1, 5)), controller.size, axis=0)
        decisions, _ = controller.sample(observed, uniforms)
        controller.learn(decisions, np.full(controller.size, rng.normal()))


def test_all_weights_start_within_a_tenth(make_controller: Make) -> None:
    weights = make_controller(width=16).state()["weights"]
    assert np.abs(weights).max() <= 0.1 and abs(weights.std() - 0.2 / np.sqrt(12)) < 2e-3


def test_the_step_is_torchs_adam(make_controller: Make) -> None:
    learning = Learning(learning_rate=3e-3, weight_decay=0.02, entropy_weight=0.1)
    controller = make_controller(learning=learning)
    twin = {name: value.detach().clone().requires_grad_() for name, value in controller.weights.items()}
    adam = torch.optim.Adam(twin.values(), lr=3e-3, weight_decay=0.02, foreach=False)
    observed = observe([graph_of(SMALL, 3, seed=0)])
    for number in range(4):
        decisions, _ = controller.sample(observed, np.random.default_rng(number).random((1, 5)))
        controller.learn(decisions, np.array([number - 1.5]))
        logs, entropies = log_probabilities(controller.shape, twin, decisions)
        adam.zero_grad()
        (-(logs * (number - 1.5)).sum() - 0.1 * entropies.sum()).backward()
        adam.step()
    for name, value in controller.weights.items():
        torch.testing.assert_close(value.detach(), twin[name].detach())


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_advantage_makes_decisions_likelier(make_controller: Make, sign: float) -> None:
    controller = make_controller(learning=Learning(entropy_weight=0.0))
    decisions, _ = controller.sample(observe([graph_of(SMALL, 3, seed=0)]), np.full((1, 5), 0.4))
    before = float(log_probabilities(controller.shape, controller.weights, decisions)[0].detach())
    controller.learn(decisions, np.array([sign]))
    after = float(log_probabilities(controller.shape, controller.weights, decisions)[0].detach())
    assert sign * (after - before) > 0


def test_the_entropy_is_kept_up(make_controller: Make) -> None:
    controller = make_controller(scale=15.0, learning=Learning(entropy_weight=1.0))
    decisions, _ = controller.sample(observe([graph_of(SMALL, 3, seed=0)]), np.full((1, 5), 0.4))
    entropies = []
    for _ in range(20):
        entropies.append(float(log_probabilities(controller.shape, controller.weights, decisions)[1].detach()))
        controller.learn(decisions, np.zeros(1))
    assert entropies[-1] > entropies[0] + 0.1
    assert entropies[-1] <= np.log(3) + 2 * (np.log(3) + np.log(3))


def test_a_rate_of_zero_learns_nothing(make_controller: Make) -> None:
    controller = make_controller(learning=Learning(learning_rate=0.0))
    before = controller.state()["weights"]
    learn(controller, 3)
    np.testing.assert_array_equal(controller.state()["weights"], before)


def test_controllers_side_by_side_learn_as_alone(make_controller: Make) -> None:
    together = make_controller(seeds=(0, 1, 2))
    learn(together, 5)
    for row, seed in enumerate((0, 1, 2)):
        alone = make_controller(seeds=(seed,))
        rng = np.random.default_rng(0)
        observed = observe([graph_of(SMALL, 3, seed=row)])
        for _ in range(5):
            decisions, _ = alone.sample(observed, rng.random((1, 5)))
            alone.learn(decisions, np.array([rng.normal()]))
        for name, value in together.weights.items():
            torch.testing.assert_close(value[row].detach(), alone.weights[name][0].detach(), rtol=1e-9, atol=1e-9)


def test_those_kept_go_on_as_before(make_controller: Make) -> None:
    whole, cut = make_controller(seeds=(0, 1, 2)), make_controller(seeds=(0, 1, 2))
    learn(whole, 3)
    learn(cut, 3)
    cut = cut.keep([2])
    observed = observe([graph_of(SMALL, 3, seed=number) for number in range(3)])
    decisions, _ = whole.sample(observed, np.full((3, 5), 0.6))
    whole.learn(decisions, np.ones(3))
    decisions, _ = cut.sample(observe([graph_of(SMALL, 3, seed=2)]), np.full((1, 5), 0.6))
    cut.learn(decisions, np.ones(1))
    for name, value in whole.weights.items():
        torch.testing.assert_close(value[2].detach(), cut.weights[name][0].detach())


def test_a_restored_controller_goes_on_exactly(make_controller: Make) -> None:
    straight, restored = make_controller(), make_controller(seeds=(9,))
    learn(straight, 3)
    restored.load_state(straight.state())
    learn(straight, 2, seed=1)
    learn(restored, 2, seed=1)
    for name in ("weights", "exp_avg", "exp_avg_sq"):
        np.testing.assert_array_equal(straight.state()[name], restored.state()[name])
