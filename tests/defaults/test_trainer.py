import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.benchmarks import Benchmark, TabularBenchmark, find_table
from naslib_ext.configuration import Config, complete
from naslib_ext.defaults.run_folder import incumbents
from naslib_ext.defaults.trainer import Trainer
from naslib_ext.errors import ConfigError, MissingMetric, NaslibExtError, RunFolderError
from naslib_ext.naslib_bridge.adapters.light import LightArchitecture
from naslib_ext.optimizers import get_optimizer
from naslib_ext.search_spaces import CategoricalSearchSpace

SPACE = CategoricalSearchSpace("toy", [4] * 5)
CODES = SPACE.enumerate()
VALUES = np.cos(CODES @ np.arange(1.0, 6.0)) * 40 + 50
RESULTS = ("config.yaml", "journal.jsonl", "errors.json", "checkpoint")


def toy(values: np.ndarray = VALUES, **columns: np.ndarray) -> TabularBenchmark:
    return TabularBenchmark(SPACE, CODES, {"val_accuracy": values, **columns}, "made-up")


def config(out: Path, optimizer: str = "re", epochs: int = 60, **search: object) -> Config:
    values = {"optimizer": optimizer, "search_space": "toy", "dataset": "made-up", "out_dir": str(out), "seed": 3}
    return complete({**values, "search": {"epochs": epochs, "checkpoint_freq": 17, **search}})


def trainer(settings: Config, benchmark: Benchmark | None = None) -> Trainer:
    return Trainer(get_optimizer(settings.optimizer)(settings), settings, benchmark=benchmark or toy())


def results(out: Path) -> dict[str, bytes]:
    return {name: next(out.rglob(name)).read_bytes() for name in RESULTS}


def test_files_are_naslibs(tmp_path: Path) -> None:
    run = trainer(config(tmp_path), toy(test_accuracy=VALUES - 1, train_time_s=np.arange(len(CODES), dtype=float)))
    run.search()
    folder = tmp_path / "toy" / "made-up" / "re" / "3"
    errors = json.loads((folder / "errors.json").read_text())
    assert {"train_acc", "valid_acc", "test_acc", "runtime", "train_time", "params"} <= set(errors)
    assert len(errors["valid_acc"]) == 60
    assert errors["valid_acc"] == sorted(errors["valid_acc"])
    assert np.allclose(np.subtract(errors["valid_acc"], errors["test_acc"]), 1)
    assert run.evaluate() == errors["test_acc"][-1]
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    assert max(line["value"] for line in lines) == errors["valid_acc"][-1]
    assert lines[0]["seconds"] is not None
    assert [line["repeats"] for line in lines] == [0] * 60


def test_lightweight_output_is_config_and_short_lists(tmp_path: Path) -> None:
    settings = config(tmp_path)
    Trainer(get_optimizer("re")(settings), settings, lightweight_output=True, benchmark=toy()).search()
    first, lists = json.loads(next(tmp_path.rglob("errors.json")).read_text())
    assert first["optimizer"] == "re"
    assert "train_loss" not in lists


def test_same_architectures_as_plain_ask_and_tell(tmp_path: Path) -> None:
    run = trainer(config(tmp_path))
    run.search()
    optimizer = get_optimizer("re")(config(tmp_path)).bind(SPACE, seed=3, budget=60)
    asked = []
    while len(codes := optimizer.ask(1)):
        asked.append(codes[0].tolist())
        optimizer.tell(codes, toy().score(codes))
    assert [record.code for record in run.records] == asked


def test_equal_runs_are_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        trainer(config(tmp_path / name)).search()
    assert results(tmp_path / "a") == results(tmp_path / "b")


def test_results_are_not_overwritten(tmp_path: Path) -> None:
    trainer(config(tmp_path)).search()
    before = results(tmp_path)
    with pytest.raises(RunFolderError, match="holds 60 evaluations"):
        trainer(config(tmp_path)).search()
    with pytest.raises(RunFolderError, match="search"):
        trainer(config(tmp_path, population_size=7)).search(resume_from=True)
    assert results(tmp_path) == before


def test_keys_that_an_older_config_lacks_count_with_their_defaults(tmp_path: Path) -> None:
    trainer(config(tmp_path)).search()
    path = next(tmp_path.rglob("config.yaml"))
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if "test_metric" not in line))
    before = results(tmp_path)["journal.jsonl"]
    trainer(config(tmp_path)).search(resume_from=True)
    assert results(tmp_path)["journal.jsonl"] == before
    path.write_text("optimizer: re\nnonsense: 1\n")
    with pytest.raises(RunFolderError, match=r"another run: .*nonsense"):
        trainer(config(tmp_path)).search(resume_from=True)


def test_resuming_from_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="cannot resume from"):
        trainer(config(tmp_path)).search(resume_from=str(tmp_path.parent / "other" / "checkpoint"))


