"""``naslib-ext doctor``."""

from __future__ import annotations

import argparse

from naslib_ext.cli.options import Commands


def add(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser("doctor", help="what is installed, which NASLib is found and what it lacks")
    parser.add_argument("--import", dest="import_naslib", action="store_true", help="import NASLib, say what is mended")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from naslib_ext.naslib_bridge.adapters.doctor import doctor

    print("\n".join(doctor(options.import_naslib)))
