"""What a report says of how its numbers came about: the settings as words of a command, tables and versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import yaml

from naslib_ext.experiments.page import MISSING, table

Environment = Mapping[str, Any]
"""The content of ``environment.json``."""


def overrides(settings: Mapping[str, Any], prefix: str = "") -> list[str]:
    """``settings`` as trailing ``key value`` words of a command, ``search.population_size 20``."""
    words: list[str] = []
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            words += overrides(value, f"{prefix}{key}.")
        else:
            text = yaml.safe_dump(value, default_flow_style=True, width=10**6).removesuffix("...\n")
            words += [prefix + key, text.strip()]
    return words


def data_section(environments: Sequence[tuple[str, Environment]]) -> str:
    """The tables with their checksums, by benchmark; nothing where none is known."""
    rows = []
    for name, environment in environments:
        data = environment.get("data")
        if data:
            row = [name, data.get("file", MISSING), str(data.get("sha256", "")), data.get("source", "") or MISSING]
            rows += [row] if row not in rows else []
    if not rows:
        return ""
    columns = ["Benchmark", "Table", "SHA-256", "Source"]
    note = "Table: the file that was queried, or that the surrogate was fitted on."
    return "<h2>Data</h2>" + table(columns, rows, note, text=("Table", "Source"), code=("SHA-256",))


def versions_section(environments: Iterable[Environment]) -> str:
    """A line a package, with all versions that any comparison was computed with; nothing where none is known."""
    versions: dict[str, set[str]] = {}
    for environment in environments:
        for package, version in environment.get("versions", {}).items():
            versions.setdefault(package, set()).add(version)
    lines = "\n".join(f"{package} {', '.join(sorted(found))}" for package, found in versions.items())
    return f"<pre><code>{escape(lines)}</code></pre>" if lines else ""
