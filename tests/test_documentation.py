"""What the README and the pages of docs/ say to type: Python examples run, commands are known to their parsers."""

import argparse
import re
import runpy
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from naslib_ext.cli import main

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")], key=lambda page: page.name)
NEEDS_MORE = ("from naslib.", "naslib_bridge", "setup(")
"""Examples inside NASLib (tests marked ``naslib`` have their like) or inside somebody's ``setup.py``."""


def commands(page: Path) -> list[str]:
    """The command lines in the fenced blocks of ``page`` that are written out in full."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    lines = [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    lines = [re.sub(r"^(time |[A-Z_]+=\S+ )+", "", line).split("  #")[0] for line in lines]
    typed = [line for line in lines if line.startswith(("naslib-ext ", "python runners/"))]
    return [line for line in typed if not re.search(r"\.\.\.|\$|<|>|\|", line)]


COMMANDS = sorted({command for page in PAGES for command in commands(page)})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_examples_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    blocks = [block for block in blocks if not any(word in block for word in NEEDS_MORE)]
    if not blocks:
        pytest.skip("no example")
    if "cifar10" in "".join(blocks):
        monkeypatch.setenv("NASLIB_EXT_DATA", str(request.getfixturevalue("tables")))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in blocks:
        exec(block, names)


class Parsed(Exception):
    """The command line was understood; nothing is run."""


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_known(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(command)
    assert all((ROOT / word).is_file() for word in words if word.startswith(("configs/", "runners/")))
    parse = argparse.ArgumentParser.parse_known_args

    def parse_only(parser: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> Any:
        _, rest = parse(parser, args, namespace)  # a subcommand's parser comes here first, and ends it
        assert not any(word.startswith("-") for word in rest), f"unknown options: {rest}"
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_known_args", parse_only)
    monkeypatch.setattr(sys, "argv", words[1:])
    own = words[0] == "naslib-ext"
    with pytest.raises(Parsed):
        main(words[1:]) if own else runpy.run_path(str(ROOT / words[1]), run_name="__main__")
