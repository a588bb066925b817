"""Architecture objects with NASLib's graph protocol over a code and a benchmark, without a network."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, ClassVar

import torch
from numpy.typing import ArrayLike

from naslib_ext.benchmarks import Benchmark
from naslib_ext.errors import MissingDependency, MissingMetric, NaslibExtError, UnknownName, UnsupportedSpace
from naslib_ext.naslib_bridge.adapters.moves import MOVES, OWN_MOVES, Spec, draw_identities
from naslib_ext.naslib_bridge.adapters.moves.nasbench101 import matrix_and_operations
from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.search_spaces.nasbench101 import NASBench101SearchSpace

UNKNOWN = -1
"""NASLib's value for a quantity that a benchmark does not have."""

LONGEST = -1
"""NASLib's epoch for the longest training schedule."""

ONE_HOT = "adjacency_one_hot"

_COLUMNS = {
    "TRAIN_ACCURACY": "train_accuracy",
    "TRAIN_LOSS": "train_loss",
    "VAL_LOSS": "val_loss",
    "TEST_LOSS": "test_loss",
    "FLOPS": "flops",
    "PARAMETERS": "params",
    "LATENCY": "latency_ms",
}
"""NASLib's metrics -> metrics of a benchmark that may have them."""

_FREE = {"flops": "flops", "params": "params", "latency": "latency_ms"}
"""Entries of NASLib's ``Metric.HP`` -> free scores of a benchmark."""


