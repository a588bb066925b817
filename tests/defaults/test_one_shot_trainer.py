import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from naslib_ext.benchmarks import TabularBenchmark
from naslib_ext.benchmarks.images import ImageDataset
from naslib_ext.cli import main
from naslib_ext.configuration import complete
from naslib_ext.defaults import one_shot_trainer
from naslib_ext.defaults.one_shot_folder import OneShotFolder
from naslib_ext.defaults.one_shot_trainer import OneShotTrainer, search_and_describe
from naslib_ext.defaults.trainer import Trainer
from naslib_ext.errors import ConfigError, NaslibExtError, RunFolderError, UnknownArchitecture
from naslib_ext.optimizers import get_optimizer
from naslib_ext.search_spaces import get_search_space
from naslib_ext.state_file import decode_state, encode_state

SPACE = get_search_space("nasbench201")
EPOCHS = 4


def images() -> ImageDataset:
    """Three classes of noisy gradients, 6x6."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 120)
    ramp = np.linspace(-1, 1, 6)
    patterns = np.stack([np.tile(ramp, (6, 1)), np.tile(ramp, (6, 1)).T, np.outer(ramp, ramp)])
    return ImageDataset.from_arrays("ramps", patterns[labels] + 0.3 * rng.normal(size=(120, 6, 6)), labels)


def table() -> TabularBenchmark:
    codes = SPACE.enumerate()
    values = (codes == 2).sum(axis=1).astype(float)
    return TabularBenchmark(SPACE, codes, {"val_accuracy": values, "test_accuracy": values + 10}, dataset="ramps")


def trainer(folder: Path, optimizer: str = "anasod_dnas", benchmark: Any = None, **changes: Any) -> OneShotTrainer:
    network = {"init_channels": 4, "cells_per_stage": 1, "stages": 1}
    search = {"epochs": EPOCHS, "batch_size": 24, "learning_rate": 0.1, **changes}
    config = complete(
        {
            "optimizer": optimizer, "search_space": "nasbench201", "dataset": "ramps", "save": str(folder), "seed": 3,
            "training": {"network": network}, "search": search,
        }
    )  # fmt: skip
    method: Any = get_optimizer(optimizer)(config)
    method.device = torch.device("cpu")
    return OneShotTrainer(method, config, True, images=images(), benchmark=benchmark)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "timing.json"}


def test_a_search(tmp_path: Path) -> None:
    done = trainer(tmp_path / "run", benchmark=table())
    seen: list[int] = []
    done.search(after_epoch=seen.append)
    assert seen == list(range(EPOCHS))
    assert set(contents(tmp_path / "run")) == {
        "config.yaml",
        "journal.jsonl",
        "checkpoint",
        "errors.json",
        "found.json",
    }
    assert json.loads((tmp_path / "run" / "timing.json").read_text())["search_seconds"] > 0

    epochs = OneShotFolder(tmp_path / "run").records()
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3, 4]
    assert epochs[-1].train_accuracy > epochs[0].train_accuracy and epochs[-1].train_loss < epochs[0].train_loss
    assert np.array(epochs[-1].distribution).shape == (6, 5)
    assert SPACE.is_valid(np.array([epoch.code for epoch in epochs])).all()

    config, curves = json.loads((tmp_path / "run" / "errors.json").read_text())
    assert config["optimizer"] == "anasod_dnas" and "save" not in config
    assert curves["valid_acc"] == [epoch.val_accuracy for epoch in epochs]
    assert curves["test_acc"] == [10.0 + epoch.code.count(2) for epoch in epochs]
    assert curves["runtime"] == [-1] * EPOCHS

    found = json.loads((tmp_path / "run" / "found.json").read_text())
    best = int(np.argmax(found["supernet_accuracy"]))
    assert found["code"] == found["candidates"][best] == done.final_architecture.tolist()
    assert found["architecture"] == SPACE.to_string(found["code"])
    assert found["val_accuracy"] == [code.count(2) for code in found["candidates"]]
    assert done.evaluate() == 10 + found["code"].count(2)
    assert done.evaluate(best_arch=[2] * 6, metric="val_accuracy") == 6


def test_no_batch_is_seen_twice_in_an_epoch(tmp_path: Path) -> None:
    done = trainer(tmp_path, batch_size=10)
    parts = done.images.parts
    batches = list(done._batches(parts, 0, 8, "train"))
    assert [len(batch.labels) for batch in batches] == [9] * 8
    found = torch.cat([batch.images for batch in batches]).flatten(1).tolist()
    assert sorted(found) == sorted(parts["train"].images.flatten(1).tolist())
    assert [len(batch.labels) for batch in done._batches(parts, 0, 8, "val")] == [10] * 8
    other = list(done._batches(parts, 1, 8, "train"))
    assert not torch.equal(other[0].images, batches[0].images)


class Stop(Exception):
    pass


@pytest.mark.parametrize("name", ["anasod_dnas", "darts", "enas"])
@pytest.mark.parametrize(("killed", "freq"), [(0, 1), (2, 1), (2, 2), (3, 3)])
def test_resumed_after_a_kill_the_files_are_the_same(tmp_path: Path, name: str, killed: int, freq: int) -> None:
    few = {"num_samples": 4} if name != "darts" else {}
    trainer(tmp_path / "whole", name, table(), checkpoint_freq=freq, **few).search()

    def kill(epoch: int) -> None:
        if epoch == killed:
            raise Stop

    with pytest.raises(Stop):
        trainer(tmp_path / "broken", name, table(), checkpoint_freq=freq, **few).search(after_epoch=kill)
    with (tmp_path / "broken" / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"epoch": 9, "train_acc')  # a line that the kill cut short
    trainer(tmp_path / "broken", name, table(), checkpoint_freq=freq, **few).search(resume_from=True)
    assert contents(tmp_path / "broken") == contents(tmp_path / "whole")


def test_a_finished_search_is_not_done_again(tmp_path: Path) -> None:
    trainer(tmp_path).search()
    before = contents(tmp_path)
    again = trainer(tmp_path)
    again.search(resume_from=True, after_epoch=lambda epoch: pytest.fail("an epoch was trained"))
    assert contents(tmp_path) == before
    with pytest.raises(RunFolderError, match="holds 4"):
        trainer(tmp_path).search()
    with pytest.raises(RunFolderError, match="another run"):
        trainer(tmp_path, arch_learning_rate=0.2).search(resume_from=True)


def test_a_damaged_journal_is_named(tmp_path: Path) -> None:
    trainer(tmp_path).search()
    lines = (tmp_path / "journal.jsonl").read_bytes().split(b"\n")
    for text, message in ((b"{}\n", "line 1: not an epoch"), (lines[1] + b"\n", "line 1: expected epoch 1, found 2")):
        (tmp_path / "journal.jsonl").write_bytes(text)
        with pytest.raises(RunFolderError, match=message):
            trainer(tmp_path).search(resume_from=True)


def test_the_seed_decides_and_the_global_generators_do_not(tmp_path: Path) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    trainer(tmp_path / "a").search()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    trainer(tmp_path / "b").search()
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_without_a_benchmark(tmp_path: Path) -> None:
    done = trainer(tmp_path)
    done.search()
    assert done.benchmark is None, "no table knows these images"
    assert done.search_trajectory["test_acc"] == [-1] * EPOCHS
    with pytest.raises(NaslibExtError, match="no benchmark"):
        done.evaluate()
    assert trainer(tmp_path).final_architecture.tolist() == done.final_architecture.tolist()


def test_there_is_nothing_found_before_the_search(tmp_path: Path) -> None:
    with pytest.raises(NaslibExtError, match="has not ended"):
        _ = trainer(tmp_path).final_architecture


def test_a_diverging_supernet_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NaslibExtError, match=r"search\.learning_rate"):
        trainer(tmp_path, learning_rate=1e30, grad_clip=0).search()


@pytest.mark.parametrize(
    ("network", "message"),
    [({"init_chanels": 3}, "'init_channels'"), ({"stages": 0}, "'stages'.*positive"), (3, "training.network")],
)
def test_impossible_sizes_are_refused(tmp_path: Path, network: Any, message: str) -> None:
    wrong = trainer(tmp_path)
    wrong.config.training["network"] = network
    with pytest.raises(ConfigError, match=message):
        wrong.search()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("metric", "val_acuracy", "'val_acuracy'; did you mean 'val_accuracy'"),
        ("test_metric", "test", "unknown metric 'test'"),
        ("epoch", 7, "has the schedules"),
        ("benchmark", "surogate", "did you mean 'surrogate'"),
        ("training", {"netwrok": {}}, "did you mean 'training.network'"),
        ("training", {"device": "cuda:99"}, "no cuda:99 here"),
    ],
)
def test_what_cannot_be_looked_up_is_said_before_the_search(tmp_path: Path, key: str, value: Any, message: str) -> None:
    config = complete({"optimizer": "rsws", "dataset": "ramps", "save": str(tmp_path), key: value})
    held = None if key == "benchmark" else table()
    with pytest.raises(NaslibExtError, match=message):
        OneShotTrainer(get_optimizer("rsws")(config), config, images=images(), benchmark=held)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_the_device_may_be_named(tmp_path: Path) -> None:
    config = complete({"optimizer": "rsws", "dataset": "ramps", "training": {"device": "cpu"}})
    optimizer: Any = get_optimizer("rsws")(config)
    optimizer.device = torch.device("cuda")  # as on a machine with one
    assert OneShotTrainer(optimizer, config, images=images()).optimizer.device == torch.device("cpu")


def test_a_table_of_a_part_of_the_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found is kept, though the table does not know it."""
    codes = np.array([[1] * 6, [0] * 6])
    values = {"val_accuracy": [1.0, 2.0], "test_accuracy": [3.0, 4.0]}
    part = TabularBenchmark(SPACE, codes, values, dataset="ramps")
    done = trainer(tmp_path, benchmark=part, epochs=1)
    done.search()
    assert done.search_trajectory["test_acc"] == [-1]
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["code"] == done.final_architecture.tolist() and "val_accuracy" not in found
    with pytest.raises(UnknownArchitecture):
        done.evaluate()
    monkeypatch.setattr(one_shot_trainer, "load_images", lambda name: images())
    monkeypatch.setattr(one_shot_trainer, "load_benchmark", lambda *arguments: part)
    lines = search_and_describe(get_optimizer("anasod_dnas"), done.config, resume=True, only_describe=True)
    assert len(lines) == 3 and "test" not in lines[1]


