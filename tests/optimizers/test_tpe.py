import builtins
from typing import Any

import pytest

from naslib_ext.errors import MissingDependency
from naslib_ext.optimizers import Optimizer, get_optimizer
from naslib_ext.search_spaces import get_search_space
from naslib_ext.testing.optimizer import OptimizerContract


def test_without_optuna_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".")[0] == "optuna":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependency, match="optuna"):
        get_optimizer("tpe")()


optuna = pytest.importorskip("optuna")


class TestContract(OptimizerContract):
    config = {"search": {"num_init": 4}}
    budget = 14

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("tpe")


def test_optunas_settings_are_the_defaults() -> None:
    sampler = optuna.samplers.TPESampler()
    assert get_optimizer("tpe")().settings == {
        "num_init": sampler._n_startup_trials, "n_ei_candidates": sampler._n_ei_candidates,
    }  # fmt: skip


def test_suggestions_are_those_of_a_study_with_the_same_trials() -> None:
    """Optuna's own ask, on a study that holds what the search was told."""
    space = get_search_space("nasbench201")
    optimizer = get_optimizer("tpe")().bind(space, budget=30)
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, (codes == 2).sum(axis=1).astype(float))
    suggested = optimizer._suggest(5)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=5, n_startup_trials=0)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    choices = {f"{i:03}": optuna.distributions.CategoricalDistribution(list(range(5))) for i in range(6)}
    for code, score in zip(*optimizer.history, strict=True):
        params = dict(zip(choices, code.tolist(), strict=True))
        study.add_trial(optuna.trial.create_trial(params=params, distributions=choices, value=score))
    assert list(study.ask(choices).params.values()) == suggested.tolist()


def test_good_choices_are_suggested_more_and_more() -> None:
    optimizer = get_optimizer("tpe")().bind(get_search_space("nasbench201"), budget=60)
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, (codes == 2).sum(axis=1).astype(float))
    often = (optimizer.history[0] == 2).mean(axis=1)
    assert often[40:].mean() > 1.8 * often[:10].mean()


def test_optunas_verbosity_stays() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    get_optimizer("tpe")().bind(get_search_space("nasbench201"))
    assert optuna.logging.get_verbosity() == optuna.logging.ERROR
