"""Rows as CSV, to compute with, and as LaTeX (package booktabs), to put into a paper."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

import numpy as np

_ESCAPED = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
}  # fmt: skip


def to_csv(rows: Iterable[Sequence[object]]) -> str:
    """The rows as CSV; ``None`` is an empty field."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def value_cells(values: Sequence[tuple[float | None, float | None]], maximize: bool) -> list[str]:
    """A column of means with their standard errors, ``None`` where there is none; bold is the best mean."""
    means = [mean for mean, _ in values if mean is not None]
    best = (max if maximize else min)(means, default=0.0)
    return ["--" if mean is None else _value(mean, sem, best) for mean, sem in values]


def _value(mean: float, sem: float | None, best: float) -> str:
    text = rf"\mathbf{{{mean:.3f}}}" if np.isclose(mean, best, rtol=1e-12) else f"{mean:.3f}"
    return f"${text}$" if sem is None else rf"${text} \pm {sem:.3f}$"


def tabular(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A ``tabular`` environment of cells that are LaTeX already; all columns but the first are to the right."""
    lines = [" & ".join(row) + r" \\" for row in (head, *rows)]
    body = [r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule"]
    return "\n".join([rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}", *body, r"\end{tabular}", ""])


def latex(text: str) -> str:
    """``text`` with LaTeX's special characters escaped."""
    return re.sub(r"[\\&%$#_{}~^<>|]", lambda found: _ESCAPED.get(found[0], rf"\{found[0]}"), text)
