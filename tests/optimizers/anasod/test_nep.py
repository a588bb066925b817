import numpy as np
import pytest

from naslib_ext.encodings.operation_distribution import encode
from naslib_ext.errors import ConfigError
from naslib_ext.optimizers import Optimizer, get_optimizer
from naslib_ext.search_spaces import get_search_space
from naslib_ext.state_file import encode_state
from naslib_ext.testing.made_up import smooth
from naslib_ext.testing.optimizer import OptimizerContract

NB201 = get_search_space("nasbench201")


class TestContract(OptimizerContract):
    config = {
        "search": {
            "num_init": 4, "failure_tolerance": 2, "restart_tolerance": 3, "beta_max": 1, "num_layers": 2,
            "nep_epochs": 5, "refit_every": 3,
        }
    }  # fmt: skip
    budget = 16

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("anasod_nep")


def test_bananas_networks_are_the_defaults() -> None:
    settings = get_optimizer("anasod_nep")().settings
    networks = {name: settings[name] for name in ("num_ensemble", "num_layers", "layer_width", "nep_epochs")}
    assert networks == {"num_ensemble": 5, "num_layers": 10, "layer_width": 20, "nep_epochs": 150}
    assert settings["num_init"] == 10


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"search\.num_ensemble: expected at least 2"):
        get_optimizer("anasod_nep")({"search": {"num_ensemble": 1}})


def test_it_finds_the_best_distribution_of_a_made_up_score() -> None:
    goal = np.array([1, 0, 3, 2, 0])
    optimizer = get_optimizer("anasod_nep")().bind(NB201, budget=70)
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, -np.abs(encode(NB201, codes) - goal).sum(axis=1).astype(float))
    assert optimizer.incumbent is not None
    assert np.abs(optimizer.best_encoding - goal).sum() <= 2


def test_the_state_holds_no_weights() -> None:
    optimizer = get_optimizer("anasod_nep")().bind(NB201)
    for _ in range(14):
        codes = optimizer.ask(1)
        optimizer.tell(codes, smooth(NB201, codes))
    assert len(encode_state(optimizer.state_dict())) < 4_000
