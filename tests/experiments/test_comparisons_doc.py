"""The examples of ``docs/comparisons.md`` that need no cluster and no download are run."""

import re
import shlex
from pathlib import Path

import pytest

from naslib_ext.cli import main

TEXT = (Path(__file__).parents[2] / "docs" / "comparisons.md").read_text()


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    commands = [
        shlex.split(line) for line in re.findall(r"^naslib-ext (.* --out compared|report compared)$", TEXT, re.M)
    ]
    assert [command[0] for command in commands] == ["compare", "report", "compare"]
    for command in commands:
        assert main([*command, *(["--executor", "serial"] if command[0] == "compare" else [])]) == 0
    assert (tmp_path / "compared" / "report.html").is_file()
    assert (tmp_path / "compared" / "nasbench201" / "digits" / "ls+query_full_nbhd=true" / "2").is_dir()
