"""The papers' values as they are typed, and the page."""

import re
import runpy
import sys
from pathlib import Path

import pytest

from naslib_ext.errors import UnknownName
from naslib_ext.experiments.reproduction.entry import Entry
from naslib_ext.experiments.reproduction.papers import PAPERS, entries, listing, page, select
from naslib_ext.experiments.reproduction.table import numbers_in

TEXTS = {"delta-nas": "000", "lissnas": "001", "dsm-nas": "002", "anasod": "003"}
RUNNER = Path(__file__).parents[3] / "runners" / "reproduce" / "runner.py"


@pytest.mark.parametrize("entry", entries().values(), ids=lambda entry: entry.name)
def test_published_values_are_in_the_papers_text(entry: Entry, tables: Path) -> None:
    paper = next(paper for paper in PAPERS if entry in paper.entries)
    found = list((tables.parent / "papers").glob(f"{TEXTS[paper.key]}_*.txt"))
    if not found:
        pytest.skip("no texts of the papers beside the tables")
    printed = set(re.findall(r"\d+(?:\.\d+)?", found[0].read_text()))
    cells = [text for column in entry.published.values() for text in column.values()]
    numbers = numbers_in(cells)
    assert numbers <= printed, f"{sorted(numbers - printed)} are not in {found[0].name}"


def test_published_rows_of_table_2_of_anasod_stand_in_one_line(tables: Path) -> None:
    found = list((tables.parent / "papers").glob("003_*.txt"))
    if not found:
        pytest.skip("no texts of the papers beside the tables")
    lines = found[0].read_text().splitlines()
    published = entries()["anasod-table-2"].published
    for method in published["nasbench201/cifar10"]:
        numbers = numbers_in([column[method] for column in published.values() if method in column])
        assert any(numbers <= numbers_in([line]) for line in lines), method


def test_published_rows_of_table_1_of_delta_nas_stand_in_one_line(tables: Path) -> None:
    found = list((tables.parent / "papers").glob("000_*.txt"))
    if not found:
        pytest.skip("no texts of the papers beside the tables")
    lines = found[0].read_text().splitlines()
    published = entries()["delta-nas-table-1"].published
    for row in published["NASBench101 1%"]:
        values = [column[row] for column in published.values()]
        assert any(" ".join(values) in line for line in lines), row


def test_selection() -> None:
    assert [entry.name for entry in select(["all"])] == list(entries())
    assert len(entries()) == sum(len(paper.entries) for paper in PAPERS)  # names are unique
    chosen = select(["anasod-table-6", "anasod", "anasod-table-6"])
    assert chosen[0].name == "anasod-table-6" and len(chosen) == len(PAPERS[0].entries)
    with pytest.raises(UnknownName, match="did you mean 'anasod-table-2'"):
        select(["anasod-table-22"])
    assert len(listing().splitlines()) == len(entries())


def test_the_page_names_everything_and_what_is_missing(tmp_path: Path) -> None:
    text = page(tmp_path)
    for entry in entries().values():
        assert f"### {entry.title}\n" in text
        assert f"Not run yet: `python runners/reproduce/runner.py {entry.name}`" in text
    for paper in PAPERS:
        assert f"## {paper.title}\n" in text
    assert text.count("### Not reproduced") == len(PAPERS) and all(paper.absent.count("* **") for paper in PAPERS)
    assert max(len(line) for line in text.splitlines()) <= 120


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--list"], 0, "anasod-table-2"),
        (["table-99"], 1, "unknown table or figure 'table-99'"),
        ([], 1, "name a table or figure"),
        (["--docs", "page.md"], 0, ""),
    ],
)
def test_the_runner(
    words: list[str], status: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(RUNNER), *words, "--out", "runs"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(RUNNER), run_name="__main__")
    shown = capsys.readouterr()
    assert ended.value.code == status and said in shown.out + shown.err
    assert (tmp_path / "page.md").is_file() == ("--docs" in words)


def test_the_page_in_docs_is_up_to_date() -> None:
    text = (Path(__file__).parents[3] / "docs" / "reproduction.md").read_text()
    for entry in entries().values():
        section = text.partition(f"### {entry.title}\n")[2].partition("\n###")[0]
        assert "ours ± standard error" in section or "Not run yet" in section, entry.name
        assert f"runner.py {entry.name}" in section
        note = " ".join(entry.note.split())
        assert note in " ".join(section.split()), f"{entry.name}: its note has changed since the page was written"
