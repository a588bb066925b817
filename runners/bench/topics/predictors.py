"""Predictors: fit and query."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from naslib_ext.benchmarks import CARRIED, load_benchmark
from naslib_ext.predictors import Predictor, get_predictor, list_predictors
from naslib_ext.search_spaces import Codes, SearchSpace, get_search_space
from runners.bench import peers
from runners.bench.made_up import additive
from runners.bench.meter import Item, Meter, Work

LABELS, ASKED, PARENTS = (78, 156, 312), 2_000, 256
EDITED = ("structure_gp", "doa")
"""Those that searches ask about all single edits of many architectures."""


def measure(meter: Meter) -> None:
    benchmark = load_benchmark("nasbench201", "digits", data_dir=CARRIED)
    space, rng = benchmark.space, np.random.default_rng(0)
    codes = space.sample(meter.size(8_000, 20), rng)
    scores = benchmark.score(codes)
    fits: dict[str, Item] = {}
    for name in list_predictors():
        if name == "zero_cost":
            continue  # its fit does nothing, and its query builds networks: below
        quick = _quick(name) if meter.quick else {}
        predictor = get_predictor(name)(**quick).bind(space, free=benchmark.free)
        sizes = (6, 8, 10) if meter.quick else LABELS
        name_of_fit = f"`{name}`, fit of {sizes[1]} labels"
        fits[name] = meter.sweep(name_of_fit, "labels", sizes, partial(_fit_of, predictor, codes, scores))
        predictor.fit(codes[: sizes[1]], scores[: sizes[1]])
        asked = meter.size(ASKED, 10)
        query = meter.time(f"`{name}`, query of one of many", _query_of(predictor, codes, asked), asked, memory=True)
        meter.grow(query, "n", meter.sizes(500, 2_000, 8_000), partial(_query_of, predictor, codes))
    _zero_cost(meter, space, codes)
    _edits(meter, rng)
    number = meter.size(LABELS[1], 10)
    meter.compare(fits["xgb"], "NASLib's XGBoost", partial(_naslib_trees, codes[:number], scores[:number]))


def _fit_of(predictor: Predictor, codes: Codes, scores: np.ndarray, labels: int) -> Work:
    return partial(predictor.fit, codes[:labels], scores[:labels])


def _query_of(predictor: Predictor, codes: Codes, number: int) -> Work:
    return partial(predictor.query, codes[:number])


def _quick(name: str) -> dict[str, Any]:
    """Settings of a fit that only shows that it runs."""
    settings = {"steps": 2, "epochs": 1, "num_rounds": 2}
    return {key: value for key, value in settings.items() if key in get_predictor(name).parameters}


def _zero_cost(meter: Meter, space: SearchSpace, codes: Codes) -> None:
    few, sizes = codes[: meter.size(8, 1)], {"batch_size": 2, "image_size": 8} if meter.quick else {}
    predictor = get_predictor("zero_cost")(computed=True, **sizes).bind(space)
    meter.time("`zero_cost`, Zen-Score of a network", partial(predictor.query, few), len(few), memory=True)


def _edits(meter: Meter, rng: np.random.Generator) -> None:
    for name in ("nasbench201", "nasbench301"):
        space = get_search_space(name)
        labelled = space.sample(meter.size(LABELS[1], 10), rng)
        edits = space.neighbors_of(space.sample(meter.size(PARENTS, 1), rng))[0]
        for wanted in EDITED:
            predictor = get_predictor(wanted)().bind(space)
            predictor.fit(labelled, additive(space)(labelled))
            what = f"`{wanted}`, {name}, single edits of {meter.size(PARENTS, 1)}, one"
            meter.time(what, partial(predictor.query, edits), len(edits), memory=True)


def _naslib_trees(codes: Codes, scores: np.ndarray) -> tuple[Work, int]:
    """The same library and settings, on the encodings of NASLib, which are made beforehand."""
    trees = peers.naslib("naslib.predictors.trees", "XGBoost")
    features = np.eye(5)[codes].reshape(len(codes), -1)
    return lambda: trees().fit(features, scores), 1
