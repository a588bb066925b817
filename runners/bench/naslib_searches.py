"""NASLib's own optimizers in NASLib's own Trainer: its graphs against light architecture objects.

    NASLIB_HOME=/path/to/NASLib python runners/bench/naslib_searches.py [QUERIES] [SEED]

Six searches of 300 queries on NAS-Bench-201, each in a process of its own; CPU seconds and peak memory.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

METHODS = ("RandomSearch", "RegularizedEvolution", "LocalSearch")


def main() -> None:
    queries, seed = (sys.argv[1:] + ["300", "0"][len(sys.argv) - 1 :])[:2]
    print(f"{queries} queries, seed {seed}\n{'':<22}{'graphs':>20}{'light objects':>20}{'ratio':>8}  trajectories")
    for method in METHODS:
        graph, light = (_spawn(method, kind, queries, seed) for kind in ("graph", "light"))
        cells = "".join(f"{case['cpu']:>10.2f} s{case['memory']:>5,} MB" for case in (graph, light))
        same = "equal" if graph["trajectory"] == light["trajectory"] else "DIFFER"
        print(
            f"{method:<22}{cells}{graph['cpu'] / light['cpu']:>8.0f}  {same}, best {light['trajectory'][-1]:.2f}",
            flush=True,
        )


def _spawn(method: str, kind: str, queries: str, seed: str) -> dict[str, Any]:
    words = [sys.executable, __file__, "--case", method, kind, queries, seed]
    case: dict[str, Any] = json.loads(
        subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()[-1]
    )
    return case


def search(method: str, kind: str, queries: int, seed: int) -> dict[str, Any]:
    """One search; CPU seconds from building the search space to the last query."""
    from naslib import optimizers, utils
    from naslib.defaults.trainer import Trainer
    from naslib.search_spaces import NasBench201SearchSpace

    import naslib_ext  # noqa: F401  (mends NASLib as it is imported)
    from naslib_ext.naslib_bridge.adapters import light_architecture

    light = light_architecture("nasbench201", "cifar10")
    with tempfile.TemporaryDirectory() as folder:
        config = utils.load_config(str(Path(utils.get_project_root(), "runners/nas/discrete_config.yaml")))
        config.save = folder
        config.search.update({"epochs": queries, "seed": seed, "fidelity": -1})
        for name in ("search", "eval"):
            Path(folder, name).mkdir()
        api = _dataset_api(light.benchmark) if kind == "graph" else None
        utils.set_seed(seed)
        start = time.process_time()
        space = NasBench201SearchSpace() if kind == "graph" else light.clone()
        optimizer = getattr(optimizers, method)(config)
        optimizer.adapt_search_space(space, dataset_api=api)
        trainer = Trainer(optimizer, config, lightweight_output=True)
        utils.set_seed(seed)
        trainer.search()
        cpu = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"cpu": cpu, "memory": memory, "trajectory": trainer.search_trajectory.valid_acc}


def _dataset_api(benchmark: Any) -> dict[str, Any]:
    """The table as NASLib's dictionary, its learning curves one epoch long."""
    values = benchmark.query(benchmark.codes).tolist()
    return {
        "nb201_data": {
            benchmark.space.to_string(code): {
                "cifar10-valid": {"train_acc1es": [-1], "eval_acc1es": [value], "cost_info": {"train_time": -1}}
            }
            for code, value in zip(benchmark.codes, values, strict=True)
        }
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        print(json.dumps(search(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))))
    else:
        main()
