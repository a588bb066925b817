"""``naslib-ext demo``."""

from __future__ import annotations

import argparse

from naslib_ext.cli.options import Commands


def add(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser("demo", help="compare a few methods on a table and write a report")
    parser.add_argument("--out", default="demo", help="folder of results (default: demo)")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from naslib_ext.experiments.demo import demo

    demo(options.out)
