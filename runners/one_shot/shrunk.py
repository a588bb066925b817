"""Supernets on shrunk spaces, measured (LISSNAS, Table 3).

    python runners/one_shot/shrunk.py --dataset digits --out DIR
    python runners/one_shot/shrunk.py --dataset cifar10 --epochs 100 --every 20 --batch-size 128 --lr 0.05 \\
        --network '{"init_channels": 16, "cells_per_stage": 5}' --out DIR

The second one needs CIFAR-10's files, its table and torchvision, and is meant for a GPU. A stopped command goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from tqdm import tqdm

from naslib_ext.atomic import write_atomically
from naslib_ext.errors import exit_status
from naslib_ext.experiments.one_shot.shrunk import SUPERNET_SCHEDULE, SUPERNETS, OneShotStudy, run_study
from naslib_ext.experiments.one_shot.shrunk_report import figures, format_summary
from naslib_ext.experiments.one_shot.shrunk_training import Machine


def main() -> int:
    return exit_status(partial(_run, _options()), "shrunk.py")


def _run(options: argparse.Namespace) -> None:
    changes = {"epochs": options.epochs, "batch_size": options.batch_size, "lr": options.lr}
    schedule = replace(SUPERNET_SCHEDULE, **changes, network=options.network)
    study = OneShotStudy(
        options.dataset, options.seeds, options.size, options.labels, options.measured, options.every, schedule,
        options.other, options.data_dir, Machine(options.device),
    )  # fmt: skip
    out = Path(options.out)
    with tqdm(total=study.seeds * len(SUPERNETS) * schedule.epochs, unit="epoch", disable=None) as bar:
        summary = run_study(study, out, tell=bar.update)
    for name, content in figures(summary).items():
        write_atomically(out / name, content)
    print(format_summary(summary))


def _options() -> argparse.Namespace:
    usual, schedule = OneShotStudy(), SUPERNET_SCHEDULE
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default=usual.dataset, help="of images and table (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=usual.seeds)
    parser.add_argument("--size", type=int, default=usual.size, help="members of a shrunk space")
    parser.add_argument("--labels", type=int, default=usual.labels, help="table values for LISSNAS's predictor")
    parser.add_argument("--measured", type=int, default=usual.measured, help="architectures of a group measured")
    parser.add_argument("--every", type=int, default=usual.every, help="epochs between measurements")
    parser.add_argument("--epochs", type=int, default=schedule.epochs)
    parser.add_argument("--batch-size", type=int, default=schedule.batch_size)
    parser.add_argument("--lr", type=float, default=schedule.lr)
    parser.add_argument("--network", type=json.loads, default=schedule.network, help="sizes, as JSON")
    parser.add_argument("--other", default=usual.other, help="data set of another table to compare with")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--data-dir")
    parser.add_argument("--out", required=True, metavar="DIR")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
