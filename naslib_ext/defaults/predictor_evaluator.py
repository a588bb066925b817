"""How well a predictor ranks architectures that it was not trained on; NASLib's ``PredictorEvaluator``."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.atomic import write_atomically
from naslib_ext.benchmarks import Benchmark, TabularBenchmark
from naslib_ext.configuration import NASLIB_KEYS, RUN
from naslib_ext.errors import ConfigError, NaslibExtError
from naslib_ext.parameters import Parameter, settings
from naslib_ext.predictors import Predictor
from naslib_ext.random_streams import stream
from naslib_ext.registry import unknown_name
from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.search_spaces.distinct import distinct

logger = logging.getLogger(__name__)

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]

ANCHORS, MOST_PAIRS = 2_000, 10_000
"""Test architectures whose neighbourhoods give one-edit pairs, and the most pairs that are kept."""

SAMPLED = 2_000
"""Test architectures where there is no table, and no ``test_size`` is given."""

RANKING = ("kendalltau", "spearman", "pearson", "pair_accuracy")
"""What is measured with and without functional twins, beside ``sign_accuracy``."""


class Split(NamedTuple):
    """Architectures to train on (n, L), to test on (m, L), and test pairs one edit apart, (p, L) each."""

    train: Codes
    test: Codes
    first: Codes
    second: Codes


# splits


def draw_split(
    benchmark: Benchmark, metric: str, epoch: int | None, train_size: int, test_size: int = 0, seed: int = 0
) -> Split:
    """The architectures of one trial, the same for every predictor; smaller training sets are parts of larger ones.

    A table's rows are shuffled: the first ``train_size`` are trained on, the others tested, or only the last
    ``test_size``. Other benchmarks are sampled. Both ends of a one-edit pair are architectures not trained on.

    Args:
        benchmark: what answers.
        metric, epoch: rows of a table without a value of it are left out.
        train_size: architectures to train on.
        test_size: architectures to test on; 0 takes all others of a table, else ``SAMPLED``.
        seed: names the trial.

    Raises ``NaslibExtError`` where there are too few architectures.
    """
    rng = stream(seed, "predictor split")
    if isinstance(benchmark, TabularBenchmark):
        codes = benchmark.codes[benchmark.holds(benchmark.codes, metric, epoch)]
        if len(codes) < train_size + max(test_size, 2):
            raise NaslibExtError(
                f"{benchmark.name} has {len(codes)} values of {metric}, too few to train on {train_size} of them"
            )
        codes = codes[rng.permutation(len(codes))]
        train, test = codes[:train_size], codes[-test_size:] if test_size else codes[train_size:]
    else:
        train = _distinct(benchmark, benchmark.space.sample(4 * train_size + 100, rng))[:train_size]
        drawn = benchmark.space.sample(test_size or SAMPLED, stream(seed, "predictor test"))
        test = _distinct(benchmark, drawn)
        test = test[~_among(benchmark, test, train)]
        if len(train) < train_size or len(test) < 2:
            raise NaslibExtError(f"{benchmark.name}: too few distinct architectures for {train_size} labels")
    return Split(train, test, *_one_edit_pairs(benchmark, metric, epoch, train, test, rng))


def _one_edit_pairs(
    benchmark: Benchmark, metric: str, epoch: int | None, train: Codes, test: Codes, rng: np.random.Generator
) -> tuple[Codes, Codes]:
    """Test architectures and neighbours that have a value, were not trained on and are another architecture."""
    anchors = test[:ANCHORS]
    second, owners = benchmark.space.neighbors_of(anchors)
    first = anchors[owners]
    kept = ~_among(benchmark, second, train)
    if isinstance(benchmark, TabularBenchmark):
        kept &= benchmark.holds(second, metric, epoch)
    first, second = first[kept], second[kept]
    same = [a == b for a, b in zip(*(benchmark.space.keys(x, benchmark.key) for x in (first, second)), strict=True)]
    rows = np.flatnonzero(~np.array(same, dtype=bool))
    rows = rng.permutation(rows)[:MOST_PAIRS]
    return first[rows], second[rows]


def _among(benchmark: Benchmark, codes: Codes, known: Codes, key: str | None = None) -> Mask:
    """(n,) bool: which ``codes`` are the same architecture as one of ``known``."""
    keys = set(benchmark.space.keys(known, key or benchmark.key))
    return np.array([own in keys for own in benchmark.space.keys(codes, key or benchmark.key)], dtype=bool)


def _distinct(benchmark: Benchmark, codes: Codes) -> Codes:
    return codes[distinct(benchmark.space, codes, benchmark.key)]


# measures


def compare(truth: ArrayLike, predicted: ArrayLike) -> dict[str, float]:
    """NASLib's measures of predictions (n,) against true scores (n,), and ``pair_accuracy``; NaN where undefined.

    ``pair_accuracy`` is the share of all pairs of different truth that are ordered rightly, equal predictions
    counting half; it follows from Kendall's tau-b and the ties.

    Differences from NASLib: Pearson's correlation keeps its sign.
    """
    from scipy import stats

    y, p = np.asarray(truth, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    measures = {"mae": float(np.abs(p - y).mean()), "rmse": float(np.sqrt(((p - y) ** 2).mean()))}
    constant = len(y) < 2 or np.ptp(y) == 0 or np.ptp(p) == 0
    measures["pearson"] = np.nan if constant else float(np.corrcoef(y, p)[0, 1])
    measures["spearman"] = np.nan if constant else float(stats.spearmanr(y, p)[0])
    for name, rounded in (("kendalltau", p), ("kt_2dec", np.round(p, 2)), ("kt_1dec", np.round(p, 1))):
        measures[name] = np.nan if constant or np.ptp(rounded) == 0 else float(stats.kendalltau(y, rounded)[0])
    for k in (10, 20):
        top = [values > np.sort(values)[max(-len(values), -k - 1)] for values in (y, p)]
        measures[f"precision_{k}"] = float((top[0] & top[1]).sum() / k)
    measures["pair_accuracy"] = _pair_accuracy(y, p, measures["kendalltau"])
    return measures


def _pair_accuracy(y: Values, p: Values, tau: float) -> float:
    """From tau = (C - D) / sqrt((n0 - n1)(n0 - n2)): C right, D wrong pairs of n0, n1 tied in y and n2 in p."""
    pairs = len(y) * (len(y) - 1) / 2
    differing = [pairs - _ties(values) for values in (y, p)]
    if not differing[0]:
        return float("nan")
    surplus = 0.0 if not differing[1] else tau * np.sqrt(differing[0] * differing[1])
    return float((1 + surplus / differing[0]) / 2)


def _ties(values: Values) -> float:
    number = np.unique(values, return_counts=True)[1].astype(np.float64)
    return float((number * (number - 1) / 2).sum())


def sign_accuracy(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Share of differences (n,) whose sign is predicted; a prediction of 0 counts half, equal truths do not count."""
    y, p = np.sign(np.asarray(truth)), np.sign(np.asarray(predicted))
    known = y != 0
    return float(((1 + y * p) / 2)[known].mean()) if known.any() else float("nan")


