"""``report.html`` and a PNG figure from what ``compare`` or a single run wrote. The page needs no other file."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from string import Template

import naslib_ext
from naslib_ext.atomic import write_atomically
from naslib_ext.errors import RunFolderError
from naslib_ext.experiments.comparison_page import comparison_page, read_comparison
from naslib_ext.experiments.page import Page
from naslib_ext.experiments.run_page import read_run, run_page


def write_report(folder: Path) -> Path:
    """Writes ``report.html`` and its figure into ``folder`` and returns the page's path.

    The figure is ``regret.png`` for a comparison whose optimum is known, else ``best.png``. Equal folders give equal
    bytes. Raises ``RunFolderError`` where the folder is neither a comparison's nor a run's, or is damaged.
    """
    folder = Path(folder)
    if (folder / "summary.json").is_file():
        page = comparison_page(read_comparison(folder))
    elif (folder / "config.yaml").is_file() and (folder / "journal.jsonl").is_file():
        page = run_page(read_run(folder))
    else:
        raise RunFolderError(
            f"{folder}: nothing to report; a comparison has summary.json, a run has config.yaml and journal.jsonl"
        )
    write_atomically(folder / page.figure, page.light)
    write_atomically(folder / "report.html", _html(page))
    return folder / "report.html"


def _html(page: Page) -> str:
    template = Template(Path(__file__).with_name("report.html").read_text(encoding="utf-8"))
    light, dark = (f"data:image/png;base64,{base64.b64encode(png).decode()}" for png in (page.light, page.dark))
    figure = (
        f'<figure><picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">\n'
        f'<img src="{light}" alt="{escape(page.alt)}"></picture>\n'
        f"<figcaption>{escape(page.caption)}</figcaption></figure>"
    )
    return template.substitute(
        kind=escape(page.kind),
        title=escape(page.title),
        lead=escape(page.lead),
        body=f"{page.before}\n{figure}\n{page.after}",
        version=escape(naslib_ext.__version__),
    )
