"""The ablations of ``structure_bo`` as Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from naslib_ext.atomic import write_atomically
from naslib_ext.experiments.structure_bo.ablations import PANELS, RANDOM, AblationStudy, Change

Values = Mapping[str, NDArray[np.float64]]
"""Variant -> values (seeds,) on one task."""


def write_tables(study: AblationStudy) -> str:
    """Writes ``summary.json`` into the study's folder. Returns the tables as Markdown.

    They have, for each variant and task, regrets and their tests, queries to the optimum, best values and the share
    of the gain over random search.
    """
    tasks, changes = [task.name for task in study.tasks], study.changes()
    regrets = [{name: float(values.mean()) for name, values in of.items()} for of in study.regrets]
    content = {
        "budget": study.budget,
        "seeds": list(study.seeds),
        "regrets": dict(zip(tasks, regrets, strict=True)),
        "changes": {name: change._asdict() for name, change in changes.items()},
    }
    write_atomically(Path(study.out, "summary.json"), json.dumps(content, indent=1) + "\n")
    places = range(len(tasks))
    return "\n\n".join(
        [
            _regrets(study, tasks, changes),
            _table(
                "mean queries to the optimum", tasks, study, [study.queries_to_optimum(place) for place in places], 1
            ),
            _table(f"best value after {study.budget}", tasks, study, [study.values(place) for place in places], 3),
            _table("share of the gain over rs", tasks, study, [study.gains(place) for place in places], 2),
        ]
    )


def _regrets(study: AblationStudy, tasks: Sequence[str], changes: Mapping[str, Change]) -> str:
    rows = [["regret over that of rs", *tasks, "difference from the panel's first", "Holm's p"]]
    for panel in study.panels:
        for name in PANELS[panel]:
            change = changes.get(name)
            test = [f"{change.difference:+.3f} ± {change.sem or 0:.3f}", f"{change.p_holm:.2g}"] if change else ["", ""]
            rows.append([name, *(_cell(of.get(name), 3, with_error=False) for of in study.regrets), *test])
    return _markdown(rows)


def _table(title: str, tasks: Sequence[str], study: AblationStudy, columns: Sequence[Values], digits: int) -> str:
    names = [RANDOM, *dict.fromkeys(name for panel in study.panels for name in PANELS[panel])]
    rows = [[name, *(_cell(column.get(name), digits) for column in columns)] for name in names]
    return _markdown([[title, *tasks], *rows])


def _cell(values: NDArray[np.float64] | None, digits: int, with_error: bool = True) -> str:
    if values is None:
        return "-"
    error = f" ± {values.std(ddof=1) / np.sqrt(len(values)):.{digits}f}" if with_error and len(values) > 1 else ""
    return f"{values.mean():.{digits}f}{error}"


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
