"""Supernets on shrunk spaces at tiny sizes, on a carried table."""

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.benchmarks.made_images import make_shapes
from naslib_ext.benchmarks.schedule import CARRIED_SCHEDULE
from naslib_ext.errors import ConfigError, NaslibExtError, RunFolderError
from naslib_ext.experiments.one_shot.shrunk import OneShotStudy, compare, member_groups, pick, run_study
from naslib_ext.experiments.one_shot.shrunk_report import figures, format_summary
from naslib_ext.experiments.one_shot.shrunk_training import Machine, PathTraining
from naslib_ext.search_spaces import get_search_space
from naslib_ext.shrinkage import ShrunkSearchSpace

SPACE = get_search_space("nasbench201")
TINY = replace(CARRIED_SCHEDULE, network={"init_channels": 4, "cells_per_stage": 1, "stages": 1})
STUDY = OneShotStudy(
    "shapes", seeds=2, size=12, labels=20, measured=8, every=1, schedule=TINY, other="", machine=Machine("cpu")
)


@pytest.fixture(scope="module")
def images():
    return make_shapes((96, 64, 64))


@pytest.fixture(scope="module")
def finished(images, tmp_path_factory):
    """A folder with a finished study. The shrunk spaces are made up, as LISSNAS takes seconds."""
    out = tmp_path_factory.mktemp("finished")
    make_up_spaces(out)
    return out, run_study(STUDY, out, images)


