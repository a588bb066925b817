"""Open-domain ANASOD (Wan et al., WACV 2022, section 4.2, appendix A.2): an encoding found by training networks.

Each query draws an encoding and trains one network for it, every cell of which is a sample of its own of the encoding.
ANASOD-BO asks for ``batch`` distinct encodings at a time; their trainings are spread over an executor. Beside it stands
a random search over encodings with as many trainings.

Nothing but trainings is kept, in one file. A search is a function of its trainings' results, so a killed one is begun
anew, finds them there and goes on.

Differences from the paper:
    The wiring of a cell and the order of its operations are drawn for each cell; the paper says no more than "sampled".
    The normal and the reduction cells are not told apart: all come from one encoding (figure 7's caption).
    An encoding's trust region, targets and candidates are those of ``anasod_bo``; see its own differences.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from naslib_ext.configuration import raw_values
from naslib_ext.encodings.operation_distribution import Counts, encode
from naslib_ext.errors import ConfigError, NaslibExtError
from naslib_ext.experiments.evaluate import evaluate
from naslib_ext.experiments.open_domain.training import CELLS, Problem, Recipe, load_problem, usual_workers
from naslib_ext.optimizers import get_optimizer
from naslib_ext.optimizers.anasod import ANASODOptimizer
from naslib_ext.parameters import Parameter, convert, settings
from naslib_ext.registry import unknown_name
from naslib_ext.search_spaces import Codes

logger = logging.getLogger(__name__)

Floats = NDArray[np.float64]
Searches = dict[tuple[str, int], ANASODOptimizer]

METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "anasod_bo": ("anasod_bo", {"decoding": "random"}),
    "random search": ("anasod_rs", {"decoding": "counts"}),
}
"""Who searches: a name, the optimizer's, and settings that are not the optimizer's own."""

SEARCH = {
    "queries": Parameter(50, "networks that a search trains", minimum=1),
    "batch": Parameter(4, "encodings asked for at a time", minimum=1),
}
TOP = {
    "cell": Parameter("nasnet", "cells of a stack", choices=CELLS),
    "nodes": Parameter(5, "nodes of a nasnet cell", minimum=1),
    "layers": Parameter(24, "cells in a stack", minimum=1),
    "dataset": Parameter("cifar10", "images"),
    "device": Parameter("auto", "cpu, cuda, or auto for a GPU where there is one"),
}
EVALUATION = {
    "samples": Parameter(4, "networks of each encoding that is retrained", minimum=1),
    "random_encodings": Parameter(8, "random encodings to compare with, for each seed", minimum=1),
}


@dataclass(frozen=True)
class Study:
    """A search and what its result is measured by; the sections of a configuration file.

    Args:
        problem: what is trained in the search, with training seed 0.
        queries, batch: of a search.
        search: settings of ``anasod_bo``.
        retraining: the recipe of the final trainings.
        samples: networks of each encoding that is retrained.
        random_encodings: for each seed.
    """

    problem: Problem
    queries: int
    batch: int
    search: Mapping[str, Any]
    retraining: Recipe
    samples: int
    random_encodings: int

    def retrained(self, sample: int) -> Problem:
        """The problem of retraining that ``sample`` of each encoding: its own training seed, the search's is 0."""
        return replace(self.problem, recipe=self.retraining, seed=1 + sample)


@dataclass(frozen=True)
class Workers:
    """Where trainings run; the arguments of ``execute``. On GPUs of this machine there are usually as many workers."""

    executor: str = "process"
    workers: int | None = None
    address: str | None = None

    def train(self, problem: Problem, codes: Codes) -> tuple[Floats, Floats]:
        """Validation and test accuracies (n,) of networks ``codes`` (n, L), in percent; NaN where a training failed.

        Equal rows are trained once, and what is kept from before not at all.
        """
        distinct, where = np.unique(codes, axis=0, return_inverse=True)
        benchmark = load_problem(problem)
        new = distinct[~benchmark.is_kept(distinct)]
        logger.info("%d networks, %d to train", len(distinct), len(new))
        if len(new):
            usual = usual_workers(benchmark.device) if self.executor == "process" else None
            load = partial(load_problem, problem)
            evaluate(load, new, executor=self.executor, workers=self.workers or usual, address=self.address)
        values = np.full((2, len(distinct)), np.nan)
        kept = benchmark.is_kept(distinct)
        for row, metric in zip(values, ("val_accuracy", "test_accuracy"), strict=True):
            row[kept] = benchmark.query(distinct[kept], metric)
        val, test = values[:, where.reshape(-1)]
        return val, test


