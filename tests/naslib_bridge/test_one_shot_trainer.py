"""One-shot methods, ours and NASLib's, in NASLib's own Trainer on its NAS-Bench-201 graph, with images as tensors."""

import json

import numpy as np
import pytest
import torch

from naslib_ext.benchmarks.images import ImageDataset
from naslib_ext.naslib_bridge.adapters import graph_to_code
from naslib_ext.naslib_bridge.adapters.naslib_names import ONE_SHOT, PREFIX
from naslib_ext.naslib_bridge.adapters.search import build_optimizer, naslib_settings
from naslib_ext.optimizers import get_optimizer, list_optimizers
from naslib_ext.random_streams import stream

pytestmark = pytest.mark.naslib

OURS = list_optimizers("one_shot")
THEIRS = [PREFIX + name for name in ONE_SHOT]
EPOCHS = 2
TINY = {"batch_size": 4, "checkpoint_freq": 1, "num_samples": 3, "epochs": EPOCHS}


@pytest.fixture(scope="module")
def tiny():
    """Eight training images, two batches an epoch; six classes, since NASLib's Trainer measures top-5 accuracy."""
    rng = stream(0, "tiny")
    return ImageDataset.from_arrays("tiny", rng.normal(size=(24, 1, 8, 8)), np.arange(24) % 6, fractions=(1 / 3,) * 3)


@pytest.fixture(scope="module")
def blank(naslib):
    torch.manual_seed(0)
    return naslib.search_spaces.NasBench201SearchSpace(n_classes=6, in_channels=1)


@pytest.fixture
def prepare(naslib, blank, tmp_path):
    """A function: NASLib's Trainer with a fresh optimizer, in a folder of its own."""

    def make(name, folder, dataset="tiny", **search):
        from fvcore.common.config import CfgNode

        save = tmp_path / folder
        for part in ("search", "eval"):
            (save / part).mkdir(parents=True, exist_ok=True)
        values = {"save": str(save), "dataset": dataset, "seed": 3, "search": TINY | search}
        values["evaluation"] = {"epochs": 1, "batch_size": 4, "drop_path_prob": 0.0}
        config = CfgNode(naslib_settings(values, one_shot=True))
        naslib.utils.set_seed(3)
        optimizer = build_optimizer(name, config) if name.startswith(PREFIX) else get_optimizer(name)(config)
        optimizer.adapt_search_space(blank.clone(), dataset)
        return naslib.defaults.trainer.Trainer(optimizer, config, lightweight_output=True)

    return make


@pytest.fixture
def loaders(naslib):
    from naslib_ext.naslib_bridge.adapters.images import image_loaders

    return image_loaders


class Stopped(Exception):
    """Thrown after an epoch."""


def stop(epoch):
    raise Stopped


def trajectory(trainer):
    """What a run's ``errors.json`` holds, but for times."""
    with open(f"{trainer.config.save}/errors.json") as file:
        return {key: values for key, values in json.load(file)[1].items() if key != "runtime"}


def learnt(trainer):
    """All weights and architecture weights."""
    optimizer = trainer.optimizer
    return [*optimizer.graph.state_dict().values(), *(weights.detach() for weights in optimizer.architectural_weights)]


@pytest.mark.parametrize("name", [*OURS, *THEIRS])
def test_a_search_interrupted_and_resumed_is_the_uninterrupted_one(prepare, loaders, tiny, name):
    with loaders(tiny):
        straight = prepare(name, "straight")
        begun = [tensor.clone() for tensor in learnt(straight)]
        straight.search()
        with pytest.raises(Stopped):
            prepare(name, "stopped").search(after_epoch=stop)
        resumed = prepare(name, "stopped")
        resumed.search(resume_from="last")
    assert trajectory(resumed) == trajectory(straight)
    assert len(straight.search_trajectory.valid_loss) == EPOCHS
    assert np.isfinite(straight.search_trajectory.train_loss).all()
    for ours, theirs in zip(learnt(resumed), learnt(straight), strict=True):
        assert torch.equal(ours, theirs)
    assert any(not torch.equal(old, new) for old, new in zip(begun, learnt(straight), strict=False))
    assert resumed.scheduler.get_last_lr() == straight.scheduler.get_last_lr()
    if name in OURS:  # the last eight validation batches decide, or images that are given
        for trainer in (straight, resumed):
            trainer.optimizer.select(*tiny.val)
    found = straight.optimizer.get_final_architecture()
    assert resumed.optimizer.get_final_architecture().get_hash() == found.get_hash()
    assert graph_to_code(found)[0].name == "nasbench201"
    assert found(tiny.test.images).shape == (8, 6)


@pytest.mark.parametrize("name", ["anasod_dnas", "naslib:darts"])
def test_a_finished_search_is_evaluated_with_the_benchmark(prepare, loaders, tiny, dataset_api, blank_light, name):
    with loaders(tiny, "cifar10"):
        trainer = prepare(name, "table", dataset="cifar10", epochs=1)
        trainer.search()
        found = trainer.optimizer.get_final_architecture()
        value = trainer.evaluate(dataset_api=dataset_api)
    code = graph_to_code(found)[1]
    assert value == blank_light.benchmark.query(code[None])[0]
    again = prepare(name, "table", dataset="cifar10", epochs=1)  # as in a new process: all from the checkpoint
    again._setup_checkpointers("last")
    for old, new in zip(learnt(trainer), learnt(again), strict=True):
        assert torch.equal(old, new)


@pytest.mark.parametrize("name", ["anasod_dnas", "naslib:darts"])
def test_what_was_found_is_trained_where_no_benchmark_answers(prepare, loaders, tiny, blank, name):
    with loaders(tiny):
        trainer = prepare(name, "trained", epochs=1)
        trainer.search()
        supernet = trainer.evaluate_oneshot()
        found = trainer.optimizer.get_final_architecture()
        found.QUERYABLE = False
        accuracy = trainer.evaluate(best_arch=found)
    assert 0 <= accuracy <= 100 and 0 <= supernet <= 100


def test_other_data_sets_stay_naslibs(naslib, prepare, loaders, tiny):
    own = naslib.utils.get_train_val_loaders
    with loaders(tiny):
        with pytest.raises(ValueError, match="Unknown dataset: huge"):
            prepare("naslib:darts", "huge", dataset="huge").search()
        config = prepare("naslib:darts", "tiny").config
        train, val, test, *_ = naslib.defaults.trainer.utils.get_train_val_loaders(config, "val")
        assert len(train) == len(val) == len(test) == 2
        assert torch.equal(torch.cat([images for images, _ in test]), tiny.test.images)
        seen = torch.cat([labels for _, labels in train])
        assert torch.equal(seen.sort().values, tiny.train.labels.sort().values)
    assert naslib.utils.get_train_val_loaders is own is naslib.utils.dataset.get_train_val_loaders
