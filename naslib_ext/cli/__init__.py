"""The ``naslib-ext`` command, a module a subcommand. Everything heavy is imported by the one that needs it."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from functools import partial

from naslib_ext import __version__
from naslib_ext.cli import compare, data, demo, doctor, predictors, report, search, shrink
from naslib_ext.errors import exit_status

COMMANDS = (demo, search, compare, predictors, shrink, report, data, doctor)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; 0 on success, 1 with one line on standard error for bad input, 2 for bad usage."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and (not hasattr(options, "config_file") or rest[0].startswith("--")):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.overrides = rest
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, format="%(message)s")
    again = "the same command with --resume" if hasattr(options, "resume") else "the same command"
    return exit_status(partial(options.run, options), "naslib-ext", again)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="naslib-ext", description="Neural architecture search on benchmarks.")
    parser.add_argument("--version", action="version", version=f"naslib-ext {__version__}")
    parser.add_argument("-v", "--verbose", action="store_true", help="say what is going on")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser
