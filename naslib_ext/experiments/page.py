"""The pieces of a report's page: the page itself, tables, lists of facts, and numbers as people read them."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray

from naslib_ext.errors import RunFolderError

MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


class Page(NamedTuple):
    """A page before it is put into the template; the figure stands between ``before`` and ``after``."""

    kind: str
    title: str
    lead: str
    figure: str
    light: bytes
    dark: bytes
    alt: str
    caption: str
    before: str
    after: str
    files: Mapping[str, bytes | str] = {}  # beside the page and its figure


def figure(light: bytes, dark: bytes, alt: str, caption: str) -> str:
    """A picture for light and one for dark screens, within the page."""
    day, night = (f"data:image/png;base64,{base64.b64encode(png).decode()}" for png in (light, dark))
    return (
        f'<figure><picture><source media="(prefers-color-scheme: dark)" srcset="{night}">\n'
        f'<img src="{day}" alt="{escape(alt)}"></picture>\n<figcaption>{escape(caption)}</figcaption></figure>'
    )


def facts(facts: dict[str, str]) -> str:
    """A list of names and values."""
    items = "".join(f"<div><dt>{escape(key)}</dt><dd>{escape(value)}</dd></div>\n" for key, value in facts.items())
    return f'<dl class="facts">\n{items}</dl>'


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    note: str,
    text: Sequence[str] = (),
    code: Sequence[str] = (),
) -> str:
    """A table whose first column names the row; columns are numbers unless they are listed as text or code."""
    kinds = ["name", *("code" if name in code else "text" if name in text else "number" for name in columns[1:])]
    head = "".join(
        f'<th scope="col" class="{kind}">{escape(name)}</th>' for name, kind in zip(columns, kinds, strict=True)
    )
    body = "".join(f"<tr>{''.join(map(_table_cell, row, kinds))}</tr>\n" for row in rows)
    label = escape(f"{columns[0]}: {', '.join(columns[1:])}")
    return (
        f'<div class="scroll" role="region" aria-label="{label}" tabindex="0"><table><caption>{label}</caption>\n'
        f'<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n<p class="note">{escape(note)}</p>'
    )


def _table_cell(cell: str, kind: str) -> str:
    if kind == "name":
        return f'<th scope="row">{escape(cell)}</th>'
    inner = f"<code>{escape(cell)}</code>" if kind == "code" else escape(cell)
    return f'<td class="{kind}">{inner}</td>'


def number(value: float | None, digits: int = 3) -> str:
    """``value`` to so many decimals, to two significant ones where these would be zeros; a dash for none."""
    if value is None or not math.isfinite(value):
        return MISSING
    small = 0 < abs(value) < 10.0 ** (1 - digits)
    return (f"{value:.2g}" if small else f"{value:.{digits}f}").replace("-", MINUS)


def p_value(value: float) -> str:
    """A p-value to four digits."""
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}" if math.isfinite(value) else MISSING


def count(number: int, one: str, many: str = "") -> str:
    """``3 seeds``, ``1 seed``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def floats(values: Sequence[float | None]) -> NDArray[np.float64]:
    """An array in which ``None`` is NaN."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds. Raises ``RunFolderError``."""
    try:
        values = yaml.safe_load(path.read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RunFolderError(f"{path}: cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise RunFolderError(f"{path}: expected keys and values")
    return values