def predicted_differences(predictor: Predictor, first: Codes, second: Codes) -> Values:
    """(n,) predicted score of ``second`` minus that of ``first``, by the predictor's ``difference`` if it has one."""
    if not len(first):
        return np.empty(0)
    own = getattr(predictor, "difference", None)
    differences = predictor.query(second) - predictor.query(first) if own is None else own(first, second)
    return np.asarray(differences, dtype=np.float64)


def measure(predictor: Predictor, benchmark: Benchmark, metric: str, epoch: int | None, split: Split) -> dict[str, Any]:
    """Fits a bound predictor on the training part of ``split`` and measures it on the rest.

    Returns:
        ``compare``'s measures and ``sign_accuracy`` on one-edit pairs; those of ``RANKING`` and ``sign_accuracy`` again
        as ``*_without_twins``, on architectures whose function (canonical form) was not trained on; ``num_test``,
        ``num_twins`` and ``num_pairs``; ``fit_time`` and ``query_time`` (of one architecture) in seconds.
    """
    started = time.perf_counter()
    predictor.fit(split.train, benchmark.score(split.train, metric, epoch))
    fitted = time.perf_counter()
    predicted = np.asarray(predictor.query(split.test), dtype=np.float64)
    queried = time.perf_counter()
    truth = benchmark.score(split.test, metric, epoch)
    true_differences = benchmark.score(split.second, metric, epoch) - benchmark.score(split.first, metric, epoch)
    differences = predicted_differences(predictor, split.first, split.second)
    new, *ends = (~_among(benchmark, codes, split.train, "canonical") for codes in (split.test, *split[2:]))
    both = ends[0] & ends[1]
    without = compare(truth[new], predicted[new]) if new.sum() > 1 else dict.fromkeys(RANKING, float("nan"))
    return {
        **compare(truth, predicted),
        "sign_accuracy": sign_accuracy(true_differences, differences),
        **{f"{name}_without_twins": without[name] for name in RANKING},
        "sign_accuracy_without_twins": sign_accuracy(true_differences[both], differences[both]),
        "num_test": len(truth),
        "num_twins": int((~new).sum()),
        "num_pairs": len(differences),
        "fit_time": fitted - started,
        "query_time": (queried - fitted) / len(truth),
    }