class LightArchitecture(torch.nn.Module):
    """What NASLib's optimizers, ``Trainer``, ``PredictorEvaluator`` and predictors use of an architecture.

    On the spaces in ``MOVES`` NASLib's own optimizers visit the architectures that they visit on NASLib's graphs with
    the same seeds: ``numpy.random`` and ``random`` are used in the same way, also when an object is constructed. Values
    come from the benchmark. NASLib's checkpoints resume NASLib's own optimizers, see ``checkpointables``.

    Differences from NASLib's graphs: there is no network, so nothing here can be trained or run; the test accuracy is
    the benchmark's own where it has one, while NASLib's NAS-Bench-201 returns the validation accuracy for both; each
    architecture has one value, while NASLib's NAS-Bench-101 returns that of a random one of three runs; an epoch must
    be a training schedule of the benchmark; ``set_spec`` may be called again; clones share ``labeled_archs``; torch's
    random numbers are not used, as there are no weights to initialise.

    Args:
        space: the search space.
        benchmark: answers the queries; shared by all clones.
        code: (L,) the architecture; ``None`` leaves it blank.
        metric: what NASLib's validation accuracy means here. Losses are turned, as NASLib's optimizers maximise.

    Raises ``InvalidArchitecture`` where ``code`` is not an architecture of the space.
    """

    QUERYABLE: ClassVar[bool] = True
    OPTIMIZER_SCOPE: ClassVar[list[str]] = []

    def __init__(
        self,
        space: SearchSpace,
        benchmark: Benchmark,
        code: ArrayLike | None = None,
        metric: str = "val_accuracy",
    ) -> None:
        super().__init__()
        self.space = space
        self.benchmark = benchmark
        self.metric = metric
        self.space_name = space.name
        self.instantiate_model = False
        self.labeled_archs: list[Any] | None = None
        self.sample_without_replacement = False
        self._moves = MOVES.get(space.name, OWN_MOVES)
        self._spec: Spec | None = None if code is None else space.to_spec(code)
        self._code: tuple[Spec, Codes] | None = None
        draw_identities(self._moves.draws_to_build)

    # the architecture

    @property
    def code(self) -> Codes:
        """(L,) the architecture. Raises ``NaslibExtError`` while there is none."""
        spec = self.get_hash()
        if self._code is None or self._code[0] is not spec:
            self._code = spec, self.space.from_spec(spec)
        return self._code[1]

    def get_hash(self) -> Spec:
        """NASLib's hashable tuple of the architecture. Raises ``NaslibExtError`` while there is none."""
        if self._spec is None:
            raise NaslibExtError(f"this architecture of {self.space.name} is blank; sample or set one first")
        return self._spec

    def clone(self) -> LightArchitecture:
        """An independent object with the same architecture; the benchmark is shared."""
        return self._with(self._spec)

    copy = clone

    def __deepcopy__(self, memo: dict[int, Any]) -> LightArchitecture:
        return self.clone()

    def _with(self, spec: Spec | None) -> LightArchitecture:
        other = type(self).__new__(type(self))  # no __init__: NASLib's clones take no random numbers
        torch.nn.Module.__init__(other)
        vars(other).update({name: value for name, value in vars(self).items() if name not in vars(other)})
        other._spec = spec
        return other

    def set_spec(self, spec: Any, dataset_api: Any = None) -> None:
        """Makes this the architecture of NASLib's ``spec``. Raises ``InvalidArchitecture``."""
        self._spec = self._moves.own_form(self.space, spec)

    def set_op_indices(self, op_indices: Any) -> None:
        """``set_spec`` under the name that NASLib's cell spaces have for it."""
        self.set_spec(op_indices)

    def set_compact(self, compact: Any) -> None:
        """``set_spec`` under the name that NASLib's NAS-Bench-301 has for it."""
        self.set_spec(compact)

    def get_op_indices(self) -> list[Any]:
        """The architecture's tuple as a list."""
        return list(self.get_hash())

    def get_compact(self) -> Spec:
        """The architecture's tuple, under NAS-Bench-301's name."""
        return self.get_hash()

    def get_spec(self) -> dict[str, Any]:
        """NAS-Bench-101's ``{"matrix": (7, 7), "ops": 7 names}``. Raises ``UnsupportedSpace`` on other spaces."""
        if not isinstance(self.space, NASBench101SearchSpace):
            raise UnsupportedSpace(f"{self.space.name} has no adjacency matrix; its specs are tuples, see get_hash")
        return matrix_and_operations(self.get_hash())

    def get_type(self) -> str:
        """Name of the search space."""
        return self.space.name

    def parse(self) -> None:
        """Nothing: there is no network to put together."""

    def get_loss_fn(self) -> Callable[..., torch.Tensor]:
        """The loss that NASLib trains with."""
        return torch.nn.functional.cross_entropy

    # finding architectures

    def sample_random_architecture(self, dataset_api: Any = None, load_labeled: bool = False) -> None:
        """Becomes a random architecture; with ``load_labeled``, one of the specs in ``labeled_archs``."""
        if load_labeled:
            self._sample_labeled()
        else:
            self._spec = self._moves.sample(self.space)

    def _sample_labeled(self) -> None:
        if not self.labeled_archs:
            raise NaslibExtError("labeled_archs holds no architecture to draw")
        spec = random.choice(self.labeled_archs)
        if self.sample_without_replacement:
            self.labeled_archs.remove(spec)
        self.set_spec(spec)

    def mutate(self, parent: Any, dataset_api: Any = None) -> None:
        """Becomes a random child of ``parent``, a light object or a graph of NASLib, by NASLib's own mutation."""
        spec = parent.get_hash()
        if not isinstance(parent, LightArchitecture):
            spec = self._moves.own_form(self.space, spec)
        self._spec = self._moves.mutate(self.space, spec)

    def get_nbhd(self, dataset_api: Any = None) -> list[torch.nn.Module]:
        """NASLib's neighbours in random order, each as the attribute ``arch`` of a module."""
        neighbors = []
        for spec in self._moves.neighbors(self.space, self.get_hash()):
            model = torch.nn.Module()
            model.arch = self._with(spec)
            neighbors.append(model)
        draw_identities(len(neighbors) * self._moves.draws_to_build)
        random.shuffle(neighbors)
        return neighbors

    def get_arch_iterator(self, dataset_api: Any = None) -> Iterator[Any]:
        """The spec of every architecture. Raises ``UnsupportedSpace`` where there are too many to list."""
        return map(self.space.to_spec, self.space.enumerate())

    # values and features

    def query(
        self,
        metric: Any,
        dataset: str | None = None,
        path: str | None = None,
        epoch: int = LONGEST,
        full_lc: bool = False,
        dataset_api: Any = None,
    ) -> Any:
        """What the benchmark knows of the architecture.

        Args:
            metric: a member of NASLib's ``Metric``.
            dataset: must be the benchmark's, if given.
            path: unused.
            epoch: a training schedule of the benchmark in epochs; -1 is the longest.
            full_lc: learning curves are not to be had.
            dataset_api: unused.

        Returns:
            A float; -1 for a training accuracy, a loss, a time or a size that the benchmark does not have; a dict for
            ``HP`` (sizes that are known without a query) and for ``RAW`` and ``ALL`` (empty).

        Raises:
            MissingMetric: no such schedule, no value for this architecture, or a learning curve is asked for.
            UnknownArchitecture: the benchmark does not hold this architecture.
            UnknownName: another data set than the benchmark's.
        """
        if dataset not in (None, self.benchmark.dataset):
            raise UnknownName(f"this benchmark is of {self.benchmark.dataset!r}, not of {dataset!r}")
        if full_lc:
            raise MissingMetric(f"{self.benchmark.name} has no learning curves")
        if self._moves.runs > 1:
            random.randint(0, self._moves.runs - 1)
        schedule = None if epoch in (LONGEST, None) else epoch
        if metric.name == "VAL_ACCURACY":
            return self._score(self.metric, schedule)
        if metric.name == "TEST_ACCURACY":
            return self._score(self.benchmark.test_metric(self.metric) or self.metric, schedule)
        if metric.name == "TRAIN_TIME":
            return float(self.benchmark.cost(self.code[None])[0]) if self.benchmark.has_cost else UNKNOWN
        if metric.name in ("RAW", "ALL"):
            return {}
        return self._sizes() if metric.name == "HP" else self._extra(_COLUMNS.get(metric.name), schedule)

    def _score(self, metric: str, epoch: int | None) -> float:
        return float(self.benchmark.score(self.code[None], metric, epoch)[0])

    def _sizes(self) -> dict[str, float]:
        free = self.benchmark.free
        return {name: float(free[score](self.code[None])[0]) for name, score in _FREE.items() if score in free}

    def _extra(self, metric: str | None, epoch: int | None) -> float:
        if metric in self.benchmark.free:
            return float(self.benchmark.free[metric](self.code[None])[0])
        if metric is None or metric not in self.benchmark.metrics():
            return UNKNOWN
        return float(self.benchmark.query(self.code[None], metric, epoch)[0])

    def encode(self, encoding_type: Any = ONE_HOT) -> Any:
        """NASLib's features of the architecture.

        Args:
            encoding_type: a member of NASLib's ``EncodingType``, or its value.

        Without NASLib only the one-hot encoding is to be had: a list with a 0 or 1 for every choice at every position.
        Raises ``MissingDependency`` for the others.
        """
        name = getattr(encoding_type, "value", encoding_type)
        if "naslib" in sys.modules and self._moves.encoder is not None:
            module, function = self._moves.encoder.split(":")
            naslib_type = import_module("naslib.utils.encodings").EncodingType(name)
            return getattr(import_module(module), function)(self, encoding_type=naslib_type)
        if name != ONE_HOT:
            raise MissingDependency(f"the encoding {name!r} of {self.space.name} needs NASLib to be imported")
        choices = zip(self.code.tolist(), self.space.cardinalities.tolist(), strict=True)
        return [int(choice == value) for value, cardinality in choices for choice in range(cardinality)]

    # resuming

    def checkpointables(self, optimizer: Any) -> dict[str, Any]:
        """All that one of NASLib's discrete ``optimizer``s on light objects holds, as its checkpoints take it."""
        from naslib_ext.naslib_bridge.adapters.resuming import SearchState
        from naslib_ext.optimizers.checkpoint_module import StateModule

        return {"model": StateModule(SearchState(optimizer))}
