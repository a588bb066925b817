"""Every query-based method, ours and NASLib's own, through NASLib's Trainer on light objects of the five spaces.

    NASLIB_HOME=/path/to/NASLib python runners/bench/naslib_matrix.py [--queries 30] [--seed 0]

Prints a table of the best validation accuracy found, or why a method does not run in a space. NAS-Bench-101 and
NAS-Bench-301 are surrogates fitted on parts of their tables.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from pathlib import Path
from typing import Any

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.errors import NaslibExtError
from naslib_ext.naslib_bridge.adapters.doctor import commit_of
from naslib_ext.naslib_bridge.adapters.naslib_names import DISCRETE, PREFIX, naslib_object
from naslib_ext.naslib_bridge.adapters.search import build_optimizer, naslib_folder, naslib_settings
from naslib_ext.optimizers import get_optimizer, list_optimizers

SPACES = {
    "nasbench101": ("cifar10", "surrogate"),
    "nasbench201": ("cifar10", "table"),
    "nasbench301": ("cifar10", "surrogate"),
    "transbench101_micro": ("jigsaw", "table"),
    "transbench101_macro": ("jigsaw", "table"),
}
"""Search space -> data set and kind of benchmark."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--queries", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.disable(logging.INFO)
    folder = naslib_folder()
    where = commit_of(folder) if folder is not None else ""
    print(f"NASLib's Trainer{where}; {options.queries} queries, seed {options.seed}\n")
    print("| | " + " | ".join(SPACES) + " |\n|" + "---|" * (len(SPACES) + 1))
    for name in (*(PREFIX + name for name in DISCRETE), *list_optimizers("query")):
        cells = [_cell(name, space, options.queries, options.seed) for space in SPACES]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def _cell(name: str, space: str, queries: int, seed: int) -> str:
    try:
        return f"{search(name, space, queries, seed):.2f}"
    except NaslibExtError as error:
        return f"{type(error).__name__}: {error}"


def search(name: str, space: str, queries: int, seed: int) -> float:
    """The best validation accuracy of one search, as NASLib's Trainer evaluates it."""
    from naslib_ext.naslib_bridge.adapters.light import LightArchitecture
    from naslib_ext.naslib_bridge.base import metric

    dataset, kind = SPACES[space]
    benchmark = load_benchmark(space, dataset, kind)
    chosen = {"epochs": queries, "checkpoint_freq": queries, "fidelity": -1, "predictor_type": "xgb"}
    run = {"search_space": space, "dataset": dataset, "seed": seed, "search": chosen}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "search").mkdir()
        config = naslib_object("fvcore.common.config", "CfgNode")(naslib_settings({**run, "save": folder}))
        naslib_object("naslib.utils", "set_seed")(seed)
        optimizer: Any = build_optimizer(name, config) if name.startswith(PREFIX) else get_optimizer(name)(config)
        optimizer.adapt_search_space(LightArchitecture(benchmark.space, benchmark))
        trainer = naslib_object("naslib.defaults.trainer", "Trainer")(optimizer, config, lightweight_output=True)
        trainer.search()
        return float(trainer.evaluate(metric=metric("VAL_ACCURACY")))


if __name__ == "__main__":
    main()
