"""The mends of NASLib's own bugs, those that no newer library has caused; see ``mends`` for the others."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

from naslib_ext.naslib_bridge import base, transbench101_macro

SIDE_OUTPUT = "out_from_"
"""How the names begin under which NASLib's graphs keep the outputs of nodes other than the last."""


def report_training_time(module: ModuleType) -> str | None:
    """``BasePredictor.train_statistics`` returns three values; NASLib's Trainer takes four."""
    optimizer = getattr(module, "BasePredictor", None)
    if optimizer is None or "TRAIN_TIME" in optimizer.train_statistics.__code__.co_names:
        return None
    three = optimizer.train_statistics

    def train_statistics(self: Any, report_incumbent: bool = True) -> tuple[Any, ...]:
        """(train, validation, test accuracy, training time)."""
        graph = self.get_final_architecture() if report_incumbent else self.history[-1].arch
        time = graph.query(base.metric("TRAIN_TIME"), self.dataset, dataset_api=self.dataset_api)
        return (*three(self, report_incumbent), time)

    optimizer.train_statistics = train_statistics
    return "BasePredictor reports the training time, which Trainer expects"


def mutate_macro_architectures(module: ModuleType) -> str | None:
    """``TransBench101SearchSpaceMacro`` compares a list with a number, where it means each of its members."""
    space = getattr(module, "TransBench101SearchSpaceMacro", None)
    if space is None or not _compares_a_list(space.mutate):
        return None
    neighborhood = space.get_nbhd

    def mutate(self: Any, parent: Any, dataset_api: Any = None) -> None:
        """Becomes a child of ``parent``: its length, strides or doublings drawn anew, in a new random order."""
        import numpy as np

        self.set_op_indices(np.array(transbench101_macro.mutated(parent.get_op_indices())))

    def get_nbhd(self: Any, dataset_api: Any = None) -> Any:
        """NASLib's neighbourhood, also of an architecture that was set as a tuple."""
        import numpy as np

        self.op_indices = np.asarray(self.get_op_indices())
        return neighborhood(self, dataset_api)

    space.mutate, space.get_nbhd = mutate, get_nbhd
    return "TransNAS-Bench-101's macro architectures can be mutated"


def _compares_a_list(mutate: Callable[..., Any]) -> bool:
    """Whether ``mutate`` fails on a parent as its own sampler makes it."""

    import numpy as np

    class Parent:
        def get_op_indices(self) -> Any:
            return np.array([1, 2, 3, 4, 0, 0])

        def set_op_indices(self, op_indices: Any) -> None:
            """Takes the child."""

    states = random.getstate(), np.random.get_state()
    try:
        mutate(Parent(), Parent())
    except TypeError:
        return True
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
    return False


def evaluate_predictors_on_transbench101(module: ModuleType) -> None:
    """``PredictorEvaluator`` knows TransNAS-Bench-101 by a name that its graphs do not have."""
    evaluator = getattr(module, "PredictorEvaluator", None)
    if evaluator is None or getattr(evaluator.adapt_search_space, "mended", False):
        return
    own = evaluator.adapt_search_space

    def adapt_search_space(self: Any, search_space: Any, *args: Any, **options: Any) -> None:
        try:
            own(self, search_space, *args, **options)
        except NotImplementedError:
            if not search_space.get_type().startswith("transbench101"):
                raise
            self.full_lc = self.hyperparameters = False  # its graphs fail on both

    adapt_search_space.mended = True  # type: ignore[attr-defined]
    evaluator.adapt_search_space = adapt_search_space


def checkpoint_light_objects(module: ModuleType) -> None:
    """NASLib's checkpoints hold no search; with light objects its optimizers save and restore all of theirs."""
    for optimizer in vars(module).values():
        if isinstance(optimizer, type) and optimizer.__module__ == module.__name__:
            _checkpoint_light_objects(optimizer)


def _checkpoint_light_objects(optimizer: Any) -> None:
    own = vars(optimizer).get("get_checkpointables")
    if own is None or getattr(own, "mended", False):
        return

    def get_checkpointables(self: Any) -> Any:
        whole = getattr(self.search_space, "checkpointables", None)
        return own(self) if whole is None else whole(self)

    get_checkpointables.mended = True  # type: ignore[attr-defined]
    optimizer.get_checkpointables = get_checkpointables


