"""NASLib's own optimizers in NASLib's own Trainer: its graphs against light architecture objects.

    NASLIB_HOME=/path/to/NASLib python runners/bench/naslib_searches.py [--queries 300] [--seed 0] [--methods A,B]

Each search on NAS-Bench-201 runs in a process of its own, with NASLib's settings, xgb as the predictor and, for Bananas
and Npenas, 50 candidates; printed are CPU seconds from building the search space to the last query, and the peak memory
of the process, NASLib's imports included.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from typing import Any

from naslib_ext.benchmarks import Benchmark, load_benchmark

METHODS = {
    "rs": "RandomSearch",
    "re": "RegularizedEvolution",
    "ls": "LocalSearch",
    "bp": "BasePredictor",
    "bananas": "Bananas",
    "npenas": "Npenas",
}

PREDICTED = {"predictor_type": "xgb", "num_candidates": 50, "num_arches_to_mutate": 1}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--case", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        method, kind = options.case
        print(json.dumps(search(method, kind, options.queries, options.seed)))
        return
    print(f"{options.queries} queries, seed {options.seed}\n{'':<22}{'graphs':>22}{'light objects':>22}{'ratio':>8}")
    for method in options.methods.split(","):
        graph, light = (_spawn(method, kind, options) for kind in ("graph", "light"))
        cells = "".join(f"{case['cpu']:>10.2f} s{case['memory']:>7,} MB" for case in (graph, light))
        same = "equal" if graph["trajectory"] == light["trajectory"] else "DIFFER"
        best = light["trajectory"][-1]
        ratio = graph["cpu"] / light["cpu"]
        print(f"{METHODS[method]:<22}{cells}{ratio:>8.0f}  trajectories {same}, best {best:.2f}", flush=True)


def _spawn(method: str, kind: str, options: argparse.Namespace) -> dict[str, Any]:
    numbers = ["--queries", str(options.queries), "--seed", str(options.seed)]
    words = [sys.executable, __file__, "--case", method, kind, *numbers]
    output = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
    case: dict[str, Any] = json.loads(output.splitlines()[-1])
    return case


def search(method: str, kind: str, queries: int, seed: int, benchmark: Benchmark | None = None) -> dict[str, Any]:
    """One search; ``kind`` is ``"graph"`` or ``"light"``, ``benchmark`` by default the table's cifar10."""
    from naslib_ext.naslib_bridge.adapters.dataset_api import dataset_api
    from naslib_ext.naslib_bridge.adapters.light import LightArchitecture
    from naslib_ext.naslib_bridge.adapters.naslib_names import naslib_object
    from naslib_ext.naslib_bridge.adapters.search import naslib_settings, prepare

    answers = benchmark or load_benchmark("nasbench201", "cifar10")
    light = LightArchitecture(answers.space, answers)
    graph = naslib_object("naslib.search_spaces", "NasBench201SearchSpace")
    for module, name in (("naslib.defaults.trainer", "Trainer"), ("naslib.optimizers", METHODS[method])):
        naslib_object(module, name)  # importing is not searching
    settings = {"epochs": queries, "checkpoint_freq": 1000, "fidelity": -1}
    run = {"search_space": "nasbench201", "dataset": "cifar10", "seed": seed, "search": {**settings, **PREDICTED}}
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        blank = graph() if kind == "graph" else light
        api = dataset_api(answers) if kind == "graph" else None
        trainer, _ = prepare(method, naslib_settings({**run, "save": folder}), blank, api)
        naslib_object("naslib.utils", "set_seed")(seed)  # the graph's construction has used some numbers
        trainer.search()
        cpu = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"cpu": cpu, "memory": memory, "trajectory": trainer.search_trajectory.valid_acc}


if __name__ == "__main__":
    main()
