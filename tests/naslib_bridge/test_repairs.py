"""The mends of NASLib's own bugs, on small stand-ins for its modules."""

import json
import random
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from naslib_ext.naslib_bridge import repairs
from naslib_ext.search_spaces import get_search_space

MACRO = get_search_space("transbench101_macro")


def module_with(**classes):
    module = ModuleType("naslib.some.module")
    for name, value in classes.items():
        value.__module__ = module.__name__
        setattr(module, name, value)
    return module


def macro_graph(fails):
    """NASLib's macro graph, as far as its mutation goes."""

    class TransBench101SearchSpaceMacro:
        op_indices = None

        def get_op_indices(self):
            return self.op_indices

        def set_op_indices(self, op_indices):
            self.op_indices = op_indices

        def mutate(self, parent, dataset_api=None):
            np.random.random(), random.random()
            if fails:
                raise TypeError("object of type numpy.int64 has no len()")

        def get_nbhd(self, dataset_api=None):
            return list(self.op_indices[self.op_indices != 0])

    return TransBench101SearchSpaceMacro


def test_macro_architectures_are_mutated_to_valid_ones():
    graph = macro_graph(fails=True)
    state = random.getstate(), np.random.get_state()[1].tobytes(), np.random.get_state()[2]
    assert repairs.mutate_macro_architectures(module_with(TransBench101SearchSpaceMacro=graph))
    assert state == (random.getstate(), np.random.get_state()[1].tobytes(), np.random.get_state()[2])
    parent, child = graph(), graph()
    parent.set_op_indices((1, 2, 3, 4, 0, 0))
    np.random.seed(0)
    children = set()
    for _ in range(60):
        child.mutate(parent)
        assert MACRO.is_valid(np.array([child.op_indices]))[0] and isinstance(child.op_indices, np.ndarray)
        children.add(tuple(child.op_indices.tolist()))
    assert len(children) > 20
    assert parent.get_nbhd() == [1, 2, 3, 4]


def test_a_mutation_that_works_is_left_alone():
    graph = macro_graph(fails=False)
    own = graph.mutate
    assert repairs.mutate_macro_architectures(module_with(TransBench101SearchSpaceMacro=graph)) is None
    assert graph.mutate is own
    assert repairs.mutate_macro_architectures(module_with()) is None


@pytest.mark.parametrize("search_space", [SimpleNamespace(), SimpleNamespace(checkpointables=lambda o: ("whole", o))])
def test_only_light_objects_change_what_a_checkpoint_holds(search_space):
    class Evolution:
        def get_checkpointables(self):
            return "history"

    module = module_with(Evolution=Evolution)
    repairs.checkpoint_light_objects(module)
    mended = Evolution.get_checkpointables
    repairs.checkpoint_light_objects(module)
    assert Evolution.get_checkpointables is mended
    optimizer = Evolution()
    optimizer.search_space = search_space
    whole = hasattr(search_space, "checkpointables")
    assert optimizer.get_checkpointables() == (("whole", optimizer) if whole else "history")


def trainer(folder, start):
    class Trainer:
        config = SimpleNamespace(save=str(folder))

        def __init__(self):
            self.search_trajectory = {"valid_acc": [], "test_loss": [], "arch_eval": [], "params": 0.0}

        def _setup_checkpointers(self, resume_from="", search=True, period=1):
            return start

    repairs.keep_trajectory(module_with(Trainer=Trainer))
    return Trainer()


@pytest.mark.parametrize("lightweight", [True, False])
def test_a_resumed_search_goes_on_with_its_errors_json(tmp_path, lightweight):
    kept = {"valid_acc": [1.0, 2.0, 3.0], **({} if lightweight else {"test_loss": [7, 8, 9]})}
    (tmp_path / "errors.json").write_text(json.dumps([{}, kept] if lightweight else kept))
    resumed = trainer(tmp_path, start=2)
    assert resumed._setup_checkpointers("model.pth", period=5) == 2
    assert resumed.search_trajectory == {
        "valid_acc": [1.0, 2.0], "test_loss": [-1, -1] if lightweight else [7, 8], "arch_eval": [], "params": 0.0,
    }  # fmt: skip
    resumed._setup_checkpointers("model.pth")  # as evaluate does, after the search
    assert resumed.search_trajectory["valid_acc"] == [1.0, 2.0]


@pytest.mark.parametrize(("start", "search", "held"), [(0, True, 3), (2, False, 3), (2, True, 1)])
def test_a_trajectory_that_does_not_belong_is_not_read(tmp_path, start, search, held):
    (tmp_path / "errors.json").write_text(json.dumps({"valid_acc": [1.0] * held}))
    fresh = trainer(tmp_path, start)
    assert fresh._setup_checkpointers("model.pth", search=search) == start
    assert fresh.search_trajectory["valid_acc"] == []


@pytest.mark.parametrize(
    ("kind", "mended"), [("transbench101_micro", True), ("transbench101_macro", True), ("simple_cell", False)]
)
def test_predictors_are_evaluated_on_transbench101(kind, mended):
    class PredictorEvaluator:
        def adapt_search_space(self, search_space, load_labeled, scope=None, dataset_api=None):
            self.adapted = search_space, load_labeled, dataset_api
            raise NotImplementedError

    repairs.evaluate_predictors_on_transbench101(module_with(PredictorEvaluator=PredictorEvaluator))
    evaluator, space = PredictorEvaluator(), SimpleNamespace(get_type=lambda: kind)
    if not mended:
        with pytest.raises(NotImplementedError):
            evaluator.adapt_search_space(space, False, dataset_api=3)
        return
    evaluator.adapt_search_space(space, False, dataset_api=3)
    assert evaluator.adapted == (space, False, 3)
    assert not evaluator.full_lc and not evaluator.hyperparameters
