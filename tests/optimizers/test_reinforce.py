import numpy as np
import pytest
from scipy.optimize import approx_fprime

from naslib_ext.errors import ConfigError
from naslib_ext.optimizers import Optimizer, get_optimizer
from naslib_ext.optimizers.reinforce import Reinforce
from naslib_ext.search_spaces import get_search_space
from naslib_ext.testing.made_up import WIDE, smooth
from naslib_ext.testing.optimizer import OptimizerContract


class TestContract(OptimizerContract):
    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("reinforce")


def policy(learning_rate: float = 0.1) -> Reinforce:
    optimizer = get_optimizer("reinforce")({"search": {"learning_rate": learning_rate}}).bind(WIDE)
    assert isinstance(optimizer, Reinforce)
    return optimizer


def test_the_published_settings_are_the_defaults() -> None:
    assert get_optimizer("reinforce")().settings == {"learning_rate": 0.1, "momentum": 0.9}


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"search\.momentum: expected at most"):
        get_optimizer("reinforce")({"search": {"momentum": 1}})


def test_the_first_policy_is_uniform() -> None:
    for row, size in zip(policy()._probabilities(), WIDE.cardinalities, strict=True):
        np.testing.assert_allclose(row[:size], 1 / size)
        assert not row[size:].any()


def test_a_step_goes_along_the_gradient_of_the_log_probability() -> None:
    optimizer = policy(learning_rate=1.0)
    code = WIDE.sample(1, np.random.default_rng(0))[0]
    optimizer._climb(code, 0.7)
    start = np.where(np.isfinite(optimizer._logits), optimizer._logits, 0.0)

    def log_probability(flat: np.ndarray) -> float:
        logits = np.where(np.isfinite(optimizer._logits), flat.reshape(start.shape), -np.inf)
        chosen = logits[np.arange(len(code)), code]
        return float((chosen - np.log(np.exp(logits).sum(axis=1))).sum())

    numeric = approx_fprime(start.ravel(), log_probability, 1e-6).reshape(start.shape)
    there = np.isfinite(optimizer._logits)
    before = optimizer._logits[there]
    optimizer._climb(code, 0.7)
    np.testing.assert_allclose(optimizer._logits[there] - before, 0.7 * numeric[there], atol=1e-5)


def test_good_choices_become_likely() -> None:
    optimizer = get_optimizer("reinforce")().bind(get_search_space("nasbench201"), budget=300)
    assert isinstance(optimizer, Reinforce)
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, (codes == 2).sum(axis=1).astype(float))
    assert optimizer._probabilities()[:, 2].mean() > 0.4


@pytest.mark.parametrize("factor", [0.25, 8.0])
def test_the_unit_of_the_rewards_does_not_matter(factor: float) -> None:
    asked = []
    for scale in (1.0, factor):
        optimizer = get_optimizer("reinforce")().bind(WIDE, budget=60)
        while len(codes := optimizer.ask(1)):
            optimizer.tell(codes, scale * smooth(WIDE, codes))
        asked.append(optimizer.history[0])
    np.testing.assert_array_equal(*asked)
