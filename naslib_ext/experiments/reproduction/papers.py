"""The four papers, and the page that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from naslib_ext.experiments.reproduction import anasod, delta_nas, dsm_nas, lissnas
from naslib_ext.experiments.reproduction.entry import RUNNER, Entry
from naslib_ext.registry import unknown_name

PAPERS = (anasod.PAPER, delta_nas.PAPER, dsm_nas.PAPER, lissnas.PAPER)

INTRODUCTION = f"""# The papers' tables and figures, reproduced

Every table and figure of the four papers that a table or surrogate at hand allows, with the paper's value, ours, its
standard error and the number of seeds side by side. This page is written by the commands that it shows; each keeps its
runs in `--out` and goes on where it stopped.

```
{RUNNER} anasod-table-2 --seeds 100 --out reproduction
{RUNNER} anasod --out reproduction                           # all of one paper
{RUNNER} all --out reproduction --docs docs/reproduction.md  # everything, and this page
{RUNNER} --out reproduction --docs docs/reproduction.md      # this page from what is there
{RUNNER} --list
```

`±` is the standard error over seeds, `sd` the standard deviation over them where the paper prints that. Without
`--seeds` a command takes a number that ends in minutes. A paper's value is quoted as printed, whatever is behind it;
where the two cannot be compared the section says so.
"""


def entries() -> dict[str, Entry]:
    """Every entry by its name."""
    return {entry.name: entry for paper in PAPERS for entry in paper.entries}


def select(names: Sequence[str]) -> list[Entry]:
    """Entries by their names, by those of their papers, or ``all``; each once. Raises ``UnknownName``."""
    known = {
        "all": list(entries().values()),
        **{paper.key: list(paper.entries) for paper in PAPERS},
        **{name: [entry] for name, entry in entries().items()},
    }
    chosen: dict[str, Entry] = {}
    for name in names:
        if name not in known:
            raise unknown_name("table or figure", name, known)
        chosen |= {entry.name: entry for entry in known[name]}
    return list(chosen.values())


def listing() -> str:
    """One line an entry."""
    width = max(map(len, entries()))
    return "\n".join(f"{name:<{width}}  {entry.seeds:>4} seeds  {entry.title}" for name, entry in entries().items())


def page(out: Path) -> str:
    """``docs/reproduction.md`` from the results in ``out``."""
    return "\n".join([INTRODUCTION, *(paper.markdown(out) for paper in PAPERS)])
