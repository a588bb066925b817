"""NASLib's base classes where NASLib is loaded, our equal ones where it is not.

``MetaOptimizer`` and ``Predictor`` below have NASLib's names, methods and behaviour. The moment NASLib's own module
is loaded, before or after this package, ``adopt`` puts NASLib's class above ours, so that our optimizers and
predictors then *are* subclasses of NASLib's. Importing NASLib takes seconds, hence never on our own account.
"""

from __future__ import annotations

import sys
from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, ClassVar

OPTIMIZER_MODULE = "naslib.optimizers.core.metaclasses"
PREDICTOR_MODULE = "naslib.predictors.predictor"
METRIC_MODULE = "naslib.search_spaces.core.query_metrics"
GRAPH_MODULE = "naslib.search_spaces.core.graph"

graph_users: list[Callable[[type], object]] = []
"""Called with NASLib's class ``Graph`` when it is loaded: rooms that know what to do with one add themselves."""


class Metric(Enum):
    """The quantities that NASLib's benchmarks are asked for."""

    RAW = auto()
    ALL = auto()
    TRAIN_ACCURACY = auto()
    VAL_ACCURACY = auto()
    TEST_ACCURACY = auto()
    TRAIN_LOSS = auto()
    VAL_LOSS = auto()
    TEST_LOSS = auto()
    TRAIN_TIME = auto()
    VAL_TIME = auto()
    TEST_TIME = auto()
    FLOPS = auto()
    LATENCY = auto()
    PARAMETERS = auto()
    EPOCH = auto()
    HP = auto()


def metric(name: str) -> Any:
    """The member ``name`` of NASLib's ``Metric`` where NASLib is loaded (its graphs insist), else of ours."""
    module = sys.modules.get(METRIC_MODULE)
    return getattr(module, "Metric", Metric)[name]


class _Adoptable:
    """Python lets a class change its bases only if it does not derive from ``object`` directly."""


class MetaOptimizer(_Adoptable, metaclass=ABCMeta):
    """What NASLib's ``Trainer`` asks of an optimizer."""

    using_step_function: ClassVar[bool] = True

    def step(self, data_train: Any, data_val: Any) -> Any:
        """One step on a training and a validation batch; only where ``using_step_function``."""
        if self.using_step_function:
            raise NotImplementedError(f"{type(self).__name__} has no step")

    def train_statistics(self, report_incumbent: bool = True) -> Any:
        """(train, validation, test accuracy, training time) of the incumbent or of the last architecture."""
        if not self.using_step_function:
            raise NotImplementedError(f"{type(self).__name__} has no train_statistics")

    def test_statistics(self) -> Any:
        """Anytime test statistics, where there are any."""

    @abstractmethod
    def adapt_search_space(self, search_space: Any, scope: Any = None, dataset_api: Any = None) -> None:
        """Prepares the search in ``search_space``."""

    def new_epoch(self, epoch: int) -> None:
        """Called at the start of every epoch; one epoch queries one architecture."""

    def before_training(self) -> None:
        """Called once before the first epoch."""

    def after_training(self) -> None:
        """Called once after the last epoch."""

    @abstractmethod
    def get_final_architecture(self) -> Any:
        """The best architecture found, as NASLib's graph."""

    @abstractmethod
    def get_op_optimizer(self) -> Any:
        """The class of the optimizer of operation weights, for methods that train them."""

    def get_model_size(self) -> float:
        """Megabytes of parameters; for the log."""
        return 0

    def get_checkpointables(self) -> dict[str, Any]:
        """What a checkpoint holds; the key ``"model"`` must be a ``torch.nn.Module``."""
        return {}


class Predictor(_Adoptable):
    """What NASLib's ``PredictorEvaluator`` and ``Ensemble`` ask of a predictor."""

    def __init__(self, ss_type: Any = None, encoding_type: Any = None) -> None:
        self.ss_type = ss_type
        self.encoding_type = encoding_type
        self.hyperparams: dict[str, Any] | None = None

    def set_ss_type(self, ss_type: Any) -> None:
        """Sets the type of search space."""
        self.ss_type = ss_type

    def pre_process(self) -> None:
        """Called once before any architecture is queried."""

    def pre_compute(self, xtrain: Any, xtest: Any, unlabeled: Any = None) -> None:
        """Called once with all architectures, before the first fit."""

    def fit(self, xtrain: Any, ytrain: Any, info: Any = None) -> Any:
        """Fits the predictor."""

    def query(self, xtest: Any, info: Any = None) -> Any:
        """Predictions for architectures."""

    def get_data_reqs(self) -> dict[str, Any]:
        """Which extra data the predictor needs: none."""
        return {
            "requires_partial_lc": False,
            "metric": None,
            "requires_hyperparameters": False,
            "hyperparams": {},
            "unlabeled": False,
            "unlabeled_factor": 0,
        }

    def set_hyperparams(self, hyperparams: dict[str, Any] | None) -> None:
        """Replaces hyper-parameters."""
        self.hyperparams = hyperparams

    def get_hyperparams(self) -> dict[str, Any] | None:
        """The hyper-parameters that were set."""
        return self.hyperparams

    def reset_hyperparams(self) -> None:
        """Forgets hyper-parameters that were set."""
        self.hyperparams = None

    def get_hpo_wrapper(self) -> bool:
        """Whether NASLib should tune the hyper-parameters itself."""
        return False


def adopt(module: Any) -> None:
    """Puts NASLib's own class above ours; called when ``module``, one of NASLib's, has been loaded."""
    ours, theirs = {
        OPTIMIZER_MODULE: (MetaOptimizer, "MetaOptimizer"),
        PREDICTOR_MODULE: (Predictor, "Predictor"),
    }[module.__name__]
    base = getattr(module, theirs)
    if base not in ours.__mro__:
        ours.__bases__ = (base,)


def announce_graphs(module: Any) -> None:
    """Tells ``graph_users`` that NASLib's ``module`` with the class of its graphs has been loaded."""
    if hasattr(module, "Graph"):
        for use in graph_users:
            use(module.Graph)
