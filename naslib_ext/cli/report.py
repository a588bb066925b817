"""``naslib-ext report``."""

from __future__ import annotations

import argparse

from naslib_ext.cli.options import Commands


def add(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser("report", help="HTML, PNG and tables from what a run, a comparison or a suite wrote")
    parser.add_argument("folder", metavar="DIR")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from pathlib import Path

    from naslib_ext.experiments.report import write_report

    print(f"wrote {write_report(Path(options.folder))}")
