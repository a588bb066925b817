"""NASLib's own optimizers in NASLib's own Trainer, on light objects or on its graphs."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from naslib_ext.benchmarks import Benchmark
from naslib_ext.errors import ConfigError, MissingDependency
from naslib_ext.naslib_bridge.adapters.light import LONGEST
from naslib_ext.naslib_bridge.adapters.naslib_names import (
    ONE_SHOT,
    PREFIX,
    discrete_optimizer,
    naslib_object,
    one_shot_optimizer,
)

DEFAULTS = ("runners/nas/discrete_config.yaml", "benchmarks/nas/discrete_config.yaml", "defaults/darts_defaults.yaml")
"""Where NASLib's branches keep the settings of its discrete optimizers, inside its package."""

IMAGE_DEFAULTS = ("defaults/darts_defaults.yaml",)
"""Where it keeps those of its one-shot optimizers, and of the training of what they find."""


def naslib_folder() -> Path | None:
    """The folder of the package ``naslib``, without importing it; ``None`` where there is none."""
    spec = importlib.util.find_spec("naslib")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(places[0]) if places else None


def naslib_settings(
    values: Mapping[str, Any], benchmark: Benchmark | None = None, one_shot: bool = False
) -> dict[str, Any]:
    """A complete configuration for NASLib's optimizers and Trainer.

    Args:
        values: what was asked for, with NASLib's keys; its ``search`` section wins over NASLib's own YAML file.
        benchmark: what is queried, where that is one of ours. ``search.fidelity`` then becomes -1, the longest, where
            it is no schedule of the benchmark: there are no learning curves to look up in.
        one_shot: whether a method is meant that trains weights on images.

    Raises ``MissingDependency`` without NASLib, ``ConfigError`` for a ``search`` that is no section.
    """
    folder = naslib_folder()
    if folder is None:
        raise MissingDependency("NASLib is not found; clone it and set NASLIB_HOME to its folder")
    names = IMAGE_DEFAULTS if one_shot else DEFAULTS
    file = next((folder / name for name in names if (folder / name).is_file()), None)
    naslibs = yaml.safe_load(file.read_text()) if file else {}
    own = values.get("search") or {}
    if not isinstance(own, Mapping):
        raise ConfigError(f"search: expected a section of keys, got {own!r}")
    search = {**naslibs.get("search", {}), **own}
    if benchmark is not None and search.get("fidelity") not in benchmark.metrics().get("val_accuracy", []):
        search["fidelity"] = LONGEST
    search["seed"] = values.get("seed", 0)
    if one_shot:
        evaluation = {**naslibs.get("evaluation", {}), **(values.get("evaluation") or {})}
        values = {"data": str(folder / "data"), **values, "evaluation": evaluation}  # where NASLib keeps images
    return {"save_arch_weights": False, "evaluation": {}, **values, "search": search}


def build_optimizer(name: str, config: Any, zc_api: Any = None) -> Any:
    """NASLib's optimizer of that name with ``config``; none but this one is imported by name or built."""
    bare = name.removeprefix(PREFIX)
    if bare in ONE_SHOT:
        return one_shot_optimizer(bare)(**config.search)
    optimizer = discrete_optimizer(bare)
    return optimizer(config, zc_api=zc_api) if bare in ("bananas", "npenas") else optimizer(config)


def prepare(
    name: str, settings: Mapping[str, Any], blank: Any, dataset_api: Any = None, zc_api: Any = None
) -> tuple[Any, Any]:
    """(NASLib's Trainer, its configuration), ready to search, with all of NASLib's random generators seeded.

    Args:
        name: of one of NASLib's optimizers, with or without ``naslib:``.
        settings: what ``naslib_settings`` returned, with the folder of the run as ``save``.
        blank: a blank light object or graph of NASLib; it stays blank.
        dataset_api: NASLib's benchmark dictionary, for graphs.
        zc_api: NASLib's zero-cost dictionary, for Bananas and Npenas.
    """
    config = naslib_object("fvcore.common.config", "CfgNode")(dict(settings))
    for part in ("search", "eval"):
        Path(config.save, part).mkdir(parents=True, exist_ok=True)
    naslib_object("naslib.utils", "set_seed")(config.search.seed)
    optimizer = build_optimizer(name, config, zc_api)
    if optimizer.using_step_function:
        optimizer.adapt_search_space(blank.clone(), config.dataset)
    else:
        optimizer.adapt_search_space(blank.clone(), dataset_api=dataset_api)
    trainer = naslib_object("naslib.defaults.trainer", "Trainer")(optimizer, config, lightweight_output=True)
    return trainer, config


def last_checkpoint(folder: str | Path) -> str:
    """The newest checkpoint of the run in ``folder``, empty where there is none."""
    tag = Path(folder, "search", "last_checkpoint")
    return str(tag.with_name(tag.read_text().strip())) if tag.is_file() else ""
