"""NASLib's ``dataset_api`` dictionaries over any benchmark: with them NASLib's own graphs need no file."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from naslib_ext.benchmarks import Benchmark
from naslib_ext.errors import UnsupportedSpace
from naslib_ext.naslib_bridge.adapters.moves import MOVES
from naslib_ext.search_spaces import Codes

UNKNOWN = -1.0
"""NASLib's value for a quantity that a benchmark does not have."""

NASLIB_DATASETS = {"cifar10": "cifar10-valid"}
"""Data sets that NASLib's NAS-Bench-201 looks up under another name."""


def dataset_api(benchmark: Benchmark, metric: str = "val_accuracy") -> dict[str, Any]:
    """What NASLib's ``get_dataset_api`` returns for the benchmark's space, with the benchmark's values.

    Args:
        benchmark: answers the queries; a table that lacks an architecture raises when that is asked for.
        metric: what NASLib's validation accuracy means here. Losses are turned, as NASLib's optimizers maximise.

    Differences from NASLib's files: learning curves are one epoch long; the test accuracy is the benchmark's own where
    the space's graph looks it up apart from the validation accuracy, else that one; quantities that the benchmark does
    not have are -1. NAS-Bench-101's dictionary imports NASLib.

    Raises ``UnsupportedSpace`` for a space whose graph NASLib does not have.
    """
    if benchmark.space.name not in _BUILDERS:
        raise UnsupportedSpace(f"NASLib has no graph of {benchmark.space.name}")
    return _BUILDERS[benchmark.space.name](_Answers(benchmark, metric))


class _Answers:
    """The benchmark's values for one architecture, under the names that NASLib's graphs ask for."""

    def __init__(self, benchmark: Benchmark, metric: str) -> None:
        self.benchmark = benchmark
        self.space = benchmark.space
        self.metric = metric

    def validation(self, code: Codes) -> float:
        """What is maximised."""
        return float(self.benchmark.score(code[None], self.metric)[0])

    def test(self, code: Codes) -> float:
        """The test metric, the validation metric where there is none."""
        return float(self.benchmark.score(code[None], self.benchmark.test_metric(self.metric) or self.metric)[0])

    def seconds(self, code: Codes) -> float:
        """How long the training takes."""
        return float(self.benchmark.cost(code[None])[0]) if self.benchmark.has_cost else UNKNOWN

    def free(self, name: str, code: Codes) -> float:
        """A size that is known without a query."""
        return float(self.benchmark.free[name](code[None])[0]) if name in self.benchmark.free else UNKNOWN

    def codes(self) -> Codes:
        """(m, L) the architectures that the benchmark lists. Raises ``UnsupportedSpace`` where it cannot."""
        listed = getattr(self.benchmark, "codes", None)
        return self.space.enumerate() if listed is None else listed


class _Nasbench201(Mapping[str, Any]):
    """Architecture string -> data set -> quantity -> learning curve of one epoch, looked up when asked for."""

    def __init__(self, answers: _Answers) -> None:
        self._answers = answers

    def __getitem__(self, key: str) -> dict[str, Any]:
        answers, code = self._answers, self._answers.space.from_string(key)
        costs = {"flops": "flops", "params": "params", "latency": "latency_ms"}
        values = {
            "train_acc1es": [UNKNOWN],
            "eval_acc1es": [answers.validation(code)],
            "train_losses": [UNKNOWN],
            "eval_losses": [UNKNOWN],
            "cost_info": {
                **{name: answers.free(score, code) for name, score in costs.items()},
                "train_time": answers.seconds(code),
            },
        }
        dataset = answers.benchmark.dataset
        return {NASLIB_DATASETS.get(dataset, dataset): values}

    def __iter__(self) -> Iterator[str]:
        return map(self._answers.space.to_string, self._answers.codes())

    def __len__(self) -> int:
        return len(self._answers.codes())


