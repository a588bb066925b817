import csv
import json
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.errors import ConfigError, NaslibExtError
from naslib_ext.experiments.compare import Comparison, compare, format_summary
from naslib_ext.optimizers import get_optimizer


def comparison(tables: Path, out: Path, seeds: int = 6, **values: object) -> Comparison:
    settings = {"search_space": "nasbench201", "dataset": "cifar10", "epoch": 12, "data_dir": str(tables), **values}
    return Comparison(("rs", "re", "ls"), seeds, str(out), {"search": {"epochs": 60}, **settings})


def test_summary_has_the_documented_form(tables: Path, tmp_path: Path) -> None:
    summary = compare(comparison(tables, tmp_path), "serial")
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    assert summary["optimum"] == pytest.approx(84.89, abs=0.01)
    assert (summary["budget"], summary["seeds"], summary["epoch"]) == (60, 6, 12)
    for result in summary["optimizers"].values():
        assert result["checkpoints"] == list(range(1, 61))
        assert len(result["best_mean"]) == len(result["best_sem"]) == len(result["regret_mean"]) == 60
        assert np.allclose(np.add(result["best_mean"], result["regret_mean"]), summary["optimum"])
        assert set(result["test_mean"]) == {"cifar10", "cifar100"}
        assert 0 <= result["found_optimum"] <= 1
        assert result["distinct_queries_mean"] == 60
        assert result["search_seconds_mean"] is None
    assert "optimum 84.892" in format_summary(summary)


def test_numbers_are_those_of_the_runs(tables: Path, tmp_path: Path) -> None:
    summary = compare(comparison(tables, tmp_path), "serial")
    with (tmp_path / "runs.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["optimizer"] == "re"]
    best = [float(row["best"]) for row in rows]
    result = summary["optimizers"]["re"]
    assert result["best_mean"][-1] == pytest.approx(np.mean(best))
    assert result["best_sem"][-1] == pytest.approx(np.std(best, ddof=1) / 6**0.5)
    journal = (tmp_path / "nasbench201/cifar10/re/2/journal.jsonl").read_text().splitlines()
    assert max(json.loads(line)["value"] for line in journal) == best[2]


def test_executors_give_equal_bytes_and_finished_runs_are_kept(tables: Path, tmp_path: Path) -> None:
    compare(comparison(tables, tmp_path / "a", 3), "serial")
    compare(comparison(tables, tmp_path / "b", 2), "process", workers=2)
    journal = tmp_path / "b/nasbench201/cifar10/ls/1/journal.jsonl"
    before = journal.stat().st_mtime_ns
    compare(comparison(tables, tmp_path / "b", 3), "process", workers=2)
    assert journal.stat().st_mtime_ns == before
    for name in ("summary.json", "runs.csv", "curves.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_key_of_one_method_need_not_be_known_to_the_others(tables: Path, tmp_path: Path) -> None:
    values = comparison(tables, tmp_path).values
    own = {"search": {"epochs": 20, "query_full_nbhd": True, "population_size": 5}}
    compare(Comparison(("rs", "re", "ls"), 1, str(tmp_path), {**values, **own}), "serial")
    with pytest.raises(ConfigError, match="query_full"):
        compare(Comparison(("rs",), 1, str(tmp_path / "x"), {**values, **own}), "serial")


def test_a_variant_has_its_own_settings_and_folder(tables: Path, tmp_path: Path) -> None:
    whole = "ls+query_full_nbhd=true"
    values = comparison(tables, tmp_path, 2).values
    summary = compare(Comparison(("ls", whole), 2, str(tmp_path), values), "serial")
    alone = compare(
        Comparison(("ls",), 2, str(tmp_path / "b"), {**values, "search": {"epochs": 60, "query_full_nbhd": True}}),
        "serial",
    )
    assert summary["optimizers"][whole]["best_mean"] == alone["optimizers"]["ls"]["best_mean"]
    assert summary["optimizers"][whole]["best_mean"] != summary["optimizers"]["ls"]["best_mean"]
    assert (tmp_path / "nasbench201" / "cifar10" / whole / "1" / "errors.json").exists()
    for bad in ("ls+query_full_nbhd", "ls+typo=1"):
        with pytest.raises(ConfigError, match=r"query_full_nbhd|typo"):
            compare(Comparison((bad,), 1, str(tmp_path), values), "serial")


def test_unknown_optimum_and_minimised_metric(tables: Path, tmp_path: Path) -> None:
    values = {
        "search_space": "nasbench201",
        "dataset": "cifar10",
        "metric": "latency_ms/pixel3",
        "data_dir": str(tables),
    }
    summary = compare(Comparison(("ls",), 3, str(tmp_path), {**values, "search": {"epochs": 50}}), "serial")
    assert summary["maximize"] is False
    result = summary["optimizers"]["ls"]
    assert result["best_mean"] == sorted(result["best_mean"], reverse=True)
    assert min(result["regret_mean"]) >= 0


def test_the_optimum_keeps_to_the_constraints(tables: Path, tmp_path: Path) -> None:
    search = {"epochs": 100, "constraints": {"flops": 20}}
    within = comparison(tables, tmp_path, 2, search=search)
    summary = compare(within, "serial")
    bench = within.benchmark()
    codes = bench.space.enumerate()
    codes = codes[bench.query(codes, "flops") <= 20]
    assert summary["optimum"] == bench.query(codes, "val_accuracy", 12).max() < bench.optimum("val_accuracy", 12)
    assert min(summary["optimizers"]["ls"]["regret_mean"]) >= 0


def test_a_predictor_that_stands_in_for_a_table(tables: Path, tmp_path: Path) -> None:
    values = {"search_space": "mobilenet", "dataset": "imagenet", "data_dir": str(tables), "search": {"epochs": 3}}
    summary = compare(Comparison(("rs",), 1, str(tmp_path), values), "serial")
    assert summary["optimum"] is None and summary["optimizers"]["rs"]["test_mean"] == {}


@pytest.mark.parametrize("label", ["re+population_size=[", "re+sample_size=2+sample_size=3", "re+population_size=1/2"])
def test_a_label_that_means_nothing_is_refused(tmp_path: Path, label: str) -> None:
    with pytest.raises(ConfigError, match="optimizer 're"):
        compare(Comparison((label,), 1, str(tmp_path), {}), "serial")


def test_nothing_to_compare_is_said(tmp_path: Path) -> None:
    for methods, seeds in (((), 3), (("rs",), 0)):
        with pytest.raises(ConfigError, match="nothing to compare"):
            compare(Comparison(methods, seeds, str(tmp_path), {}), "serial")
    with pytest.raises(ConfigError, match="search: expected a section"):
        compare(Comparison(("rs",), 1, str(tmp_path), {"search": 5}), "serial")


def test_a_method_that_asks_for_nothing_is_named(tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_optimizer("re"), "ask", lambda self, n=1: np.empty((0, 6), dtype=np.int8))
    with pytest.raises(NaslibExtError, match="re, seed 0: asked for no architecture"):
        compare(Comparison(("re",), 1, str(tmp_path), comparison(tables, tmp_path).values), "serial")
