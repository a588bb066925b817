"""NASLib's Trainer resumes NASLib's own optimizers on light objects (its issue 153), and ours, in every space."""

import json

import numpy as np
import pytest

from naslib_ext.naslib_bridge.adapters.moves import MOVES
from naslib_ext.naslib_bridge.adapters.naslib_names import DISCRETE, discrete_optimizer
from naslib_ext.naslib_bridge.adapters.resuming import SearchState
from naslib_ext.optimizers import get_optimizer

pytestmark = pytest.mark.naslib

SMALL = {
    "num_init": 4, "population_size": 5, "sample_size": 3, "num_candidates": 12, "num_ensemble": 2, "k": 3,
    "predictor_type": "xgb", "num_arches_to_mutate": 2,
}  # fmt: skip


class Killed(Exception):
    pass


def searched(naslib, method, blank, config, killed_at=None, resume_from=""):
    """The architectures queried, in order, and NASLib's Trainer; the process dies after the epoch ``killed_at``."""
    optimizer = method(config)
    naslib.utils.set_seed(config.search.seed)
    asked, clone = [], blank.clone()
    optimizer.adapt_search_space(clone)
    trainer = naslib.defaults.trainer.Trainer(optimizer, config, lightweight_output=True)
    own = optimizer.new_epoch

    def new_epoch(epoch):
        seen = len(Noting.seen)
        own(epoch)
        asked.append(Noting.seen[seen:])

    optimizer.new_epoch = new_epoch

    def after_epoch(epoch):
        if epoch == killed_at:
            raise Killed

    with Noting(type(blank)):
        if killed_at is None:
            trainer.search(resume_from=resume_from, after_epoch=after_epoch)
        else:
            with pytest.raises(Killed):
                trainer.search(resume_from=resume_from, after_epoch=after_epoch)
    return asked, trainer


class Noting:
    """Notes the hash of every validation accuracy that light objects are asked for."""

    seen: list = []

    def __init__(self, light_class):
        self.light_class, self.own = light_class, light_class.query

    def __enter__(self):
        Noting.seen.clear()
        own = self.own

        def query(light, metric, *args, **options):
            if metric.name == "VAL_ACCURACY":
                Noting.seen.append(light.get_hash())
            return own(light, metric, *args, **options)

        self.light_class.query = query

    def __exit__(self, *_):
        self.light_class.query = self.own


@pytest.mark.parametrize(
    ("method", "name"),
    [*((method, "nasbench201") for method in DISCRETE), *((m, s) for m in ("rs", "re", "ls") for s in MOVES)],
)
def test_naslibs_optimizers_go_on(naslib, make_config, light_of, tmp_path, method, name):
    epochs = 40 if method == "bp" else 24
    straight, whole = searched(
        naslib, discrete_optimizer(method), light_of(name),
        make_config(tmp_path / "straight", epochs, seed=7, space=name, **SMALL),
    )  # fmt: skip
    config = make_config(tmp_path / "resumed", epochs, seed=7, space=name, **SMALL)
    config.search.checkpoint_freq = 7
    searched(naslib, discrete_optimizer(method), light_of(name), config, killed_at=epochs - 5)
    done = 7 * ((epochs - 4) // 7)
    checkpoint = tmp_path / f"resumed/search/model_{done - 1:07d}.pth"
    resumed, trainer = searched(naslib, discrete_optimizer(method), light_of(name), config, resume_from=str(checkpoint))
    assert resumed == straight[done:] and 0 < len(resumed) < epochs
    for key in ("valid_acc", "train_acc", "test_acc", "train_time"):
        assert trainer.search_trajectory[key] == whole.search_trajectory[key]
    written = json.loads((tmp_path / "resumed/errors.json").read_text())
    assert written[1]["valid_acc"] == whole.search_trajectory.valid_acc


@pytest.mark.parametrize("name", list(MOVES))
def test_our_optimizers_go_on(naslib, make_config, light_of, tmp_path, name):
    straight, whole = searched(
        naslib, get_optimizer("re"), light_of(name), make_config(tmp_path / "straight", 24, space=name, **SMALL)
    )
    config = make_config(tmp_path / "resumed", 24, space=name, **SMALL)
    config.search.checkpoint_freq = 7
    searched(naslib, get_optimizer("re"), light_of(name), config, killed_at=18)
    resumed, trainer = searched(
        naslib, get_optimizer("re"), light_of(name), config, resume_from=str(tmp_path / "resumed/search")
    )
    assert resumed == straight[14:]
    assert trainer.search_trajectory.valid_acc == whole.search_trajectory.valid_acc


def test_another_process_evaluates_a_finished_search(naslib, make_config, light_of, tmp_path):
    """NASLib's own checkpoint holds no architecture, so that its ``evaluate`` fails in a new process."""
    config = make_config(tmp_path, 15, **SMALL)
    _, trainer = searched(naslib, discrete_optimizer("re"), light_of("nasbench201"), config)
    fresh = discrete_optimizer("re")(config)
    fresh.adapt_search_space(light_of("nasbench201"))
    again = naslib.defaults.trainer.Trainer(fresh, config, lightweight_output=True)
    assert again.evaluate() == trainer.evaluate()


def test_models_in_two_lists_stay_one_and_numbers_their_kind(naslib, make_config, light_of, tmp_path):
    config = make_config(tmp_path, 15, **SMALL)
    _, trainer = searched(naslib, discrete_optimizer("re"), light_of("nasbench301"), config)
    before = trainer.optimizer
    state = SearchState(before).state_dict()
    after = discrete_optimizer("re")(config)
    after.adapt_search_space(light_of("nasbench301"))
    SearchState(after).load_state_dict(state)
    assert after.population.maxlen == before.population.maxlen == 5
    assert all(any(member is kept for kept in after.history) for member in after.population)
    assert [m.arch.get_hash() for m in after.history] == [m.arch.get_hash() for m in before.history]
    assert after.config is config and after.sample_size == 3
    np.testing.assert_equal(SearchState(after).state_dict(), state)


def test_graphs_keep_naslibs_own_checkpoints(naslib, make_config, blank_graph, tmp_path):
    optimizer = discrete_optimizer("re")(make_config(tmp_path, 3))
    optimizer.adapt_search_space(blank_graph)
    assert optimizer.get_checkpointables()["model"] is optimizer.history
