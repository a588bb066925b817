"""Figure 3 of Delta-NAS: the loss of difference predictors against the number of edits between the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.atomic import write_atomically, write_json
from naslib_ext.defaults.predictor_evaluator import predicted_differences
from naslib_ext.encodings.difference_dataset import DifferenceDataset, generate
from naslib_ext.encodings.one_hot import one_hot
from naslib_ext.errors import RunFolderError
from naslib_ext.experiments.point_figure import Points, points_png
from naslib_ext.experiments.predictor_study import build_predictor
from naslib_ext.experiments.statistics import mean, sem
from naslib_ext.experiments.target import Target, Values, cell
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces.distinct import distinct

NOTHING, ALONE, WITH_PAIR = "always 0", "difference alone", "pair and difference"
TREES: dict[str, Any] = {"objective": "reg:squarederror", "eta": 0.05, "max_depth": 6, "subsample": 0.8, "nthread": 1}
ROUNDS = 300


@dataclass(frozen=True)
class LossStudy:
    """Figure 3: the loss of difference predictors at k = 1, 2, ... edits.

    Trees are trained on ``pairs`` differences of Algorithm 1, on the difference alone (many pairs are one point, and
    their mean over the contexts is its target) and with the first architecture beside it. Predictors by name are
    fitted to the targets of ``labels`` random architectures instead, whatever k is. All are measured on as many other
    pairs. The loss is the mean squared error in units of the variance of the target over random architectures.

    Differences from the paper: its loss has no unit; here the loss of always predicting 0 stands beside the others, as
    differences grow with k.

    Args:
        target: Zen scores in the paper.
        distances: values of k.
        pairs: differences to train on, and as many to measure on.
        labels: of the predictors by name.
        predictors: their names, as ``build_predictor`` takes them.
        contexts: n, pairs that a difference is averaged over.
        trials: draws of everything.
    """

    target: Target
    distances: tuple[int, ...] = (1, 2, 3, 4, 5)
    pairs: int = 1_000
    labels: int = 156
    predictors: tuple[str, ...] = ()
    contexts: int = 4
    trials: int = 5


def loss_figure(study: LossStudy, out: Path) -> dict[str, Any]:
    """Writes ``summary.json``, ``loss.png`` and the pairs of each k and trial (``.npz``, with manifests) into ``out``.

    Pairs that are there are used again. Returns the summary, with mean and standard error of every model at each k.
    Raises ``RunFolderError`` where the pairs are another study's.
    """
    losses: dict[str, list[list[float]]] = {}
    for trial in range(study.trials):
        fitted = [_fitted(study, name, trial) for name in study.predictors]
        for column, k in enumerate(study.distances):
            train, test = (_pairs(study, k, trial, part, out) for part in ("train", "test"))
            for name, predicted in _predictions(fitted, train, test).items():
                squares = float(((test.deltas[:, 0] - predicted) ** 2).mean()) / study.target.variance
                losses.setdefault(name, [[] for _ in study.distances])[column].append(squares)
    summary: dict[str, Any] = {
        "search_space": study.target.search_space, "dataset": study.target.dataset, "target": study.target.name,
        "pairs": study.pairs, "labels": study.labels, "contexts": study.contexts, "trials": study.trials,
        "k": list(study.distances),
        "loss": {name: {"mean": mean(np.array(of).T), "sem": sem(np.array(of).T)} for name, of in losses.items()},
    }  # fmt: skip
    lines = [
        Points(
            name,
            np.array(study.distances, float),
            np.array(of["mean"], float),
            np.nan_to_num(np.array(of["sem"], float)),
        )
        for name, of in summary["loss"].items()
    ]
    write_json(out / "summary.json", summary)
    write_atomically(out / "loss.png", points_png(lines, "Edits between the two", f"Loss on {study.target.name}"))
    return summary


def _pairs(study: LossStudy, k: int, trial: int, part: str, out: Path) -> DifferenceDataset:
    path = out / "pairs" / f"k{k}-{trial}-{part}.npz"
    if path.is_file():
        kept = DifferenceDataset.load(path)
        if (kept.target, *kept.deltas.shape) != (study.target.name, study.pairs, study.contexts):
            raise RunFolderError(f"{path} holds the pairs of another study; name another folder")
        return kept
    rng = stream(trial, f"pairs {part}", k)
    drawn = generate(study.target.benchmark.space, study.pairs, k, study.target, rng, study.contexts)
    named = DifferenceDataset(drawn.space, k, drawn.first, drawn.second, drawn.deltas, study.target.name, trial)
    named.save(path)
    return named


def _fitted(study: LossStudy, name: str, trial: int) -> tuple[str, Any]:
    benchmark = study.target.benchmark
    codes = benchmark.space.sample(8 * study.labels, stream(trial, "loss labels"))
    codes = codes[distinct(benchmark.space, codes, benchmark.key)][: study.labels]
    free = {score: function for score, function in benchmark.free.items() if score != study.target.name}
    predictor = build_predictor(name).bind(benchmark.space, trial, free)
    predictor.fit(codes, study.target(codes))
    return name, predictor


def _predictions(
    fitted: Sequence[tuple[str, Any]], train: DifferenceDataset, test: DifferenceDataset
) -> dict[str, Values]:
    """Predicted deltas (m,) of the first context of each test pair, by model."""
    space = train.space
    first, second = test.first[:, 0], test.second[:, 0]
    together = [np.concatenate([data.vectors, one_hot(space, data.first[:, 0])], axis=1) for data in (train, test)]
    predictions = {
        NOTHING: np.zeros(len(first)),
        ALONE: _trees(train.vectors, train.means, test.vectors),
        WITH_PAIR: _trees(together[0], train.deltas[:, 0], together[1]),
    }
    for name, predictor in fitted:
        predictions[name] = predicted_differences(predictor, first, second)
    return predictions


def _trees(x: NDArray[Any], y: Values, x_test: NDArray[Any]) -> Values:
    import xgboost

    scale = float(y.std()) or 1.0
    model = xgboost.train(TREES, xgboost.DMatrix(x.astype(np.float32), y / scale), ROUNDS)
    return model.inplace_predict(x_test.astype(np.float32)).astype(np.float64) * scale


def format_losses(summary: Mapping[str, Any]) -> str:
    """The losses as a table for the terminal, one model a line."""
    lines = [
        f"{summary['search_space']}/{summary['dataset']}: loss on {summary['target']} in units of its variance, "
        f"{summary['trials']} trials",
        f"{'model':<24}" + "".join(f"{f'k = {k}':>16}" for k in summary["k"]),
    ]
    for name, of in summary["loss"].items():
        cells = [cell(value, error) for value, error in zip(of["mean"], of["sem"], strict=True)]
        lines.append(f"{name:<24}" + "".join(f"{text:>16}" for text in cells))
    return "\n".join(lines)