def test_a_finished_run_asks_nothing_more(tmp_path: Path) -> None:
    trainer(config(tmp_path)).search()
    before = results(tmp_path)
    run = trainer(config(tmp_path))
    run.benchmark.query = None  # type: ignore[assignment]
    run.benchmark.test_metric = lambda metric: None  # type: ignore[method-assign]
    run.search(resume_from=True)
    assert len(run.records) == 60
    assert results(tmp_path)["journal.jsonl"] == before["journal.jsonl"]


@pytest.mark.parametrize("cut", [1, 40, 2000])
@pytest.mark.parametrize("lost", [(), ("checkpoint",), ("checkpoint", "errors.json", "config.yaml")])
def test_a_torn_journal_and_lost_files_are_mended(tmp_path: Path, cut: int, lost: tuple[str, ...]) -> None:
    trainer(config(tmp_path)).search()
    before = results(tmp_path)
    journal = next(tmp_path.rglob("journal.jsonl"))
    journal.write_bytes(journal.read_bytes()[:-cut])
    for name in lost:
        next(tmp_path.rglob(name)).unlink()
    half_written = journal.with_name(".checkpoint.4711.part")
    half_written.write_bytes(b"half")
    trainer(config(tmp_path)).search(resume_from=True)
    assert results(tmp_path) == before
    assert not half_written.exists()


def test_a_journal_of_another_run_is_refused(tmp_path: Path) -> None:
    trainer(config(tmp_path)).search()
    journal = next(tmp_path.rglob("journal.jsonl"))
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join([*lines[:2], lines[2].replace('"code":[', '"code":[9,'), *lines[3:]]))
    next(tmp_path.rglob("checkpoint")).unlink()
    with pytest.raises(RunFolderError, match=r"journal.jsonl, line 3"):
        trainer(config(tmp_path)).search(resume_from=True)
    journal.write_text("nonsense\n")
    with pytest.raises(RunFolderError, match="line 1: not an evaluation"):
        trainer(config(tmp_path)).search(resume_from=True)


class Flaky(TabularBenchmark):
    """Fails for every third architecture, by its first choice."""

    def query(self, codes: np.ndarray, metric: str = "val_accuracy", epoch: int | None = None) -> np.ndarray:
        values = super().query(codes, metric, epoch)
        return np.where(np.asarray(codes)[:, 0] == 1, np.nan, values)


def test_failed_evaluations_are_recorded_and_never_found(tmp_path: Path) -> None:
    run = trainer(config(tmp_path), Flaky(SPACE, CODES, {"val_accuracy": VALUES}, "made-up"))
    run.search()
    failed = [record for record in run.records if record.value is None]
    assert failed and all(record.code[0] == 1 for record in failed)
    assert run.final_architecture[0] != 1
    json.loads(next(tmp_path.rglob("errors.json")).read_text(), parse_constant=lambda name: pytest.fail(name))


def test_losses_are_minimised(tmp_path: Path) -> None:
    benchmark = TabularBenchmark(SPACE, CODES, {"val_loss": VALUES}, "made-up")
    settings = config(tmp_path, "ls", epochs=300)
    settings.metric = "val_loss"
    run = trainer(settings, benchmark)
    run.search()
    assert run.search_trajectory["valid_acc"][-1] == min(record.value or 0 for record in run.records)
    assert run.search_trajectory["valid_acc"][-1] == pytest.approx(benchmark.optimum("val_loss"), abs=5)


def test_an_exhausted_space_ends_the_search(tmp_path: Path) -> None:
    run = trainer(config(tmp_path, "rs", epochs=5000))
    run.search()
    assert len(run.records) == len(CODES)
    assert run.search_trajectory["valid_acc"][-1] == VALUES.max()


def test_an_absent_metric_shows_before_the_search(tmp_path: Path) -> None:
    settings = config(tmp_path)
    settings.metric = "valid_accuracy"
    with pytest.raises(MissingMetric, match="did you mean 'val_accuracy'"):
        trainer(settings)


def test_evaluate_looks_up_other_architectures_and_metrics(tmp_path: Path) -> None:
    run = trainer(config(tmp_path), toy(flops=VALUES / 10))
    with pytest.raises(NaslibExtError, match="no architecture"):
        run.evaluate()
    assert run.evaluate(best_arch=CODES[7]) == VALUES[7]
    assert run.evaluate(best_arch=CODES[7], metric="flops") == VALUES[7] / 10


def test_after_epoch_and_summary_writer(tmp_path: Path) -> None:
    seen: list[int] = []

    class Writer:
        def add_scalar(self, name: str, value: float, step: int) -> None:
            seen.append(step)

    trainer(config(tmp_path, epochs=5)).search(after_epoch=seen.append, summary_writer=Writer())
    assert seen == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_an_optimizer_adapted_to_a_light_object_brings_its_benchmark(tmp_path: Path) -> None:
    settings = config(tmp_path)
    optimizer = get_optimizer("re")(settings)
    optimizer.adapt_search_space(LightArchitecture(SPACE, toy()))
    run = Trainer(optimizer, settings)
    run.search()
    assert run.benchmark.name == "toy/made-up"
    assert len(run.records) == 60