def keep_trajectory(module: ModuleType) -> None:
    """A resumed search of NASLib's Trainer starts ``errors.json`` anew; it goes on with what the file holds."""
    trainer = getattr(module, "Trainer", None)
    if trainer is None or getattr(trainer._setup_checkpointers, "mended", False):
        return
    own = trainer._setup_checkpointers

    def setup_checkpointers(self: Any, resume_from: str = "", search: bool = True, *args: Any, **options: Any) -> int:
        start: int = own(self, resume_from, search, *args, **options)
        if search and start:
            _recall_trajectory(self, start)
        return start

    setup_checkpointers.mended = True  # type: ignore[attr-defined]
    trainer._setup_checkpointers = setup_checkpointers


def _recall_trajectory(trainer: Any, epochs: int) -> None:
    """Fills an empty trajectory with the first ``epochs`` values of ``errors.json``, -1 for what it does not hold."""
    trajectory = getattr(trainer, "search_trajectory", None) or trainer.errors_dict
    path = Path(trainer.config.save, "errors.json")
    if trajectory["valid_acc"] or not path.is_file():
        return
    content = json.loads(path.read_text())
    kept = content[1] if isinstance(content, list) else content
    if len(kept.get("valid_acc", [])) < epochs:
        return
    for name, values in trajectory.items():
        if isinstance(values, list) and name != "arch_eval":
            values.extend(kept.get(name, [-1] * epochs)[:epochs])


def copy_graphs_that_ran(module: ModuleType) -> str | None:
    """A graph keeps its auxiliary output, and torch refuses to copy what autograd computed: after its first step no
    one-shot method of NASLib's has a final architecture on NAS-Bench-301."""
    graph = getattr(module, "Graph", None)
    if graph is None or getattr(graph.clone, "mended", False):
        return None
    own = graph.clone

    def clone(self: Any) -> Any:
        """A deep copy, without the outputs of the last batch."""
        kept = {name: self.graph.pop(name) for name in list(self.graph) if str(name).startswith(SIDE_OUTPUT)}
        try:
            return own(self)
        finally:
            self.graph.update(kept)

    clone.mended = True  # type: ignore[attr-defined]
    graph.clone = clone
    return "graphs with an auxiliary output can be copied"


def checkpoint_whole_searches(module: ModuleType) -> None:
    """NASLib's Trainer saves a one-shot method's network and drops the rest; a resumed search then has other
    architecture weights, and so has ``evaluate`` in a new process. Here its checkpoints hold all that the method names,
    the learning rate's schedule and the state of torch's generator."""
    trainer = getattr(module, "Trainer", None)
    if trainer is None or getattr(trainer._setup_checkpointers, "whole", False):
        return
    own = trainer._setup_checkpointers

    @wraps(own)  # the marks of other mends, too
    def setup_checkpointers(self: Any, resume_from: str = "", search: bool = True, *args: Any, **options: Any) -> int:
        start: int = own(self, resume_from, search, *args, **options)
        if search and self.optimizer.using_step_function:
            _checkpoint_the_rest(self, bool(resume_from), options)
        return start

    setup_checkpointers.whole = True  # type: ignore[attr-defined]
    trainer._setup_checkpointers = setup_checkpointers


def _checkpoint_the_rest(trainer: Any, resume: bool, options: dict[str, Any]) -> None:
    searching = "scheduler" in options  # not so when evaluate restores a finished search
    parts = {**trainer.optimizer.get_checkpointables(), **options}
    if searching:
        parts["random_generator"] = _TorchGenerator()
    checkpointer = trainer.periodic_checkpointer.checkpointer
    known = {"model", *checkpointer.checkpointables}
    parts = {name: part for name, part in parts.items() if name not in known and hasattr(part, "state_dict")}
    for name, part in parts.items():
        checkpointer.add_checkpointable(name, part)
    if not (resume and checkpointer.has_checkpoint()):
        return
    saved = checkpointer._load_file(checkpointer.get_checkpoint_file())
    for name in parts.keys() & saved.keys():
        parts[name].load_state_dict(saved[name])
    if searching:
        trainer.optimizer.test_statistics()  # what the Trainer does after a checkpoint: NASLib's methods draw in it


class _TorchGenerator:
    """The states of torch's generators, on the CPU and on every GPU."""

    def state_dict(self) -> dict[str, Any]:
        import torch

        return {"state": torch.get_rng_state(), "gpus": torch.cuda.get_rng_state_all()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        import torch

        torch.set_rng_state(state["state"])
        for gpu, of_gpu in enumerate(state.get("gpus", ())[: torch.cuda.device_count()]):
            torch.cuda.set_rng_state(of_gpu, gpu)
