"""DSM-NAS measured: many seeds, transfer, ablations and the MobileNet-like search.

    python runners/dsm_nas/runner.py seeds --dataset cifar10 --epoch 12 --seeds 100 --out DIR
    python runners/dsm_nas/runner.py transfer --source cifar10 --dataset cifar100 --epoch 12 --seeds 100 --out DIR
    python runners/dsm_nas/runner.py ablations --panels update,reward,graph,K,M --epoch 12 --out DIR
    python runners/dsm_nas/runner.py mobile --queries 10000 --seeds 5 --out DIR
    python runners/dsm_nas/runner.py speed --seeds 500

Each prints a table and writes ``summary.json`` and ``curves.png``, but ``speed``, which prints times. Trailing
``key value`` pairs are settings of DSM-NAS (``num_subspaces 10``). Processor seconds stand beside each method, for all
of its seeds together. Finished runs are kept and not run again; studies may share them (``--keep``).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from naslib_ext.errors import ConfigError, exit_status
from naslib_ext.experiments.dsm_nas.ablations import PANELS, ablate
from naslib_ext.experiments.dsm_nas.mobile import PAPER, TUNED, mobile_study, search_within
from naslib_ext.experiments.dsm_nas.speed import iteration, searches
from naslib_ext.experiments.dsm_nas.study import (
    UNTRAINED,
    Runs,
    Study,
    format_summary,
    format_tests,
    run_dsm,
    run_other,
    write_study,
)
from naslib_ext.experiments.dsm_nas.transfer import transfer

CHECKPOINTS = (50, 100, 150, 200, 500, 1_000, 2_000, 5_000, 10_000)


def main() -> int:
    options, rest = _parser().parse_known_args()
    return exit_status(partial(_study_of, options, rest))


def _study_of(options: argparse.Namespace, rest: list[str]) -> None:
    options.settings = _settings(rest)
    options.run(options)


def _seeds(options: argparse.Namespace) -> None:
    study, runs = _study(options), dict[str, Runs]()
    for preset in options.presets.split(","):
        settings = {"preset": preset, **options.settings}
        runs[f"dsm_nas {preset}"] = run_dsm(study, settings)
        runs[f"dsm_nas {preset} untrained"] = run_dsm(study, {**settings, **UNTRAINED})
    runs |= {name: run_other(study, name) for name in options.others.split(",")}
    _show(options, study, runs, *(f"dsm_nas {preset}" for preset in options.presets.split(",")))


def _transfer(options: argparse.Namespace) -> None:
    source = replace(_study(options), dataset=options.source)
    _show(options, *transfer(source, options.dataset, options.settings), "dsm_nas+")


def _ablations(options: argparse.Namespace) -> None:
    for panel in options.panels.split(","):
        if panel not in PANELS:
            raise ConfigError(f"unknown panel {panel!r}; known: {', '.join(PANELS)}")
        runs = ablate(_study(options), panel, options.settings)
        print(f"\n{panel}")
        _show(options, _study(options), runs, next(iter(runs)), folder=panel)


def _mobile(options: argparse.Namespace) -> None:
    study = mobile_study(options.queries, options.seeds, options.data_dir, _kept(options))
    runs = {name: search_within(study, name) for name in options.others.split(",")}
    for preset in options.presets.split(","):
        settings = {**{"paper": PAPER, "tuned": TUNED}[preset], **options.settings}
        runs[f"dsm_nas {preset} untrained"] = run_dsm(study, {**settings, **UNTRAINED})
        runs[f"dsm_nas {preset}"] = run_dsm(study, settings)
    _show(options, study, runs, *(f"dsm_nas {preset}" for preset in options.presets.split(",")))


def _show(
    options: argparse.Namespace, study: Study, runs: Mapping[str, Runs], *references: str, folder: str = ""
) -> None:
    summary = write_study(Path(options.out, folder), study, runs)
    print(format_summary(summary, CHECKPOINTS))
    for reference in references:
        print(format_tests(summary, reference))
    print("processor seconds: " + ", ".join(f"{name} {of.seconds:.0f}" for name, of in runs.items()))


def _speed(options: argparse.Namespace) -> None:
    study = replace(_study(options), keep=None)
    print(f"{study.search_space}, {study.budget} queries         on the clock   of the processor")
    for preset in ("paper", "tuned"):
        one = iteration(study, {"preset": preset, **options.settings})
        print(f"{preset}: one iteration            {1e3 * one.wall:8.2f} ms {1e3 * one.processor:12.2f} ms", flush=True)
    many = searches(study, {**options.settings})
    print(f"paper: {study.seeds} searches at once     {many.wall:8.1f} s  {many.processor:12.1f} s")


def _study(options: argparse.Namespace) -> Study:
    return Study(
        options.search_space, options.dataset, options.epoch, options.budget, options.seeds,
        data_dir=options.data_dir, keep=_kept(options),
    )  # fmt: skip


def _kept(options: argparse.Namespace) -> Path:
    return Path(options.keep or Path(options.out, "runs"))


def _settings(rest: list[str]) -> dict[str, Any]:
    if len(rest) % 2 or any(key.startswith("-") for key in rest[::2]):
        raise ConfigError(f"settings come in pairs 'key value', got {' '.join(rest)!r}")
    return {key: yaml.safe_load(text) for key, text in zip(rest[::2], rest[1::2], strict=True)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run in (
        ("seeds", _seeds), ("transfer", _transfer), ("ablations", _ablations), ("mobile", _mobile), ("speed", _speed),
    ):  # fmt: skip
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        command.add_argument("--out", required=name != "speed", default="", metavar="DIR")
        command.add_argument("--keep", metavar="DIR", help="finished runs, not run again (default: OUT/runs)")
        command.add_argument("--data-dir", help="folder of tables (default: NASLIB_EXT_DATA)")
        command.add_argument("--seeds", type=int, default={"mobile": 5, "speed": 500}.get(name, 100))
        if name in ("seeds", "mobile"):
            command.add_argument("--others", default="rs,re" if name == "mobile" else "rs,re,ls")
            command.add_argument("--presets", default="paper,tuned")
        if name == "mobile":
            command.add_argument("--queries", type=int, default=10_000)
            continue
        command.add_argument("--search-space", default="nasbench201")
        command.add_argument("--dataset", default="cifar100" if name == "transfer" else "cifar10")
        command.add_argument("--epoch", type=int, help="training schedule (default: the longest)")
        command.add_argument("--budget", type=int, default=200)
        if name == "transfer":
            command.add_argument("--source", default="cifar10")
        if name == "ablations":
            command.add_argument("--panels", default=",".join(PANELS))
    return parser


if __name__ == "__main__":
    sys.exit(main())
