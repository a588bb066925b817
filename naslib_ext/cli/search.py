"""``naslib-ext search``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from naslib_ext.cli.options import Commands

if TYPE_CHECKING:
    from naslib_ext.defaults.trainer import Trainer

OVERRIDES = "Trailing 'key value' pairs win over the file: search.epochs 150 seed 3"


def add(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser("search", help="run one search method", epilog=OVERRIDES)
    parser.add_argument("--config-file", metavar="F", help="YAML file with NASLib's keys")
    parser.add_argument("--resume", action="store_true", help="go on from what the run's folder holds")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from naslib_ext.configuration import load_config, raw_values
    from naslib_ext.defaults.run_folder import folder_of
    from naslib_ext.defaults.trainer import Trainer
    from naslib_ext.naslib_bridge.adapters.naslib_names import is_naslibs
    from naslib_ext.optimizers import get_optimizer, list_optimizers

    values = raw_values(options.config_file, options.overrides)
    if is_naslibs(str(values.get("optimizer", "")), list_optimizers()):
        from naslib_ext.experiments.naslib_runner import search_with_naslib

        search_with_naslib(values, options.resume)
        return
    config = load_config(options.config_file, options.overrides)
    method = get_optimizer(config.optimizer)
    if method.using_step_function:
        from naslib_ext.defaults.one_shot_trainer import search_and_describe

        print("\n".join(search_and_describe(method, config, options.resume)))
        return
    trainer = Trainer(method(config), config, lightweight_output=True)
    trainer.search(resume_from=options.resume)
    found = trainer.benchmark.space.to_string(trainer.final_architecture)
    best = trainer.search_trajectory["valid_acc"][-1]
    print(f"{config.optimizer} after {len(trainer.records)} queries: {trainer.metric} {best:.3f}")
    print(f"architecture {found}, test {trainer.evaluate():.3f}")
    if config.optimizer == "structure_bo" and config.search.minimize:
        _print_front(trainer)
    print(f"results in {folder_of(config)}")


def _print_front(trainer: Trainer) -> None:
    """The best value at each cost, of a search with two objectives."""
    from naslib_ext.optimizers.structure_bo import StructureBO

    assert isinstance(trainer.optimizer, StructureBO)
    print(f"Pareto front, {trainer.config.search.minimize} and {trainer.metric}:")
    for code, score, cost in zip(*trainer.optimizer.pareto_front, strict=True):
        value = trainer.benchmark.direction(trainer.metric) * score
        print(f"{cost:12.3f} {value:12.3f} {trainer.benchmark.space.to_string(code)}")