def test_incumbents() -> None:
    values = np.array([np.nan, 2.0, 1.0, np.nan, 3.0, 3.0])
    assert incumbents(values, 1).tolist() == [0, 1, 1, 1, 4, 4]
    assert incumbents(values, -1).tolist() == [0, 1, 2, 2, 2, 2]


def test_the_real_table(tables: Path, tmp_path: Path) -> None:
    settings = complete(
        {"optimizer": "ls", "epoch": 200, "data_dir": str(tables), "out_dir": str(tmp_path), "search": {"epochs": 300}}
    )
    run = Trainer(get_optimizer("ls")(settings), settings)
    run.search()
    table = find_table("nasbench201", "cifar10", tables).benchmark("cifar10")
    assert run.search_trajectory["valid_acc"][-1] == table.query(run.final_architecture[None], epoch=200)[0]
    assert run.evaluate() == table.query(run.final_architecture[None], "test_accuracy", 200)[0]


def _search(out: Path, optimizer: str, resume: bool) -> None:
    trainer(config(out, optimizer, epochs=700)).search(resume_from=resume)


def _search_and_count(out: Path, optimizer: str, last: int = -1) -> int:
    """Function calls of a search, after the ``last`` of which the process is killed."""
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1
        if calls == last:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    try:
        _search(out, optimizer, False)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.slow
def test_fifty_kills_at_random_moments_leave_no_trace(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    expected, calls = {}, {}
    for name in ("rs", "re", "ls"):
        _search(tmp_path / name, name, False)
        calls[name] = _search_and_count(tmp_path / f"counted-{name}", name)
        expected[name] = results(tmp_path / name)
    moments = random.Random(0)
    interrupted = 0
    for kill in range(50):
        name = ("rs", "re", "ls")[kill % 3]
        out = tmp_path / f"killed-{kill}"
        victim = context.Process(target=_search_and_count, args=(out, name, moments.randrange(calls[name]) + 1))
        victim.start()
        victim.join()
        interrupted += victim.exitcode == -signal.SIGKILL
        _search(out, name, True)
        assert results(out) == expected[name], f"kill {kill} of {name}"
        shutil.rmtree(out)
    assert interrupted > 45


def test_methods_may_know_how_long_evaluations_take(tmp_path: Path, tables: Path) -> None:
    """The carried tables have training seconds; the published one has none."""
    values = {"optimizer": "structure_bo", "search": {"epochs": 15, "cost": "seconds"}}
    config = complete({**values, "dataset": "digits", "save": str(tmp_path / "digits")})
    trainer = Trainer(get_optimizer("structure_bo")(config), config)
    trainer.search()
    codes = np.array([record.code for record in trainer.records])
    assert trainer.optimizer.free["seconds"](codes).tolist() == [record.seconds for record in trainer.records]
    config = complete({**values, "dataset": "cifar10", "data_dir": str(tables), "save": str(tmp_path / "cifar10")})
    with pytest.raises(ConfigError, match=r"search.cost: no score 'seconds'"):
        Trainer(get_optimizer("structure_bo")(config), config).search()


class Poisoned(Flaky):
    """Raises for those that ``Flaky`` fails for."""

    def query(self, codes: np.ndarray, metric: str = "val_accuracy", epoch: int | None = None) -> np.ndarray:
        if np.isnan(super().query(codes, metric, epoch)).any():
            raise ZeroDivisionError("poison")
        return super().query(codes, metric, epoch)


def test_an_evaluation_that_raises_is_a_failed_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    columns = {"val_accuracy": VALUES, "test_accuracy": VALUES - 1}
    for name, kind in (("fails", Flaky), ("raises", Poisoned)):
        trainer(config(tmp_path / name), kind(SPACE, CODES, columns, "made-up")).search()
    assert results(tmp_path / "raises") == results(tmp_path / "fails")
    assert "ZeroDivisionError: poison" in caplog.text


class Unplugged(TabularBenchmark):
    def query(self, codes: np.ndarray, metric: str = "val_accuracy", epoch: int | None = None) -> np.ndarray:
        raise OSError("the disk is gone")


def test_what_is_no_fault_of_the_architecture_is_raised(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="disk"):
        trainer(config(tmp_path), Unplugged(SPACE, CODES, {"val_accuracy": VALUES}, "made-up")).search()
    assert not next(tmp_path.rglob("config.yaml")).with_name("journal.jsonl").exists()


@pytest.mark.parametrize("left", [b"", b"not what it was"])
def test_damaged_side_files_stop_nothing(tmp_path: Path, left: bytes) -> None:
    trainer(config(tmp_path)).search()
    before = results(tmp_path)
    for name in ("checkpoint", "timing.json", "errors.json"):
        next(tmp_path.rglob(name)).write_bytes(left)
    trainer(config(tmp_path)).search(resume_from=True)
    assert results(tmp_path) == before