def load_study(path: str | None, out: Path, overrides: Sequence[str] = ()) -> Study:
    """The study that a configuration file describes; trainings are kept in the folder ``out``.

    Raises ``ConfigError`` for unknown keys and impossible values.
    """
    values = raw_values(path, overrides)
    where = f"{path}: " if path else ""
    training, evaluation = _section(values, "training", where), _section(values, "evaluation", where)
    retraining = _section(evaluation, "training", f"{where}evaluation.")
    known = get_optimizer("anasod_bo").parameters
    given = _section(values, "search", where)
    _check_names([*known, *SEARCH], given, where, "search.")
    search = settings(SEARCH, given, f"{where}search.")
    method = {name: value for name, value in given.items() if name not in SEARCH}
    settings(known, method, f"{where}search.")
    _check_names(EVALUATION, evaluation, where, "evaluation.")
    _check_names(TOP, values, where)
    top = settings(TOP, values, where)
    recipe = _recipe(training, where, "training.")
    problem = Problem(
        top["cell"], top["nodes"], top["layers"], top["dataset"], recipe, 0, str((out / "trainings.sqlite").resolve()),
        top["device"],
    )  # fmt: skip
    longer = _recipe({**training, **retraining}, where, "evaluation.training.")
    measured = settings(EVALUATION, evaluation, f"{where}evaluation.")
    study = Study(problem, search["queries"], search["batch"], method, longer, **measured)
    for trained in (problem, study.retrained(0)):  # before the search, not after it
        trained.check()
    return study


def _section(values: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    """The section of that name, which is taken out of ``values``."""
    found: dict[str, Any] = convert(values.pop(name, None) or {}, dict, f"{where}{name}")
    return dict(found)


def _check_names(known: Collection[str], values: Mapping[str, Any], where: str, section: str = "") -> None:
    for name in values:
        if name not in known:
            raise ConfigError(f"{where}{unknown_name('key', name, known, section)}")


def _recipe(values: Mapping[str, Any], where: str, section: str) -> Recipe:
    _check_names([field.name for field in fields(Recipe) if field.name != "seeds"], values, where, section)
    network = convert(values.get("network") or {}, dict, f"{where}{section}network")
    return Recipe(**{**values, "network": network})


# search


def search(study: Study, seeds: Sequence[int], workers: Workers) -> Searches:
    """Every method's search with every seed, all of them side by side: a round asks each for a batch."""
    space = study.problem.space
    searches: Searches = {}
    for method, (name, own) in METHODS.items():
        config = {"search": {**own, **(study.search if name == "anasod_bo" else {})}}
        for seed in seeds:
            optimizer = get_optimizer(name)(config).bind(space, seed, study.queries)
            assert isinstance(optimizer, ANASODOptimizer)
            searches[method, seed] = optimizer
    rounds = -(-study.queries // study.batch)
    for number in tqdm(range(rounds), "search", disable=not sys.stderr.isatty(), leave=False):
        asked = {key: optimizer.ask(study.batch) for key, optimizer in searches.items()}
        scores, _ = workers.train(study.problem, np.concatenate(list(asked.values())))
        ends = np.cumsum([len(codes) for codes in asked.values()])[:-1]
        for key, of_search in zip(asked, np.split(scores, ends), strict=True):
            searches[key].tell(asked[key], of_search)
        logger.info("search: round %d of %d done", number + 1, rounds)
    return searches


def found_encoding(search: ANASODOptimizer) -> Counts:
    """(k,) the encoding of the best network in validation. Raises ``NaslibExtError`` where every training failed."""
    encoding = search.best_encoding
    if encoding is None:
        raise NaslibExtError("every training of the search failed")
    return encoding


def history(search: ANASODOptimizer) -> tuple[Counts, Floats]:
    """Encodings (n, k) and validation accuracies (n,), NaN where it failed, in the order of the queries."""
    codes, scores = search.history
    return encode(search.space, codes), np.where(np.isfinite(scores), scores, np.nan)
