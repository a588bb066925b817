"""What NASLib's ``runners/nas`` and ``runners/bbo`` do: one search from a YAML file, with NASLib's optimizers or ours.

NASLib's scripts build every optimizer and every search space to use one of each; here the chosen one alone is built.
"""

from __future__ import annotations

import argparse
import ast
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from naslib_ext.benchmarks import Benchmark, load_benchmark
from naslib_ext.configuration import complete, raw_values
from naslib_ext.defaults.run_folder import folder_of
from naslib_ext.defaults.trainer import Trainer
from naslib_ext.errors import ConfigError, DataFileError, NaslibExtError
from naslib_ext.naslib_bridge.adapters.naslib_names import GRAPHS, ONE_SHOT, PREFIX, is_naslibs, naslib_object
from naslib_ext.naslib_bridge.adapters.search import last_checkpoint, naslib_folder
from naslib_ext.naslib_bridge.base import metric
from naslib_ext.optimizers import get_optimizer, list_optimizers

YAML = {
    "nas": ("defaults/darts_defaults.yaml",),
    "bbo": ("runners/bbo/discrete_config.yaml", "defaults/darts_defaults.yaml"),
}
"""NASLib's own file for each runner, inside its package: what is read where no file is named."""

CARRIED_IMAGES = ("digits", "shapes")
"""Data sets that NASLib does not know."""

IGNORED = ("world-size", "rank", "gpu", "dist-url", "dist-backend", "datapath")
"""NASLib's arguments for training on several devices; a benchmark needs none."""


def main(runner: str, arguments: Sequence[str] | None = None) -> int:
    """Runs NASLib's runner ``"nas"`` or ``"bbo"``; 0 on success, 1 with one line on standard error for bad input."""
    options = _parser(runner).parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        values = _values(runner, options)
        name = str(values.get("optimizer", "re"))
        run = _run_naslibs if is_naslibs(name, list_optimizers()) else _run_ours
        run(runner, name, values, options)
    except NaslibExtError as error:
        print(f"{runner}: {error}", file=sys.stderr)
        return 1
    return 0


def search_with_naslib(values: Mapping[str, Any], resume: bool = False) -> None:
    """One search of the optimizer of NASLib's that ``values`` names, as its nas runner does it; prints what it found.

    Raises ``NaslibExtError`` for bad input, ``MissingDependency`` without NASLib.
    """
    options = argparse.Namespace(resume=resume, eval_only=False, graphs=False, model_path="")
    _run_naslibs("nas", str(values["optimizer"]), dict(values), options)


def _parser(runner: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"runners/{runner}/runner.py",
        description="One search. optimizer re is ours, naslib:re is NASLib's; a name that only NASLib has needs no "
        "prefix. NASLib's optimizers run on light objects over our benchmarks.",
    )
    parser.add_argument("--config-file", metavar="FILE", help="YAML file with NASLib's keys (default: NASLib's own)")
    parser.add_argument("--seed", type=int, help="random seed, wins over the file's")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--eval-only", action="store_true", help="only evaluate what a finished search found")
    parser.add_argument("--model-path", default="", metavar="FILE", help="checkpoint to evaluate or to resume from")
    parser.add_argument("--graphs", action="store_true", help="NASLib's own graphs instead of light objects")
    parser.add_argument("--multiprocessing-distributed", action="store_true", help="ignored")
    for name in IGNORED:
        parser.add_argument(f"--{name}", help="ignored")
    parser.add_argument("opts", nargs=argparse.REMAINDER, help="key value pairs that win: search.epochs 150")
    return parser


def _values(runner: str, options: argparse.Namespace) -> dict[str, Any]:
    """The file's values with the overrides, NASLib's own file where none is named and NASLib is found."""
    path = options.config_file
    folder = naslib_folder()
    if path is None and folder is not None:
        path = next((str(folder / name) for name in YAML[runner] if (folder / name).is_file()), None)
    values = raw_values(path, options.opts)
    if options.seed is not None:
        values["seed"] = options.seed
    if not isinstance(values.get("search") or {}, dict):
        raise ConfigError(f"search: expected a section of keys, got {values['search']!r}")
    return values


def _folder(runner: str, name: str, values: Mapping[str, Any]) -> Path:
    """NASLib's place for a run; the bbo runner's has a level more for the number of a configuration."""
    parts = [values.get("search_space", "nasbench201"), values.get("dataset", "cifar10"), name.replace(":", "_")]
    if runner == "bbo":
        parts.append(f"config_{values.get('config_id', 0)}")
    return Path(values.get("save") or Path(values.get("out_dir", "run"), *parts, str(values.get("seed", 0))))


def _writer(runner: str, folder: Path) -> Any:
    """The bbo runner's tensorboard writer, where tensorboard is installed."""
    if runner != "bbo":
        return None
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))


# ours


