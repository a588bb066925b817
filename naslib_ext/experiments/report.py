"""``report.html`` with PNG figures and tables from what ``compare``, a suite or a single run wrote.

The page needs no other file.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template

import naslib_ext
from naslib_ext.atomic import write_atomically
from naslib_ext.errors import RunFolderError
from naslib_ext.experiments.comparison_data import read_comparison
from naslib_ext.experiments.comparison_page import comparison_page
from naslib_ext.experiments.page import Page, figure
from naslib_ext.experiments.run_page import read_run, run_page
from naslib_ext.experiments.shared_runs import CLAIMS
from naslib_ext.experiments.suite.data import read_suite
from naslib_ext.experiments.suite.page import suite_page


def write_report(folder: Path) -> Path:
    """Writes ``report.html`` and its figures into ``folder`` and returns the page's path.

    The figure is ``regret.png`` for a comparison whose optimum is known, else ``best.png``; a suite has several. Both
    have tables as CSV and LaTeX. Equal folders give equal bytes.

    Raises ``RunFolderError`` where the folder is neither a suite's nor a comparison's nor a run's, or is damaged.
    """
    folder = Path(folder)
    if (folder / "suite.json").is_file():
        suite = suite_page(read_suite(folder))
        files, html = suite.files, _html(suite.kind, suite.title, suite.lead, suite.body)
    else:
        page = _page(folder)
        picture = figure(page.light, page.dark, page.alt, page.caption)
        files = {page.figure: page.light, **page.files}
        html = _html(page.kind, page.title, page.lead, f"{page.before}\n{picture}\n{page.after}")
    for name, content in files.items():
        write_atomically(folder / name, content)
    write_atomically(folder / "report.html", html)
    return folder / "report.html"


def _page(folder: Path) -> Page:
    if (folder / "summary.json").is_file():
        return comparison_page(read_comparison(folder))
    if (folder / "config.yaml").is_file() and (folder / "journal.jsonl").is_file():
        return run_page(read_run(folder))
    if (folder / CLAIMS).is_file():
        raise RunFolderError(
            f"{folder}: not finished, or a suite's runs of one benchmark; the command that computes it goes on"
        )
    raise RunFolderError(
        f"{folder}: nothing to report; a suite has suite.json, a comparison has summary.json, a run has config.yaml "
        "and journal.jsonl"
    )


def _html(kind: str, title: str, lead: str, body: str) -> str:
    template = Template(Path(__file__).with_name("report.html").read_text(encoding="utf-8"))
    return template.substitute(
        kind=escape(kind), title=escape(title), lead=escape(lead), body=body, version=escape(naslib_ext.__version__)
    )