def make_up_spaces(out: Path) -> None:
    for seed in range(STUDY.seeds):
        (out / f"seed-{seed}").mkdir()
        codes = STUDY.architectures[seed :: len(STUDY.architectures) // STUDY.size][: STUDY.size]
        ShrunkSearchSpace(SPACE, codes, "canonical").save(out / f"seed-{seed}" / "lissnas.npz")


def content(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*.json"))}


def test_groups_are_distinct_members_of_the_table(tmp_path):
    groups = member_groups(STUDY, 0, tmp_path)
    assert {name: codes.shape for name, codes in groups.items()} == {
        "full": (6466, 6), "lissnas": (12, 6), "random": (12, 6),
    }  # fmt: skip
    for codes in groups.values():
        assert (SPACE.canonical(codes) == codes).all() and len(np.unique(codes, axis=0)) == len(codes)
    assert (member_groups(STUDY, 0, tmp_path)["lissnas"] == groups["lissnas"]).all()
    table = load_benchmark("nasbench201", "shapes")
    assert table.query(groups["lissnas"]).mean() > table.query(groups["full"]).mean()


def test_correlations_of_the_table_with_itself():
    codes = STUDY.architectures[::500]
    scores = STUDY.benchmark.score(codes)
    assert compare(STUDY, codes, scores)["shapes"] == pytest.approx({"pearson": 1, "kendalltau": 1})
    assert compare(STUDY, codes, -scores)["shapes"] == pytest.approx({"pearson": -1, "kendalltau": -1})
    assert compare(STUDY, codes, 0 * scores)["shapes"] == {"pearson": None, "kendalltau": None}


def test_another_table_of_the_space_is_a_column(tables):
    study = replace(STUDY, other="cifar10", data_dir=None)
    codes = study.architectures[::500]
    scores = load_benchmark("nasbench201", "cifar10", data_dir=tables).score(codes)
    found = compare(study, codes, scores)
    assert found["cifar10"] == pytest.approx({"pearson": 1, "kendalltau": 1}) and found["shapes"]["kendalltau"] < 1


def test_the_best_by_shared_weights_is_looked_up():
    codes = STUDY.architectures[::500]
    true = STUDY.benchmark.query(codes)
    found = pick(STUDY, codes, np.where(np.arange(len(codes)) == 4, 90.0, 10.0))
    assert found["code"] == codes[4].tolist() and found["val_accuracy"] == true[4]
    assert found["best"] == true.max() and found["mean"] == pytest.approx(true.mean())


def test_a_study_is_measured_and_summarised(finished):
    out, summary = finished
    assert summary["steps"] == [3, 6] and summary["seeds"] == 2
    assert json.loads((out / "summary.json").read_text()) == summary
    assert not list(out.rglob("*.checkpoint"))
    for seed in range(2):
        kept = json.loads((out / f"seed-{seed}" / "lissnas.json").read_text())
        members = ShrunkSearchSpace.load(out / f"seed-{seed}" / "lissnas.npz")
        assert members.is_valid([kept["found"]["code"]]).all() and kept["found"]["evaluations"] == 12
    taus = [
        json.loads((out / f"seed-{seed}" / "full.json").read_text())["measures"][1]["groups"]["full"]["shapes"][
            "kendalltau"
        ]
        for seed in range(2)
    ]
    mean = summary["supernets"]["full"]["correlations"]["full"]["shapes"]["kendalltau"]
    assert mean["mean"][1] == pytest.approx(np.mean(taus))
    assert mean["sem"][1] == pytest.approx(np.std(taus, ddof=1) / np.sqrt(2))
    assert "| LISSNAS, shapes, kendalltau |" in format_summary(summary)


def test_figures(finished):
    images = figures(finished[1])
    assert len(images) == 6 and all(image.startswith(b"\x89PNG") for image in images.values())


def test_an_interrupted_study_goes_on_to_the_same_bytes(finished, images, tmp_path):
    class Killed(Exception):
        pass

    def kill_at(call):
        calls = iter(range(1, call + 1))

        def tell(epochs):
            if next(calls) == call:
                raise Killed

        return tell

    make_up_spaces(tmp_path)
    for call in (3, 6):  # within the second supernet; then, after what was found there, within the second seed
        with pytest.raises(Killed):
            run_study(STUDY, tmp_path, images, kill_at(call))
        assert list(tmp_path.rglob("*.checkpoint"))
    run_study(STUDY, tmp_path, images)
    assert content(tmp_path) == content(finished[0])


def test_a_folder_of_another_study(finished, images):
    with pytest.raises(RunFolderError, match="another study"):
        run_study(replace(STUDY, size=11), finished[0], images)
    with pytest.raises(RunFolderError, match="another study"):
        run_study(STUDY, finished[0], make_shapes((96, 64, 64), seed=1))


def test_a_folder_of_another_study_that_was_interrupted_early(images, tmp_path):
    """Before the first result: neither its checkpoint nor its shrunk space may be taken for this study's."""

    def kill(epochs):
        raise KeyboardInterrupt

    make_up_spaces(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run_study(STUDY, tmp_path, images, kill)
    assert not list(tmp_path.rglob("full.json"))
    with pytest.raises(RunFolderError, match="another study"):
        run_study(replace(STUDY, labels=21), tmp_path, images)


@pytest.mark.parametrize("name", ["seeds", "size", "labels", "measured", "every"])
def test_there_is_one_of_each_at_least(name):
    with pytest.raises(ConfigError, match=f"{name}: expected at least 1, got 0"):
        replace(STUDY, **{name: 0})


def test_only_weights_on_paths_are_trained(images):
    code = np.array([2, 3, 0, 4, 2, 3], dtype=np.int8)
    training = PathTraining(SPACE, code[None], images, TINY, machine=Machine("cpu"))
    before = {name: value.clone() for name, value in training.supernet.state_dict().items()}
    training.train_epoch()
    changed = {name for name, value in training.supernet.state_dict().items() if not torch.equal(value, before[name])}
    edges = {tuple(map(int, (n.split(".")[3], n.split(".")[5]))) for n in changed if n.startswith("body")}
    assert edges == {(0, 2), (1, 3), (4, 2), (5, 3)} and "classifier.weight" in changed


def test_training_learns_and_gives_back_its_state(images):
    codes = SPACE.sample(6, np.random.default_rng(0))
    data = make_shapes((640, 200, 64))
    schedule = replace(TINY, epochs=4)
    training = PathTraining(SPACE, codes, data, schedule, machine=Machine("cpu"))
    start = training.accuracies(codes).mean()
    training.train_epoch()
    state = training.state()
    for _ in range(3):
        training.train_epoch()
    again = PathTraining(SPACE, codes, data, schedule, machine=Machine("cpu"))
    again.load_state(state)
    for _ in range(3):
        again.train_epoch()
    assert (again.accuracies(codes) == training.accuracies(codes)).all()
    assert training.accuracies(codes).mean() > start + 5


def test_mixed_precision_is_close_to_full(images):
    codes = SPACE.sample(4, np.random.default_rng(1))
    trainings = [PathTraining(SPACE, codes, images, TINY, machine=Machine("cpu", mixed)) for mixed in (False, True)]
    for training in trainings:
        training.train_epoch()
    full, mixed = (training.supernet.classifier.weight.detach() for training in trainings)
    assert mixed.dtype == torch.float32 and 0 < (full - mixed).abs().max() < 0.1


def test_a_loss_that_is_not_finite(images):
    codes = SPACE.sample(4, np.random.default_rng(1))
    training = PathTraining(SPACE, codes, images, replace(TINY, lr=1e30), machine=Machine("cpu"))
    with pytest.raises(NaslibExtError, match="not finite in epoch 1"):
        training.train_epoch()


def test_runner(finished, monkeypatch, capsys, images):
    """The command on a finished folder: nothing is trained again, the tables are printed, the figures drawn."""
    path = Path(__file__).parents[2] / "runners" / "one_shot" / "shrunk.py"
    spec = importlib.util.spec_from_file_location("one_shot_shrunk_runner", path)
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    monkeypatch.setattr("naslib_ext.experiments.one_shot.shrunk.load_images", lambda name: images)
    sizes = json.dumps(dict(TINY.network))
    arguments = (
        "--dataset shapes --seeds 2 --size 12 --labels 20 --measured 8 --every 1 --epochs 2 --other= --device cpu"
    )
    out = finished[0]
    monkeypatch.setattr(sys, "argv", ["shrunk.py", *arguments.split(), "--network", sizes, "--out", str(out)])
    assert runner.main() == 0
    assert "| LISSNAS, shapes, pearson |" in capsys.readouterr().out
    assert (out / "kendalltau-on-lissnas.png").is_file()
    monkeypatch.setattr(sys, "argv", ["shrunk.py", *arguments.split(), "--seeds", "2", "--out", str(out)])
    assert runner.main() == 1 and "another study" in capsys.readouterr().err
