"""The contract suite on every one-shot method that is registered."""

from typing import Any

import pytest

from naslib_ext.optimizers import get_optimizer, list_optimizers
from naslib_ext.optimizers.one_shot.base import OneShotOptimizer
from naslib_ext.testing.one_shot import OneShotContract

NAMES = {"anasod_dnas", "darts", "gaea", "gdas", "rsws", "enas"}


def test_all_of_them_are_registered() -> None:
    assert set(list_optimizers("one_shot")) == NAMES
    assert not NAMES & set(list_optimizers("query"))


class TestANASODDNAS(OneShotContract):
    @pytest.fixture
    def optimizer_class(self) -> Any:
        return get_optimizer("anasod_dnas")


class TestProjectedANASODDNAS(OneShotContract):
    hyperparameters = {"update": "projected", "exclude": "none", "arch_weight_decay": 0.1}

    @pytest.fixture
    def optimizer_class(self) -> Any:
        return get_optimizer("anasod_dnas")


class TestDARTS(OneShotContract):
    @pytest.fixture
    def optimizer_class(self) -> Any:
        return get_optimizer("darts")


class TestGAEA(OneShotContract):
    hyperparameters = {"exclude": "none,avg_pool_3x3"}

    @pytest.fixture
    def optimizer_class(self) -> Any:
        return get_optimizer("gaea")


class TestGDAS(OneShotContract):
    @pytest.fixture
    def optimizer_class(self) -> Any:
        return get_optimizer("gdas")


class TestRandomSearchWithWeightSharing(OneShotContract):
    hyperparameters = {"num_samples": 5}
    learns = False

    @pytest.fixture
    def optimizer_class(self) -> Any:
        return get_optimizer("rsws")


class TestENAS(OneShotContract):
    hyperparameters = {"num_samples": 5, "num_aggregate": 3}

    @pytest.fixture
    def optimizer_class(self) -> Any:
        return get_optimizer("enas")


def test_third_parties_are_told_what_to_override() -> None:
    with pytest.raises(NotImplementedError, match="optimizer_class"):
        OneShotContract.optimizer_class.__wrapped__(OneShotContract())  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_they_have_published_settings(name: str) -> None:
    kind: type[OneShotOptimizer] = get_optimizer(name)  # type: ignore[assignment]
    settings = kind().settings
    assert (settings["learning_rate"], settings["learning_rate_min"], settings["momentum"]) == (0.025, 0.001, 0.9)
    assert (settings["weight_decay"], settings["batch_size"], settings["grad_clip"]) == (3e-4, 64, 5)
    published = {"anasod_dnas": 20, "darts": 50, "gaea": 25, "gdas": 250, "rsws": 50, "enas": 50}
    assert settings["epochs"] == published[name]