class _Nasbench101:
    """What NASLib's graph uses of its ``NASBench``: validity and the values of a ``ModelSpec``."""

    def __init__(self, answers: _Answers) -> None:
        self._answers = answers

    def is_valid(self, model_spec: Any) -> bool:
        """Whether the cell is in the search space."""
        code = self._code(model_spec)
        return bool(self._answers.space.is_valid(code[None])[0])

    def query(self, model_spec: Any, epochs: int = 108) -> dict[str, Any]:
        """Values as fractions; draws one of three runs, as NASLib's reader does, though there is but one."""
        random.randint(0, MOVES["nasbench101"].runs - 1)
        code = self._code(model_spec)
        return {
            "module_adjacency": model_spec.original_matrix,
            "module_operations": model_spec.original_ops,
            "trainable_parameters": self._answers.free("params", code),
            "training_time": self._answers.seconds(code),
            "train_accuracy": UNKNOWN / 100,
            "validation_accuracy": self._answers.validation(code) / 100,
            "test_accuracy": self._answers.test(code) / 100,
        }

    def _code(self, model_spec: Any) -> Codes:
        """(L,) the cell, valid or not."""
        from naslib_ext.search_spaces.nasbench101 import SOURCES, TARGETS, VERTEX_NAMES

        inner = [VERTEX_NAMES.index(name) - 2 for name in model_spec.original_ops[1:-1]]
        matrix = np.asarray(model_spec.original_matrix)
        return np.array([*matrix[SOURCES, TARGETS], *inner], dtype=np.int8)


class _Predictor:
    """What NASLib's graph uses of a surrogate of the ``nasbench301`` package."""

    def __init__(self, answers: _Answers, value: Callable[[Codes], float]) -> None:
        self._space, self._value = answers.space, value

    def predict(self, config: Any, representation: str = "genotype", with_noise: bool = False) -> float:
        """The value of a DARTS ``Genotype``."""
        from naslib_ext.search_spaces.nasbench301 import OPERATIONS

        cells = [[(source, OPERATIONS.index(name)) for name, source in cell] for cell in (config.normal, config.reduce)]
        return self._value(self._space.from_spec(cells))


class _TransBench101:
    """What NASLib's graphs use of ``TransNASBenchAPI``."""

    def __init__(self, answers: _Answers) -> None:
        self._answers = answers

    def get_single_metric(self, arch: str, task: str, metric: str, mode: str = "best") -> float:
        """The value of ``metric`` by NASLib's name: ``valid_*`` and ``test_*`` but the losses, and ``time_elapsed``."""
        code = self._answers.space.from_string(arch)
        if metric == "time_elapsed":
            return self._answers.seconds(code)
        split = "" if metric.endswith("loss") and "neg" not in metric else metric.partition("_")[0]
        values = {"valid": self._answers.validation, "test": self._answers.test}
        return values[split](code) if split in values else UNKNOWN

    def get_arch_result(self, arch: str) -> _TransBench101Result:
        """All that is known of an architecture."""
        return _TransBench101Result(self._answers.benchmark.dataset)


class _TransBench101Result:
    def __init__(self, task: str) -> None:
        self._task = task

    def query_all_results(self) -> dict[str, Any]:
        """Task -> its results: none, as light objects answer."""
        return {self._task: {}}


def _nasbench101(answers: _Answers) -> dict[str, Any]:
    return {"api": import_module("naslib.utils.nb101_api"), "nb101_data": _Nasbench101(answers)}


def _nasbench301(answers: _Answers) -> dict[str, Any]:
    models = [_Predictor(answers, answers.validation), _Predictor(answers, answers.seconds)]
    return {"nb301_data": {}, "nb301_arches": [], "nb301_model": models}


def _transbench101(answers: _Answers) -> dict[str, Any]:
    return {"api": _TransBench101(answers), "task": answers.benchmark.dataset}


_BUILDERS: dict[str, Callable[[_Answers], dict[str, Any]]] = {
    "nasbench101": _nasbench101,
    "nasbench201": lambda answers: {"nb201_data": _Nasbench201(answers)},
    "nasbench301": _nasbench301,
    "transbench101_micro": _transbench101,
    "transbench101_macro": _transbench101,
}
