"""The stand-in classes have NASLib's names (Develop 0b51bc18), and NASLib's own classes are put above ours."""

import inspect
import sys
from types import ModuleType

import pytest

from naslib_ext.defaults.predictor_evaluator import PredictorEvaluator
from naslib_ext.defaults.trainer import Trainer
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

TRAINER_METHODS = {
    "__init__": ["optimizer", "config", "lightweight_output"],
    "search": ["resume_from", "summary_writer", "after_epoch", "report_incumbent"],
    "evaluate": ["retrain", "search_model", "resume_from", "best_arch", "dataset_api", "metric"],
}

PREDICTOR_EVALUATOR_METHODS = {
    "__init__": ["predictor", "config"],
    "adapt_search_space": ["search_space", "load_labeled", "scope", "dataset_api"],
    "evaluate": [],
}

GRAPH_METHODS = {
    "clone": [],
    "copy": [],
    "parse": [],
    "sample_random_architecture": ["dataset_api", "load_labeled"],
    "mutate": ["parent", "dataset_api"],
    "get_nbhd": ["dataset_api"],
    "query": ["metric", "dataset", "path", "epoch", "full_lc", "dataset_api"],
    "get_hash": [],
    "get_type": [],
    "get_loss_fn": [],
    "get_op_indices": [],
    "get_arch_iterator": ["dataset_api"],
    "encode": ["encoding_type"],
}
"""What NASLib's code calls on the architectures of NAS-Bench-201."""

ENSEMBLE_ARGUMENTS = [
    "encoding_type", "num_ensemble", "predictor_type", "ss_type", "hpo_wrapper", "config", "zc", "zc_only",
]  # fmt: skip

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


@pytest.mark.parametrize(("name", "expected"), TRAINER_METHODS.items())
def test_trainer_methods(name, expected):
    assert parameters(getattr(Trainer, name))[: len(expected)] == expected


@pytest.mark.parametrize(("name", "expected"), PREDICTOR_EVALUATOR_METHODS.items())
def test_predictor_evaluator_methods(name, expected):
    assert parameters(getattr(PredictorEvaluator, name)) == expected


@pytest.mark.parametrize(("name", "expected"), GRAPH_METHODS.items())
def test_light_objects_have_the_methods_of_graphs(name, expected):
    light = pytest.importorskip("naslib_ext.naslib_bridge.adapters.light")
    assert parameters(getattr(light.LightArchitecture, name)) == expected


@pytest.mark.naslib
def test_what_is_recorded_here_is_naslibs(naslib):
    from naslib.predictors.ensemble import Ensemble

    graph = naslib.search_spaces.NasBench201SearchSpace
    evaluator = naslib.defaults.predictor_evaluator.PredictorEvaluator
    assert parameters(evaluator.adapt_search_space)  # mended: its own parameters are behind it
    for recorded, theirs in (
        (TRAINER_METHODS, naslib.defaults.trainer.Trainer),
        ({key: PREDICTOR_EVALUATOR_METHODS[key] for key in ("__init__", "evaluate")}, evaluator),
        ({key: names for key, names in GRAPH_METHODS.items() if key != "encode"}, graph),
    ):
        for name, expected in recorded.items():
            assert parameters(getattr(theirs, name)) == expected, name
    assert parameters(Ensemble.__init__) == ENSEMBLE_ARGUMENTS
    assert parameters(Ensemble.fit)[:2] == ["xtrain", "ytrain"] and parameters(Ensemble.query) == ["xtest", "info"]


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
