"""Configurations: YAML files with NASLib's keys, trailing ``key value`` overrides, and what they may hold."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from naslib_ext.errors import ConfigError, UnknownName
from naslib_ext.optimizers import Optimizer, get_optimizer
from naslib_ext.parameters import Parameter, settings
from naslib_ext.registry import unknown_name

logger = logging.getLogger(__name__)

RUN: dict[str, Parameter] = {
    "seed": Parameter(0, "names the random streams", minimum=0),
    "optimizer": Parameter("structure_bo", "search method"),
    "search_space": Parameter("nasbench201", "where to search"),
    "dataset": Parameter("cifar10", "data set of the benchmark"),
    "out_dir": Parameter("run", "folder of results"),
    "metric": Parameter("val_accuracy", "what is optimised"),
    "epoch": Parameter(0, "training schedule of the metric in epochs; 0 is the longest", minimum=0),
    "test_metric": Parameter("", "what the found architecture is reported with; empty: the metric's test metric"),
    "benchmark": Parameter("table", "table, surrogate, training or a third party's"),
    "data_dir": Parameter("", "folder of tables; empty: NASLIB_EXT_DATA, then the carried ones"),
    "save": Parameter("", "folder of the run; empty: out_dir/search_space/dataset/optimizer/seed"),
    "resume": Parameter(False, "go on from what the run's folder holds"),
}
"""Keys of the top level."""

SEARCH: dict[str, Parameter] = {
    "epochs": Parameter(100, "budget: architectures queried", minimum=1),
    "checkpoint_freq": Parameter(100, "queries between two checkpoints", minimum=1),
    "constraints": Parameter({}, "upper bounds of scores that cost no query: {flops: 100}"),
}
"""Keys of the section ``search`` that every optimizer has."""

NASLIB_KEYS = frozenset(
    "acq_fn_optimization acq_fn_type arch_learning_rate arch_weight_decay autocorr_size batch_size budgets "
    "config_id config_type cutout cutout_length cutout_prob data data_size debug_predictor drop_path_prob "
    "encoding_type eval_only experiment_type fidelity fidelity_list fidelity_single gpu grad_clip "
    "hparams_from_file k learning_rate learning_rate_min max_autocorr_trials max_hpo_time max_mutations "
    "max_nbhd_trials max_set_size model_path momentum normalization normalization_exponent "
    "num_arches_to_mutate num_candidates num_classes num_ensemble num_init output_weights plot_arch_weights "
    "population_size predictor predictor_type run_acc_stats run_autocorr run_nbhd_size sample_size "
    "save_arch_weights seed tau_max tau_min test_size threshold train_portion train_size train_size_list "
    "train_size_single uniform_random unrolled use_zc_api walks warm_start_epochs weight_decay zc zc_ensemble "
    "zc_names zc_only".split()
)
"""Keys of NASLib's own YAML files: accepted everywhere, and named in the log where this run has no use for them."""


class Config(dict[str, Any]):
    """A nested dict whose keys are attributes too, as in NASLib's ``CfgNode``."""

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        super().__init__({key: Config(v) if isinstance(v, Mapping) else v for key, v in (values or {}).items()})

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the configuration has no key {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def plain(self) -> dict[str, Any]:
        """The same as ordinary dicts."""
        return {key: value.plain() if isinstance(value, Config) else value for key, value in self.items()}


def load_config(path: str | os.PathLike[str] | None = None, overrides: Sequence[str] = ()) -> Config:
    """A complete, checked configuration.

    Args:
        path: a YAML file with NASLib's keys; ``None`` starts from the defaults.
        overrides: ``key value`` pairs that win over the file, ``search.epochs 150``.

    Raises ``ConfigError`` naming file, key and what was expected.
    """
    return complete(raw_values(path, overrides), f"{path}: " if path is not None else "")


def raw_values(path: str | os.PathLike[str] | None, overrides: Sequence[str]) -> dict[str, Any]:
    """What file and overrides say, unchecked. Raises ``ConfigError`` where they cannot be read."""
    values = read_yaml(Path(path)) if path is not None else {}
    if len(overrides) % 2:
        raise ConfigError(f"overrides come in pairs 'key value', got {' '.join(overrides)!r}")
    for key, text in zip(overrides[::2], overrides[1::2], strict=True):
        _override(values, key, text)
    return values


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds, by safe load. Raises ``ConfigError``."""
    try:
        values = yaml.safe_load(path.read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot read the configuration: {error}") from error
    if not isinstance(values, dict | None):
        raise ConfigError(f"{path}: expected keys and values, got {type(values).__name__}")
    return values or {}


def _override(values: dict[str, Any], key: str, text: str) -> None:
    *sections, name = key.split(".")
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise ConfigError(f"override {key!r}: {section!r} is not a section")
    try:
        values[name] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"override {key!r}: cannot read the value {text!r}") from error


def complete(values: Mapping[str, Any], where: str = "") -> Config:
    """``values`` checked and filled up with defaults; unused NASLib keys are named once in the log and dropped."""
    sections = {name: section(values, name, where) for name in ("search", "evaluation", "training")}
    if sections["evaluation"]:
        logger.info("%snot used by this run: evaluation", where)
    run = _checked(RUN, {k: v for k, v in values.items() if k not in sections}, where, "")
    try:
        method: type[Optimizer] = get_optimizer(run["optimizer"])
    except UnknownName as error:
        raise ConfigError(f"{where}optimizer: {error}") from error
    search = _checked(SEARCH | method.parameters, sections["search"], where, "search.")
    if search["constraints"] and method.using_step_function:
        raise ConfigError(f"{where}search.constraints: {run['optimizer']} trains a supernet; only queries keep to them")
    training = {"training": sections["training"]} if sections["training"] else {}
    config = Config({**run, "search": search, **training})
    config.search.seed = config.seed
    return config


def section(values: Mapping[str, Any], name: str, where: str = "") -> Mapping[str, Any]:
    """The section of that name, empty where there is none. Raises ``ConfigError`` where it is something else."""
    found = values.get(name) or {}
    if not isinstance(found, Mapping):
        raise ConfigError(f"{where}{name}: expected a section of keys, got {found!r}")
    return found


def _checked(known: Mapping[str, Parameter], values: Mapping[str, Any], where: str, section: str) -> dict[str, Any]:
    unused = [key for key in values if key not in known and key in NASLIB_KEYS and key != "seed"]
    if unused:
        logger.info("%snot used by this run: %s", where, ", ".join(section + key for key in unused))
    for key in values:
        if key not in known and key not in NASLIB_KEYS:
            raise ConfigError(f"{where}{unknown_name('key', key, known, section)}")
    return settings(known, values, where + section)