# NASLib's class

PARAMETERS: dict[str, Parameter] = {
    "experiment_type": Parameter("single", "one training size or several", choices=("single", "vary_train_size")),
    "test_size": Parameter(0, "architectures to test on; 0: all others of a table", minimum=0),
    "train_size_single": Parameter(100, "labels", minimum=2),
    "train_size_list": Parameter([5, 10, 25, 50, 100], "labels, one fit each"),
    "seed": Parameter(0, "of the split and of the predictor", minimum=0),
    "metric": RUN["metric"],
    "epoch": RUN["epoch"],
    "dataset": Parameter("", "for NASLib's callers: the benchmark knows its data set"),
    "save": RUN["save"],
}


class PredictorEvaluator:
    """NASLib's ``PredictorEvaluator`` on a benchmark instead of NASLib's graphs; thousands of times faster.

    Differences from NASLib: no test architecture is trained on; the test set is all the rest of a table unless
    ``test_size`` says otherwise; the predictor keeps its hyper-parameters; the metric and the training schedule can be
    chosen; learning curves as extra information (``vary_fidelity``) are not to be had.

    Args:
        predictor: what is evaluated; it is bound to the benchmark's space, with its free scores.
        config: a dict or NASLib's ``CfgNode`` with the keys of ``PARAMETERS``; other keys of NASLib are ignored.
            Raises ``ConfigError`` for an unknown key or an impossible value.
    """

    def __init__(self, predictor: Predictor, config: Mapping[str, Any] | None = None) -> None:
        self.predictor = predictor
        self.config: dict[str, Any] = dict(config or {})
        known = {*PARAMETERS, *NASLIB_KEYS, *RUN, "search", "evaluation"}
        for key in self.config:
            if key not in known:
                raise ConfigError(str(unknown_name("key", key, PARAMETERS)))
        self.settings = settings(PARAMETERS, self.config, "")
        self.results: list[dict[str, Any]] = [self.config]
        self.benchmark: Benchmark | None = None

    def adapt_search_space(
        self, search_space: Any, load_labeled: bool = False, scope: Any = None, dataset_api: Any = None
    ) -> None:
        """Names what is predicted.

        Args:
            search_space: a ``Benchmark``, or a light architecture object, which has one.
            load_labeled, scope, dataset_api: for NASLib's callers; a benchmark needs none of them.

        Raises ``NaslibExtError`` for anything without a benchmark, such as NASLib's graphs.
        """
        benchmark = search_space if isinstance(search_space, Benchmark) else getattr(search_space, "benchmark", None)
        if not isinstance(benchmark, Benchmark):
            kind = type(search_space).__name__
            raise NaslibExtError(f"{kind} has no benchmark: use light_architecture, or NASLib's PredictorEvaluator")
        self.benchmark = benchmark
        self.predictor.set_ss_type(benchmark.space.name)

    @property
    def space(self) -> SearchSpace:
        """The search space. Raises ``NaslibExtError`` before ``adapt_search_space``."""
        return self._adapted.space

    @property
    def _adapted(self) -> Benchmark:
        if self.benchmark is None:
            raise NaslibExtError("call adapt_search_space first")
        return self.benchmark

    def evaluate(self) -> list[dict[str, Any]]:
        """Fits and measures at each training size; writes ``errors.json`` into the folder ``save`` if one is given.

        Returns NASLib's list: the configuration, then a dict of measures for each size.
        """
        single = self.settings["experiment_type"] == "single"
        sizes = [self.settings["train_size_single"]] if single else list(self.settings["train_size_list"])
        self.predictor.pre_process()
        for size in sizes:
            self.results.append(self._single(int(size)))
        if self.settings["save"]:
            path = Path(self.settings["save"]) / "errors.json"
            write_atomically(path, json.dumps(self.results, separators=(",", ":"), default=str))
        return self.results

    def _single(self, train_size: int) -> dict[str, Any]:
        benchmark, values = self._adapted, self.settings
        measured = values["metric"], benchmark.resolve(values["metric"], values["epoch"] or None)
        split = draw_split(benchmark, *measured, train_size, values["test_size"], values["seed"])
        self.predictor.bind(benchmark.space, values["seed"], benchmark.free)
        result = measure(self.predictor, benchmark, *measured, split)
        logger.info("%d labels: Kendall's tau %.4f", train_size, result["kendalltau"])
        return {**result, "train_size": train_size, "fidelity": measured[1], "cv_score": 0}

    def compare(self, ytest: ArrayLike, test_pred: ArrayLike) -> dict[str, float]:
        """``compare`` under NASLib's name."""
        return compare(ytest, test_pred)