def _run_ours(runner: str, name: str, values: Mapping[str, Any], options: argparse.Namespace) -> None:
    if options.graphs:
        raise ConfigError("--graphs is for NASLib's optimizers; ours need no graph, and take NASLib's in a script")
    method = get_optimizer(name)
    config = complete({**values, "save": str(_folder(runner, name, values))})
    if method.using_step_function:
        from naslib_ext.defaults.one_shot_trainer import search_and_describe

        print("\n".join(search_and_describe(method, config, options.resume, options.eval_only)))
        return
    trainer = Trainer(method(config), config, lightweight_output=True)
    if not options.eval_only:
        writer = _writer(runner, folder_of(config))
        trainer.search(options.resume or options.model_path, writer, report_incumbent=runner != "bbo")
        if writer is not None:
            writer.close()
    found = trainer.benchmark.space.to_string(trainer.final_architecture)
    print(f"{name} after {len(trainer.records)} queries: {found}, test {trainer.evaluate():.3f}")
    print(f"results in {folder_of(config)}")


# NASLib's


def _run_naslibs(runner: str, name: str, values: dict[str, Any], options: argparse.Namespace) -> None:
    from naslib_ext.naslib_bridge.adapters.registration import register
    from naslib_ext.naslib_bridge.adapters.search import naslib_settings, prepare

    if (values.get("search") or {}).get("constraints"):
        raise ConfigError(f"search.constraints: {name} is NASLib's, whose optimizers take none")
    one_shot = name.removeprefix(PREFIX) in ONE_SHOT
    graphs = options.graphs or one_shot
    values = {"search_space": "nasbench201", "dataset": "cifar10", "seed": 0, **values}
    if one_shot and values["dataset"] in CARRIED_IMAGES:
        raise ConfigError(
            f"dataset: NASLib's Trainer cannot load {values['dataset']!r} by itself; "
            "runners/one_shot/inside_naslib.py gives it images"
        )
    folder = _folder(runner, name, values)
    blank, dataset_api, benchmark = _graph(values) if graphs else _light(values)
    settings = naslib_settings({**values, "save": str(folder), "optimizer": name}, benchmark, one_shot)
    register()
    zc_api = _zero_cost(values)
    if zc_api is not None:
        blank.labeled_archs = [ast.literal_eval(key) for key in zc_api]
    trainer, config = prepare(name, settings, blank, dataset_api, zc_api)
    _set_loss(trainer.optimizer, config.dataset)
    if not options.eval_only:
        resume_from = options.model_path or (last_checkpoint(folder) if options.resume else "")
        trainer.search(resume_from, _writer(runner, folder), report_incumbent=runner != "bbo")
    asked = metric("VAL_ACCURACY") if runner == "bbo" and config.search_space == "nasbench301" else None
    result = trainer.evaluate(search_model=options.model_path, dataset_api=dataset_api, metric=asked)
    print(f"{name} after {len(trainer.search_trajectory['valid_acc'])} epochs: evaluated {result:.3f}")
    print(f"results in {folder}")


def _benchmark(values: Mapping[str, Any]) -> Benchmark:
    kind, folder = values.get("benchmark", "table"), values.get("data_dir") or None
    return load_benchmark(values["search_space"], values["dataset"], kind, folder, values.get("training"))


def _light(values: Mapping[str, Any]) -> tuple[Any, None, Benchmark]:
    """(a blank light object, no dictionary, what it queries)."""
    from naslib_ext.naslib_bridge.adapters.light import LightArchitecture

    benchmark = _benchmark(values)
    return LightArchitecture(benchmark.space, benchmark, metric=values.get("metric", "val_accuracy")), None, benchmark


def _graph(values: Mapping[str, Any]) -> tuple[Any, Any, Benchmark | None]:
    """(NASLib's blank graph, its dictionary, our benchmark behind it where NASLib's data files are missing)."""
    name = values["search_space"]
    if name not in GRAPHS:
        raise ConfigError(f"search_space: NASLib's runners have {', '.join(GRAPHS)}, not {name!r}")
    space = naslib_object("naslib.search_spaces", GRAPHS[name])
    graph = space(values["dataset"]) if name.startswith("transbench101") else space()
    try:
        return graph, naslib_object("naslib.utils", "get_dataset_api")(name, values["dataset"]), None
    except (AssertionError, ImportError, OSError):
        from naslib_ext.naslib_bridge.adapters.dataset_api import dataset_api

        benchmark = _benchmark(values)
        return graph, dataset_api(benchmark), benchmark


def _zero_cost(values: Mapping[str, Any]) -> Any:
    """NASLib's zero-cost dictionary, where ``search.use_zc_api`` asks for it. Raises ``DataFileError``."""
    if not (values.get("search") or {}).get("use_zc_api"):
        return None
    try:
        return naslib_object("naslib.utils", "get_zc_benchmark_api")(values["search_space"], values["dataset"])
    except OSError as error:
        raise DataFileError(f"search.use_zc_api needs a file of NASLib: {error}") from error


def _set_loss(optimizer: Any, dataset: str) -> None:
    """The losses of TransNAS-Bench-101's tasks, for one-shot methods."""
    if dataset in ("class_object", "class_scene"):
        optimizer.loss = naslib_object("naslib.search_spaces.transbench101.loss", "SoftmaxCrossEntropyWithLogits")()
    elif dataset == "autoencoder":
        import torch

        optimizer.loss = torch.nn.L1Loss()
