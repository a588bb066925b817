from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from naslib_ext.benchmarks import CARRIED, load_benchmark
from naslib_ext.benchmarks.made_images import make_shapes
from naslib_ext.benchmarks.metrics import Column
from naslib_ext.benchmarks.schedule import CARRIED_SCHEDULE
from naslib_ext.benchmarks.table import load_table, save_table
from naslib_ext.benchmarks.training import TrainingBenchmark
from naslib_ext.errors import DataFileError
from naslib_ext.experiments import carried_tables
from naslib_ext.search_spaces import get_search_space

SPACE = get_search_space("nasbench201")
CODES = SPACE.canonical([[2, 2, 2, 2, 2, 2], [0, 3, 4, 2, 0, 2], [0, 0, 0, 0, 0, 0]])


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three cells in two groups, tiny images, one proxy."""
    monkeypatch.setattr(carried_tables, "cells", lambda: CODES)
    monkeypatch.setattr(carried_tables, "GROUP", 2)
    monkeypatch.setattr(carried_tables, "SCHEDULE", replace(CARRIED_SCHEDULE, batch_size=8))
    monkeypatch.setattr(carried_tables, "list_proxies", lambda: ["params", "zen"])
    monkeypatch.setattr(carried_tables, "_images", lambda name: make_shapes((48, 20, 20), seed=len(name)))


def test_a_build_goes_on_where_it_stopped(small: None, tmp_path: Path) -> None:
    carried_tables.build(tmp_path, workers=1)
    first = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(first) == len(carried_tables.shards(2)) == (2 * 2 + 1 + 2) * 2
    lost = tmp_path / "train-shapes-1-0.npz"
    before = np.load(lost)["val_accuracy"]
    lost.unlink()
    with pytest.raises(DataFileError, match=lost.name):
        carried_tables.assemble(tmp_path)
    carried_tables.build(tmp_path, workers=1)
    again = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert {name for name in first if first[name] != again[name]} == {lost.name}
    np.testing.assert_array_equal(np.load(lost)["val_accuracy"], before)


def test_the_assembled_table_answers(small: None, tmp_path: Path) -> None:
    carried_tables.build(tmp_path / "shards", workers=1)
    table = load_table(save_table(carried_tables.assemble(tmp_path / "shards"), tmp_path))
    for dataset in ("digits", "shapes"):
        benchmark = table.benchmark(dataset)
        assert benchmark.metrics()["val_accuracy"] == [1, 2] and set(benchmark.free) == {"params", "zen"}
        seeds = [benchmark.query(CODES, f"test_accuracy/seed{seed}") for seed in (0, 1)]
        np.testing.assert_allclose(benchmark.query(CODES, "test_accuracy"), np.mean(seeds, axis=0), rtol=1e-6)
        assert (benchmark.cost(CODES) > 0).all()


# the tables that the package carries


@pytest.fixture(scope="module", params=["digits", "shapes"])
def carried(request: pytest.FixtureRequest):
    return load_benchmark("nasbench201", request.param, data_dir=CARRIED)


def test_every_distinct_cell_is_there(carried) -> None:
    assert len(carried.codes) == 6466 and carried.key == "canonical" and carried.is_complete
    assert np.isfinite(carried.query(SPACE.enumerate(), "val_accuracy")).all()


def test_the_package_stays_small() -> None:
    assert sum(path.stat().st_size for path in CARRIED.iterdir()) < 3_000_000


def test_seeds_agree_and_architecture_matters(carried) -> None:
    one, two = (carried.column(Column(f"val_accuracy/seed{seed}", 2)) for seed in (0, 1))
    assert spearmanr(one, two)[0] >= 0.85
    assert np.max(one + two) / 2 - np.median(one + two) / 2 >= 3


def test_ranks_are_those_of_nasbench201(carried, tables: Path) -> None:
    published = load_benchmark("nasbench201", "cifar10", data_dir=tables)
    there = published.query(carried.codes, "val_accuracy", 200)
    assert spearmanr(carried.column(Column("val_accuracy", 2)), there)[0] >= 0.5


def test_a_live_training_agrees(carried) -> None:
    """The recipe trained anew, one by one and with other batches, gives what the table says, within its noise."""
    from naslib_ext.benchmarks.made_images import load_images

    codes = SPACE.canonical([[2, 2, 2, 2, 2, 2], [4, 4, 4, 4, 4, 4], [0, 3, 0, 2, 0, 3], [1, 1, 1, 1, 1, 1]])
    live = TrainingBenchmark(SPACE, load_images(carried.dataset), CARRIED_SCHEDULE, device="cpu")
    np.testing.assert_allclose(live.query(codes), carried.query(codes), atol=15)
    assert live.free["params"](codes) == pytest.approx(carried.free["params"](codes), rel=1e-6)
