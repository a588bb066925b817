"""One-shot methods, ours and NASLib's own, in NASLib's Trainer on its NAS-Bench-201 graph and warped digits.

    NASLIB_HOME=/path/to/NASLib python runners/one_shot/inside_naslib.py --out DIR [--epochs 3] [--seeds 3]

Every method trains the supernet that NASLib makes of its graph, all five cells a stage, with its own settings. What a
search finds is looked up in the carried table ``digits``, where cells of eight channels were trained alone. One line a
run in ``DIR/runs.jsonl``; those that are there are not run again.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from naslib_ext.benchmarks import Benchmark, load_benchmark
from naslib_ext.benchmarks.images import ImageDataset, Split
from naslib_ext.benchmarks.made_images import load_images
from naslib_ext.naslib_bridge.adapters import graph_to_code
from naslib_ext.naslib_bridge.adapters.doctor import commit_of
from naslib_ext.naslib_bridge.adapters.images import image_loaders
from naslib_ext.naslib_bridge.adapters.naslib_names import ONE_SHOT, PREFIX, naslib_object
from naslib_ext.naslib_bridge.adapters.search import build_optimizer, naslib_folder, naslib_settings
from naslib_ext.optimizers import get_optimizer, list_optimizers

DATASET = "digits"
OWN = ("arch_learning_rate", "arch_weight_decay")
"""What NASLib's YAML file sets to DARTS's values for all methods: ours have defaults of their own."""

Run = dict[str, Any]


def main() -> None:
    methods = [*(PREFIX + name for name in ONE_SHOT), *list_optimizers("one_shot")]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    parser.add_argument("--methods", default=",".join(methods), help="with commas between")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=320, help="training images; as many, at most 1,500, to validate")
    parser.add_argument("--batch-size", type=int, default=32, help="images a step")
    options = parser.parse_args()
    logging.disable(logging.INFO)
    images, benchmark = _first(load_images(DATASET), options.images), load_benchmark("nasbench201", DATASET)
    folder = naslib_folder()
    where = commit_of(folder) if folder is not None else ""
    size = {"epochs": options.epochs, "images": options.images, "batch_size": options.batch_size}
    print(f"NASLib's Trainer{where}; {size}, {options.seeds} seeds\n", flush=True)
    done = _read(options.out)
    for seed in range(options.seeds):
        for name in options.methods.split(","):
            key = {"method": name, "seed": seed, **size}
            if not any(key.items() <= run.items() for run in done):
                run = key | search(name, images, benchmark, options.epochs, options.batch_size, seed)
                done.append(run)
                _append(options.out, run)
    print(table([run for run in done if size.items() <= run.items() and run["seed"] < options.seeds], benchmark))


def _first(dataset: ImageDataset, n: int) -> ImageDataset:
    """The data set with its first ``n`` training and validation images; they are in random order."""
    train, val = (Split(*(tensor[:n] for tensor in part)) for part in (dataset.train, dataset.val))
    return ImageDataset(dataset.name, train, val, dataset.test, dataset.num_classes)


def search(name: str, images: ImageDataset, benchmark: Benchmark, epochs: int, batch_size: int, seed: int) -> Run:
    """One search in NASLib's Trainer: the code found, its accuracies in the table, CPU seconds an epoch."""
    chosen = {"epochs": epochs, "checkpoint_freq": epochs, "batch_size": batch_size}
    values = {"dataset": images.name, "seed": seed, "search": chosen}
    with tempfile.TemporaryDirectory() as folder, image_loaders(images):
        settings = naslib_settings({**values, "save": folder}, one_shot=True)
        if not name.startswith(PREFIX):
            settings["search"] = {key: value for key, value in settings["search"].items() if key not in OWN}
        Path(folder, "search").mkdir()
        config = naslib_object("fvcore.common.config", "CfgNode")(settings)
        naslib_object("naslib.utils", "set_seed")(seed)
        optimizer: Any = build_optimizer(name, config) if name.startswith(PREFIX) else get_optimizer(name)(config)
        graph = naslib_object("naslib.search_spaces", "NasBench201SearchSpace")(images.num_classes, 1)
        optimizer.adapt_search_space(graph, images.name)
        trainer = naslib_object("naslib.defaults.trainer", "Trainer")(optimizer, config, lightweight_output=True)
        start = time.process_time()
        trainer.search()
        seconds = (time.process_time() - start) / epochs
        code = graph_to_code(optimizer.get_final_architecture())[1]
    found = {part: float(benchmark.query(code[None], f"{part}_accuracy")[0]) for part in ("val", "test")}
    loss = float(trainer.search_trajectory.train_loss[-1])
    return {"code": code.tolist(), **found, "train_loss": loss, "seconds": round(seconds, 2)}


def table(runs: list[Run], benchmark: Benchmark) -> str:
    """What the methods found, in Markdown, means and standard errors over the seeds."""
    values = np.sort(benchmark.query(benchmark.space.enumerate()))
    lines = [
        "| | accuracy in the table | test | cells that are worse | training loss | CPU s an epoch |",
        "|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(run["method"] for run in runs):
        own = [run for run in runs if run["method"] == name]
        val, test, loss, seconds = (
            np.array([run[key] for run in own]) for key in ("val", "test", "train_loss", "seconds")
        )
        worse = np.searchsorted(values, val) / len(values)
        error = f" ± {val.std(ddof=1) / np.sqrt(len(val)):.2f}" if len(val) > 1 else ""
        lines.append(
            f"| {name} | {val.mean():.2f}{error} | {test.mean():.2f} | {worse.mean():.2f} | {loss.mean():.3f} "
            f"| {seconds.mean():.1f} |"
        )
    return "\n".join(lines)


def _read(folder: Path) -> list[Run]:
    path = folder / "runs.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def _append(folder: Path, run: Run) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "runs.jsonl").open("a") as file:
        file.write(json.dumps(run) + "\n")


if __name__ == "__main__":
    main()