def test_values_are_those_of_the_schedule_asked_for(tmp_path: Path) -> None:
    codes = SPACE.enumerate()
    first = np.arange(len(codes), dtype=float)
    columns = {"val_accuracy@12": first, "val_accuracy@200": first + 0.5, "test_accuracy": first}
    both = TabularBenchmark(SPACE, codes, columns, dataset="ramps")
    for epoch, more in ((12, 0.0), (0, 0.5)):
        done = trainer(tmp_path / str(epoch), benchmark=both, epochs=1)
        done.config["epoch"] = epoch
        done.search()
        found = json.loads((tmp_path / str(epoch) / "found.json").read_text())
        assert found["val_accuracy"] == [value + more for value in found["test_accuracy"]]


def test_a_checkpoint_that_does_not_fit(tmp_path: Path) -> None:
    trainer(tmp_path, epochs=1).search()
    state = decode_state((tmp_path / "checkpoint").read_bytes())
    state["tensors"]["supernet.stem.0.kernel"] = state["tensors"].pop("supernet.stem.0.weight")
    (tmp_path / "checkpoint").write_bytes(encode_state(state))
    with pytest.raises(RunFolderError, match=r"checkpoint: another version wrote it: supernet\.stem\.0\.weight"):
        trainer(tmp_path, epochs=1).search(resume_from=True)


