"""``naslib-ext shrink``."""

from __future__ import annotations

import argparse

from naslib_ext.cli.options import Commands, positive


def add(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser("shrink", help="shrink a search space with LISSNAS and its rivals, and measure it")
    parser.add_argument("--search-space", required=True, metavar="S")
    parser.add_argument("--dataset", required=True, metavar="D")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of results; what is there is not run again")
    parser.add_argument("--labels", type=positive, help="queries for the predictor (default: 200 or 300)")
    parser.add_argument("--size", type=positive, help="most architectures kept (default: the paper's reduction)")
    parser.add_argument("--seeds", type=positive, default=20, help="default: 20")
    parser.add_argument("--predictor", default="structure_gp", metavar="P", help="default: structure_gp")
    parser.add_argument("--rounds", type=positive, default=4, help="of labels; 1: all at random (default: 4)")
    parser.add_argument("--methods", metavar="A,B", help="names, separated by commas (default: all)")
    parser.add_argument("--metric", help="what is measured (default: validation accuracy, else test accuracy)")
    parser.add_argument("--epoch", type=positive, help="training schedule in epochs (default: the longest)")
    parser.add_argument("--surrogate", action="store_true", help="query a surrogate fitted on the table")
    parser.add_argument("--data-dir", metavar="DIR", help="folder of tables (default: NASLIB_EXT_DATA)")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from naslib_ext.experiments.shrinkage.report import shrink_command

    shrink_command(options)
