"""``naslib-ext shrink``: a study, its tables, its pictures and the shrunk space of the first seed."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

from naslib_ext.atomic import write_atomically, write_json
from naslib_ext.benchmarks.metrics import metric_info
from naslib_ext.experiments.shrinkage.pictures import edf_png, locality_png
from naslib_ext.experiments.shrinkage.study import ShrinkStudy, example, run_study
from naslib_ext.experiments.shrinkage.tables import format_locality, format_study
from naslib_ext.random_streams import stream
from naslib_ext.shrinkage.locality import BOTH, Locality, measure_locality, threshold_of, total_edit_distance
from naslib_ext.shrinkage.rivals import METHODS

logger = logging.getLogger(__name__)

WALKS = 1_000


def shrink_command(options: argparse.Namespace) -> None:
    """Runs the study that the command line names, prints its tables and writes its files."""
    study = ShrinkStudy(
        options.search_space, options.dataset, options.metric or "", options.epoch, options.labels or 0,
        options.size or 0, options.seeds, options.predictor, options.rounds,
        tuple(options.methods.split(",")) if options.methods else tuple(METHODS),
        "surrogate" if options.surrogate else "table", options.data_dir,
    )  # fmt: skip
    print(report(study, Path(options.out)))
    print(f"\nresults in {options.out}")


def report(study: ShrinkStudy, out: Path) -> str:
    """Runs ``study`` and writes into ``out``; returns the tables.

    Files: ``summary.json``, ``locality.json`` and ``locality.png`` (Fig. 2, true scores), ``errors.png`` (Fig. 4) and
    ``shrunk.npz`` (LISSNAS's space), both of seed 0, and ``seeds/<seed>.json``, from which the command goes on.

    Raises ``UnknownName`` for an unknown method, ``RunFolderError`` where ``out`` holds another study.
    """
    locality = measure_locality(study.space, study.score, stream(0, "locality"), WALKS)
    total = total_edit_distance(study.space)
    threshold = threshold_of(locality.autocorrelation[BOTH], total)
    write_json(out / "locality.json", _plain(locality, threshold))
    info = metric_info(study.measured)
    write_atomically(out / "locality.png", locality_png(locality, threshold, info.unit or study.measured))
    summary = run_study(study, out, logger.info)
    label = f"Error: distance to the best {study.measured}" + (f" ({info.unit})" if info.unit else "")
    shrunk, scores = example(study)
    write_atomically(out / "errors.png", edf_png(scores, label))
    shrunk.save(out / "shrunk.npz")
    return f"{format_locality(locality, total)}\n\n{format_study(summary)}"


def _plain(locality: Locality, threshold: int) -> dict[str, Any]:
    def numbers(values: Any) -> list[float | None]:
        return [None if value != value else float(value) for value in values]

    return {
        "distances": locality.distances.tolist(),
        "threshold": threshold,
        "autocorrelation": {kind: numbers(values) for kind, values in locality.autocorrelation.items()},
        "difference": {kind: numbers(values) for kind, values in locality.difference.items()},
        "walks": {kind: values.tolist() for kind, values in locality.walks.items()},
        "any_direction": numbers(locality.wandering),
    }