def test_the_other_trainer_says_who_does_it() -> None:
    with pytest.raises(ConfigError, match="OneShotTrainer"):
        Trainer(get_optimizer("darts")(), {"optimizer": "darts"})


# the command line


@pytest.mark.slow
def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = Path(__file__).parents[2] / "configs/nasbench201/anasod_dnas.yaml"
    words = ["search", "--config-file", str(config), "search.epochs", "1", "out_dir", str(tmp_path), "seed", "2"]
    assert main(words) == 0
    output = capsys.readouterr().out
    folder = tmp_path / "nasbench201/digits/anasod_dnas/2"
    assert "anasod_dnas after 1 epochs" in output and str(folder) in output and "test" in output
    assert yaml.safe_load((folder / "config.yaml").read_text())["search"]["epochs"] == 1
    assert main(words) == 1
    assert main([*words[:3], "--resume", *words[3:]]) == 0
    assert capsys.readouterr().out == output


def test_comparing_refuses_them_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for names in ("darts", "rs,anasod_dnas"):
        words = ["compare", "--search-space", "nasbench201", "--dataset", "digits", "--optimizers", names]
        assert main([*words, "--budget", "10", "--seeds", "1", "--out", str(tmp_path)]) == 1
        error = capsys.readouterr().err.strip()
        assert error.count("\n") == 0 and "trains weights" in error and "naslib-ext search" in error
