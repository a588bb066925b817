"""The mends of NASLib's own bugs, on small stand-ins for its modules."""

import json
import random
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

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


def test_graphs_are_copied_without_the_outputs_of_the_last_batch():
    class Graph:
        def __init__(self):
            self.graph = {"name": "makrograph", "out_from_12": lambda: None}

        def clone(self):
            return dict(self.graph)

    own = Graph.clone
    module = module_with(Graph=Graph)
    assert repairs.copy_graphs_that_ran(module) and repairs.copy_graphs_that_ran(module) is None
    graph = Graph()
    assert graph.clone() == {"name": "makrograph"} and own(graph) == graph.graph
    assert set(graph.graph) == {"name", "out_from_12"}
    assert repairs.copy_graphs_that_ran(module_with()) is None


class Part:
    """Something that a checkpoint can hold."""

    def __init__(self, value):
        self.value = value

    def state_dict(self):
        return {"value": self.value}

    def load_state_dict(self, state):
        self.value = state["value"]


class Checkpointer:
    """Of fvcore, as far as it goes here."""

    def __init__(self, saved):
        self.saved, self.checkpointables = saved, {}

    def add_checkpointable(self, name, part):
        self.checkpointables[name] = part

    def has_checkpoint(self):
        return bool(self.saved)

    def get_checkpoint_file(self):
        return "last.pth"

    def _load_file(self, path):
        assert path == "last.pth"
        return self.saved


def searching(step_function, saved):
    """NASLib's Trainer with mended checkpoints, and an optimizer that counts ``test_statistics``."""

    class Optimizer:
        using_step_function = step_function
        counted = 0

        def __init__(self):
            self.parts = {"model": Part(0), "alphas": Part(1), "tau": 0.5}

        def get_checkpointables(self):
            return dict(self.parts)

        def test_statistics(self):
            self.counted += 1

    class Trainer:
        def __init__(self):
            self.optimizer = Optimizer()

        def _setup_checkpointers(self, resume_from="", search=True, period=1, **more):
            self.periodic_checkpointer = SimpleNamespace(checkpointer=Checkpointer(saved))
            return 1 if resume_from else 0

    module = module_with(Trainer=Trainer)
    repairs.checkpoint_whole_searches(module)
    mended = Trainer._setup_checkpointers
    repairs.checkpoint_whole_searches(module)
    assert Trainer._setup_checkpointers is mended
    return Trainer()


def test_a_one_shot_checkpoint_holds_all_that_the_method_names():
    schedule = Part(3)
    trainer = searching(True, {})
    assert trainer._setup_checkpointers("", period=1, scheduler=schedule) == 0
    held = trainer.periodic_checkpointer.checkpointer.checkpointables
    assert set(held) == {"alphas", "scheduler", "random_generator"}
    saved = {name: part.state_dict() for name, part in held.items()}
    expected = np.asarray(torch.rand(3))

    resumed, schedule = searching(True, {**saved, "alphas": {"value": 7}}), Part(0)
    assert resumed._setup_checkpointers("any", period=1, scheduler=schedule) == 1
    assert resumed.optimizer.parts["alphas"].value == 7 and schedule.value == 3 and resumed.optimizer.counted == 1
    assert np.array_equal(torch.rand(3), expected)
    resumed._setup_checkpointers("any")  # as evaluate does: no generator, no statistics
    assert resumed.optimizer.counted == 1
    assert set(resumed.periodic_checkpointer.checkpointer.checkpointables) == {"alphas"}


def test_the_generators_of_gpus_are_kept(monkeypatch):
    now = [1, 2, 3]
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: list(now))
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, gpu: now.__setitem__(gpu, state))
    generators = repairs._TorchGenerator()
    state = generators.state_dict()
    now[:] = [0, 0, 0]
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)  # resumed on a smaller machine
    generators.load_state_dict(state)
    assert now == [1, 2, 0]
    generators.load_state_dict({"state": torch.get_rng_state()})  # of a checkpoint without them
    assert now == [1, 2, 0]


@pytest.mark.parametrize(("step_function", "search"), [(False, True), (True, False)])
def test_other_checkpoints_stay_as_they_are(step_function, search):
    trainer = searching(step_function, {"alphas": {"value": 7}})
    assert trainer._setup_checkpointers("any", search, scheduler=Part(0)) == 1
    assert not trainer.periodic_checkpointer.checkpointer.checkpointables
    assert trainer.optimizer.parts["alphas"].value == 1


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
