import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.benchmarks import TabularBenchmark
from naslib_ext.configuration import complete
from naslib_ext.defaults.trainer import Trainer
from naslib_ext.errors import RunFolderError
from naslib_ext.experiments.report import write_report
from naslib_ext.optimizers import get_optimizer
from naslib_ext.search_spaces import CategoricalSearchSpace

VOID = {"meta", "img", "source", "br", "hr", "link"}


class Checker(HTMLParser):
    """Collects a page's text and what it refers to, and checks that tags are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.references: list[str] = []
        self.alts: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        self.references += [values[name] or "" for name in ("src", "srcset", "href") if name in values]
        if tag == "img":
            self.alts.append(values.get("alt") or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def comparison(folder: Path, seeds: int = 4, optimum: float | None = 10.0, maximize: bool = True) -> Path:
    rng = np.random.default_rng(0)
    results, lines = {}, ["optimizer,seed,best,distinct_queries,architecture"]
    for shift, name in enumerate(("rs", "re")):
        best = np.maximum.accumulate(rng.uniform(5, 9, (seeds, 30)) + shift, axis=1)
        best = best if maximize else 20 - best
        spread = (best.std(axis=0, ddof=1) / seeds**0.5).tolist() if seeds > 1 else [None] * 30
        results[name] = {
            "checkpoints": list(range(1, 31)),
            "best_mean": best.mean(axis=0).tolist(),
            "best_sem": spread,
            "regret_mean": None if optimum is None else np.abs(optimum - best).mean(axis=0).tolist(),
            "test_mean": {"images": 7.25},
            "found_optimum": None if optimum is None else 0.5,
            "queries_to_optimum_mean": None if optimum is None else 21.0,
            "distinct_queries_mean": 30.0,
            "search_seconds_mean": None,
        }
        lines += [f"{name},{seed},{best[seed, -1]},30,0-1-<2>-{seed}" for seed in range(seeds)]
    summary = {
        "search_space": "mine",
        "dataset": "images",
        "metric": "val_accuracy" if maximize else "val_loss",
        "epoch": 12,
        "budget": 30,
        "seeds": seeds,
        "optimum": optimum,
        "maximize": maximize,
        "optimizers": results,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "runs.csv").write_text("\n".join(lines))
    return folder


@pytest.mark.parametrize("seeds", [1, 4])
@pytest.mark.parametrize("optimum", [None, 10.0])
@pytest.mark.parametrize("maximize", [True, False])
def test_a_page_that_needs_no_other_file(tmp_path: Path, seeds: int, optimum: float | None, maximize: bool) -> None:
    folder = comparison(tmp_path, seeds, optimum, maximize)
    page = Checker(write_report(folder).read_text())
    assert all(reference.startswith("data:image/png;base64,") for reference in page.references)
    assert all(page.alts)
    text = " ".join(page.text)
    assert "mine / images" in text
    assert "0-1-<2>-" in text
    assert "7.25" in text
    assert ("higher is better" in text) == maximize
    assert (folder / ("best.png" if optimum is None else "regret.png")).read_bytes().startswith(b"\x89PNG")


def test_the_better_method_stands_first(tmp_path: Path) -> None:
    for maximize in (True, False):
        text = " ".join(Checker(write_report(comparison(tmp_path, maximize=maximize)).read_text()).text)
        assert "re has the best mean" in text


def test_equal_folders_give_equal_bytes(tmp_path: Path) -> None:
    pages = [write_report(comparison(tmp_path / name)) for name in "ab"]
    assert pages[0].read_bytes() == pages[1].read_bytes()
    assert pages[0].with_name("regret.png").read_bytes() == pages[1].with_name("regret.png").read_bytes()


def test_the_report_of_a_run(tmp_path: Path) -> None:
    space = CategoricalSearchSpace("mine", [4] * 4)
    values = np.random.default_rng(0).uniform(50, 90, space.size)
    settings = complete({"optimizer": "ls", "search_space": "mine", "dataset": "images", "search": {"epochs": 40}})
    settings.save = str(tmp_path)
    benchmark = TabularBenchmark(space, space.enumerate(), {"val_accuracy": values}, "images")
    run = Trainer(get_optimizer("ls")(settings), settings, benchmark=benchmark)
    run.search()
    page = Checker(write_report(tmp_path).read_text())
    text = " ".join(page.text)
    assert f"{run.search_trajectory['valid_acc'][-1]:.3f}" in text
    assert space.to_string(run.final_architecture) in text
    assert (tmp_path / "best.png").is_file()


def test_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="nothing to report"):
        write_report(tmp_path)
    (comparison(tmp_path) / "runs.csv").unlink()
    with pytest.raises(RunFolderError, match=r"runs\.csv"):
        write_report(tmp_path)
    summary = json.loads((comparison(tmp_path) / "summary.json").read_text())
    del summary["optimizers"]["re"]["test_mean"]
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(RunFolderError, match="results of re are incomplete"):
        write_report(tmp_path)
    (tmp_path / "summary.json").write_text("{}")
    with pytest.raises(RunFolderError, match=r"summary\.json: not the summary"):
        write_report(tmp_path)
