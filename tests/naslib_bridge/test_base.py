"""The stand-in classes have NASLib's names (Develop 0b51bc18), and NASLib's own classes are put above ours."""

import inspect
import sys
from types import ModuleType

import pytest

from naslib_ext.naslib_bridge import base

OPTIMIZER_METHODS = {
    "step": ["data_train", "data_val"],
    "test_statistics": [],
    "new_epoch": ["epoch"],
    "before_training": [],
    "after_training": [],
    "get_final_architecture": [],
    "get_op_optimizer": [],
    "get_model_size": [],
    "get_checkpointables": [],
    # as NASLib calls them, not as its base class declares them
    "adapt_search_space": ["search_space", "scope", "dataset_api"],
    "train_statistics": ["report_incumbent"],
}

PREDICTOR_METHODS = {
    "__init__": ["ss_type", "encoding_type"],
    "set_ss_type": ["ss_type"],
    "pre_process": [],
    "pre_compute": ["xtrain", "xtest", "unlabeled"],
    "fit": ["xtrain", "ytrain", "info"],
    "query": ["xtest", "info"],
    "get_data_reqs": [],
    "set_hyperparams": ["hyperparams"],
    "get_hyperparams": [],
    "reset_hyperparams": [],
    "get_hpo_wrapper": [],
}

METRICS = (
    "RAW ALL TRAIN_ACCURACY VAL_ACCURACY TEST_ACCURACY TRAIN_LOSS VAL_LOSS TEST_LOSS TRAIN_TIME VAL_TIME TEST_TIME "
    "FLOPS LATENCY PARAMETERS EPOCH HP"
).split()


def parameters(function):
    return [name for name in inspect.signature(function).parameters if name != "self"]


@pytest.mark.parametrize(("name", "expected"), OPTIMIZER_METHODS.items())
def test_optimizer_methods(name, expected):
    assert parameters(getattr(base.MetaOptimizer, name)) == expected


@pytest.mark.parametrize(("name", "expected"), PREDICTOR_METHODS.items())
def test_predictor_methods(name, expected):
    assert parameters(getattr(base.Predictor, name)) == expected


def test_metrics_and_their_values():
    assert [member.name for member in base.Metric] == METRICS
    assert [member.value for member in base.Metric] == list(range(1, 17))


class Minimal(base.MetaOptimizer):
    using_step_function = False

    def adapt_search_space(self, search_space, scope=None, dataset_api=None):
        pass

    def get_final_architecture(self):
        pass

    def get_op_optimizer(self):
        pass


def test_what_must_be_written():
    with pytest.raises(TypeError):
        base.MetaOptimizer()
    assert Minimal().get_model_size() == 0
    assert isinstance(Minimal().get_checkpointables(), dict)


def test_steps_only_where_declared():
    class Stepping(Minimal):
        using_step_function = True

    with pytest.raises(NotImplementedError):
        Stepping().step(None, None)
    assert Minimal().step(None, None) is None
    with pytest.raises(NotImplementedError):
        Minimal().train_statistics()
    assert Stepping().train_statistics() is None


def test_predictor_defaults():
    predictor = base.Predictor(ss_type="nasbench201")
    requirements = predictor.get_data_reqs()
    assert set(requirements) == {
        "requires_partial_lc", "metric", "requires_hyperparameters", "hyperparams", "unlabeled", "unlabeled_factor",
    }  # fmt: skip
    assert not any(requirements.values())
    predictor.set_ss_type("nasbench101")
    predictor.set_hyperparams({"depth": 3})
    assert predictor.ss_type == "nasbench101" and predictor.get_hyperparams() == {"depth": 3}
    predictor.reset_hyperparams()
    assert predictor.get_hyperparams() is None and not predictor.get_hpo_wrapper()


@pytest.fixture
def bases():
    before = base.MetaOptimizer.__bases__, base.Predictor.__bases__
    yield
    base.MetaOptimizer.__bases__, base.Predictor.__bases__ = before


@pytest.mark.usefixtures("bases")
@pytest.mark.parametrize(
    ("module_name", "class_name", "ours"),
    [
        (base.OPTIMIZER_MODULE, "MetaOptimizer", base.MetaOptimizer),
        (base.PREDICTOR_MODULE, "Predictor", base.Predictor),
    ],
)
def test_adopt(module_name, class_name, ours):
    module = ModuleType(module_name)
    theirs = type(ours)(class_name, (), {"only_theirs": lambda self: "theirs"})
    setattr(module, class_name, theirs)
    before = type("Before", (Minimal if ours is base.MetaOptimizer else ours,), {})
    base.adopt(module)
    base.adopt(module)  # again changes nothing
    after = type("After", (before,), {})
    for adopted in (before, after):
        assert issubclass(adopted, theirs) and issubclass(adopted, ours)
        assert isinstance(adopted(), theirs) and adopted().only_theirs() == "theirs"
    assert ours.__bases__ == (theirs,)


def test_adopt_knows_two_modules():
    with pytest.raises(KeyError):
        base.adopt(ModuleType("naslib.elsewhere"))


def test_metric_without_naslib(monkeypatch):
    monkeypatch.delitem(sys.modules, base.METRIC_MODULE, raising=False)
    assert base.metric("VAL_ACCURACY") is base.Metric.VAL_ACCURACY


def test_metric_is_naslibs_where_loaded(monkeypatch):
    module = ModuleType(base.METRIC_MODULE)
    module.Metric = {"HP": "theirs"}
    monkeypatch.setitem(sys.modules, base.METRIC_MODULE, module)
    assert base.metric("HP") == "theirs"
