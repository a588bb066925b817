from pathlib import Path
from typing import Any

import numpy as np
import pytest

from naslib_ext.benchmarks import TabularBenchmark, load_benchmark
from naslib_ext.benchmarks.surrogate import SurrogateBenchmark
from naslib_ext.configuration import load_config
from naslib_ext.defaults.trainer import Trainer
from naslib_ext.errors import ConfigError, InvalidArchitecture, NaslibExtError, RunFolderError
from naslib_ext.optimizers import get_optimizer
from naslib_ext.optimizers.dsm_nas import DSMNAS
from naslib_ext.search_spaces import CategoricalSearchSpace, get_search_space, list_search_spaces
from naslib_ext.testing.made_up import TINY, WIDE, smooth

SETTINGS = {"width": 4}
SPACES = sorted(set(list_search_spaces()) & {
    "nasbench101", "nasbench201", "nasbench301", "transbench101_micro", "transbench101_macro", "nasbench_macro",
    "mobilenet", "shufflenetv2", "fairnas",
})  # fmt: skip


def dsm(space: Any = WIDE, seed: int = 0, budget: int | None = None, free: Any = None, **settings: Any) -> DSMNAS:
    optimizer = DSMNAS({"search": {**SETTINGS, **settings}})
    optimizer.bind(space, seed, budget, free=free)
    return optimizer


def answer(optimizer: DSMNAS, queries: int) -> None:
    for _ in range(queries):
        codes = optimizer.ask(1)
        optimizer.tell(codes, smooth(optimizer.space, codes))


# settings


def test_the_papers_constants_are_the_defaults() -> None:
    settings = DSMNAS().settings
    assert (settings["num_subspaces"], settings["distance"]) == (4, 4)
    assert (settings["learning_rate"], settings["entropy_weight"]) == (1e-2, 7.5e-4)
    assert (settings["subspace_limit"], settings["local_limit"], settings["baseline_decay"]) == (1.5, 0.6, 0.9)
    assert settings["width"] == 64 and settings["weight_decay"] == 0 and settings["reward"] == "improvement"
    published = ("avoid_repeats", "replace_exhausted", "rank_weight", "failure_weight", "critic_weight", "exploration")
    assert not any(settings[name] for name in published)


def test_a_preset_gives_way_to_what_is_said() -> None:
    tuned = DSMNAS({"search": {"preset": "tuned"}}).settings
    assert tuned["distance"] == 1 and tuned["avoid_repeats"] and tuned["critic_weight"] > 0
    assert DSMNAS({"search": {"preset": "tuned", "num_subspaces": 4}}).settings["num_subspaces"] == 4
    assert load_config(None, ["optimizer", "dsm_nas", "search.num_subspaces", "7"]).search.num_subspaces == 7


@pytest.mark.parametrize(
    "settings",
    [
        {"num_subspaces": 0}, {"distance": 0}, {"learning_rate": -1}, {"reward": "best"}, {"preset": "good"},
        {"replace_exhausted": True}, {"limit_score": "flops", "limit": 1.0},
    ],
)  # fmt: skip
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"search.{next(iter(settings))}"):
        dsm(**settings)


# Algorithm 1


@pytest.mark.parametrize("preset", ["paper", "tuned"])
@pytest.mark.parametrize("name", SPACES)
def test_architectures_lie_in_the_subspace_of_a_centre(name: str, preset: str) -> None:
    """D(alpha, beta) <= M, on every search space."""
    space = get_search_space(name)
    optimizer = dsm(space, preset=preset, num_subspaces=3)
    answer(optimizer, 3)
    for _ in range(12):
        centers = optimizer.graph.codes.copy()
        code = optimizer.ask(1)
        nearest = (centers != code).sum(axis=1).min()
        assert 1 <= nearest <= optimizer.settings["distance"] and space.is_valid(code).all()
        optimizer.tell(code, smooth(space, code))


def test_the_first_architectures_are_the_centres() -> None:
    optimizer = dsm()
    drawn = get_optimizer("rs")().bind(WIDE).ask(4)
    codes = optimizer.ask(4)
    np.testing.assert_array_equal(codes, drawn)
    optimizer.tell(codes, [1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(optimizer.graph.codes, codes)


def test_a_better_architecture_takes_the_place_of_its_centre_alone() -> None:
    optimizer = dsm()
    optimizer.tell(optimizer.ask(4), [1.0, 2.0, 3.0, 4.0])
    for score in (-5.0, 4.5, 1.5, 9.0):
        before, code = optimizer.graph.scores.copy(), optimizer.ask(1)
        codes = optimizer.graph.codes.copy()
        optimizer.tell(code, [score])
        changed = np.flatnonzero((optimizer.graph.codes != codes).any(axis=1))
        assert len(changed) == (1 if (optimizer.graph.scores != before).any() else 0)
        for slot in changed:
            assert optimizer.graph.scores[slot] == score > before[slot]
            np.testing.assert_array_equal(optimizer.graph.codes[slot], code[0])


def test_without_update_the_centres_stay() -> None:
    optimizer = dsm(update_subspaces=False)
    answer(optimizer, 4)
    centers = optimizer.graph.codes.copy()
    answer(optimizer, 20)
    np.testing.assert_array_equal(optimizer.graph.codes, centers)


def advantages(
    monkeypatch: pytest.MonkeyPatch, scores: list[float], **settings: Any
) -> tuple[list[float], list[float]]:
    """What the policy is told to learn from ``scores``, and the improvements over the centres that they came from."""
    optimizer = dsm(num_subspaces=1, update_subspaces=False, **settings)
    optimizer.tell(optimizer.ask(1), [50.0])
    learnt: list[float] = []
    monkeypatch.setattr(optimizer.controller, "learn", lambda _, advantage: learnt.append(float(advantage[0])))
    monkeypatch.setattr(optimizer, "accept", accept_only_new(optimizer))
    for score in scores:
        optimizer.tell(optimizer.ask(1), [score])
    return learnt, [score - 50.0 for score in scores]


def accept_only_new(optimizer: DSMNAS) -> Any:
    """``accept`` without rewards from memory."""
    accept = type(optimizer).accept
    return lambda decisions, code: bool(optimizer.is_new(code[None])[0]) and accept(optimizer, decisions, code)


def test_the_baseline_has_seen_the_reward(monkeypatch: pytest.MonkeyPatch) -> None:
    """Advantage 0 at the first reward, then 0.9 (r_t - b_{t-1}) (METHODS 1.1)."""
    learnt, improvements = advantages(monkeypatch, [60.0, 40.0, 55.0])
    baseline, expected = improvements[0], [0.0]
    for reward in improvements[1:]:
        expected.append(0.9 * (reward - baseline))
        baseline = 0.9 * baseline + 0.1 * reward
    np.testing.assert_allclose(learnt, expected, atol=1e-12)


def test_the_absolute_reward_differs_by_the_centres_score(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one fixed centre the baseline takes up the difference."""
    absolute, _ = advantages(monkeypatch, [60.0, 40.0, 55.0], reward="absolute")
    improvement, _ = advantages(monkeypatch, [60.0, 40.0, 55.0])
    np.testing.assert_allclose(absolute, improvement, atol=1e-12)


def test_the_reward_by_rank_knows_no_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    learnt, _ = advantages(monkeypatch, [60.0, 40.0, 55.0], reward="rank")
    other, _ = advantages(monkeypatch, [52.0, -400.0, 51.0], reward="rank")
    np.testing.assert_allclose(learnt, other)


def test_repeats_are_rewarded_from_memory_and_cost_no_query() -> None:
    optimizer = dsm(TINY, num_subspaces=2, distance=1)
    asked = []
    while len(codes := optimizer.ask(1)):
        asked.append(codes[0])
        optimizer.tell(codes, smooth(TINY, codes))
    steps = int(optimizer.controller.state()["steps"])
    assert len(np.unique(asked, axis=0)) == TINY.size and steps > 2 * TINY.size


def test_after_fifty_repeats_a_random_architecture_is_asked_for() -> None:
    """With a single subspace that does not move, all that lies beyond it is found by chance."""
    space = CategoricalSearchSpace("flat", [3] * 4)
    optimizer = dsm(space, num_subspaces=1, distance=1, update_subspaces=False)
    optimizer.tell(optimizer.ask(1), [1.0])
    center, distances = optimizer.graph.codes[0], []
    for _ in range(30):
        code = optimizer.ask(1)
        distances.append(int((code[0] != center).sum()))
        optimizer.tell(code, [0.0])
    assert distances.count(1) >= 8 and max(distances) > 1
    assert max(distances[:6]) == 1


def test_a_failed_answer_teaches_nothing_and_is_no_centre() -> None:
    optimizer = dsm()
    optimizer.tell(optimizer.ask(5), [np.nan, 1.0, 2.0, 3.0, 4.0])
    assert np.isfinite(optimizer.graph.scores).all() and optimizer.graph.is_full
    codes = optimizer.ask(1)
    before = optimizer.controller.state()
    optimizer.tell(codes, [np.nan])
    np.testing.assert_array_equal(optimizer.controller.state()["weights"], before["weights"])


# no repeats (the tuned preset)


def test_repeats_are_never_drawn_and_an_exhausted_centre_gives_way() -> None:
    space = CategoricalSearchSpace("long", [2] * 6)
    optimizer = dsm(space, preset="tuned", num_subspaces=1, budget=40)
    first = optimizer.ask(1)
    optimizer.tell(first, [100.0])
    for _ in range(6):
        code = optimizer.ask(1)
        assert (code != first).sum() == 1
        optimizer.tell(code, [0.0])
    other = optimizer.ask(1)
    optimizer.tell(other, [50.0])
    np.testing.assert_array_equal(optimizer.graph.codes, other)
    assert (optimizer.ask(1) != other).sum() == 1


# what may be a centre


def test_too_large_architectures_are_rewarded_and_never_centres() -> None:
    def flops(codes: Any) -> Any:
        return np.asarray(codes).sum(axis=1).astype(float)

    optimizer = dsm(free={"flops": flops}, limit_score="flops", limit=8.0)
    for _ in range(60):
        codes = optimizer.ask(1)
        optimizer.tell(codes, flops(codes))
        assert (flops(optimizer.graph.codes) <= 8).all()
    codes, scores = optimizer.history
    assert scores.max() > 8 and optimizer.incumbent is not None and optimizer.incumbent[1] == 8
    assert flops(optimizer.incumbent[0][None])[0] == 8
    steps = optimizer.controller.state()["steps"]
    assert steps >= 56, "those above the limit taught, too"


@pytest.mark.parametrize("preset", ["paper", "tuned"])
def test_a_constraint_bars_architectures_from_being_asked_for(preset: str) -> None:
    def flops(codes: Any) -> Any:
        return np.asarray(codes).sum(axis=1).astype(float)

    optimizer = dsm(free={"flops": flops}, preset=preset, num_subspaces=3, constraints={"flops": 8.0})
    for _ in range(30):
        codes = optimizer.ask(1)
        assert flops(codes)[0] <= 8
        optimizer.tell(codes, flops(codes))
    assert optimizer.incumbent is not None and optimizer.incumbent[1] == 8


def test_an_unknown_limit_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"limit_score.*size"):
        dsm(free={"size": smooth}, limit_score="flops", limit=1.0)


# seconds


@pytest.mark.parametrize("preset", ["paper", "tuned"])
def test_it_stops_after_the_evaluation_that_passes_the_time_limit(tables: Path, preset: str) -> None:
    """On NAS-Bench-101, whose table has seconds; a small surrogate answers for cells outside of the part at hand."""
    table = load_benchmark("nasbench101", "cifar10", data_dir=tables)
    assert isinstance(table, TabularBenchmark)
    benchmark = SurrogateBenchmark.fit(table, ["val_accuracy@108", "train_time_s"], members=2, rounds=20)
    optimizer = dsm(benchmark.space, preset=preset, time_limit=25_000.0)
    seconds = []
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, benchmark.score(codes))
        seconds.append(float(benchmark.cost(codes)[0]))
        optimizer.spend(seconds[-1])
    assert sum(seconds) >= 25_000 > sum(seconds[:-1])
    assert 5 < len(seconds) < 100
    resumed = dsm(benchmark.space, preset=preset, time_limit=25_000.0)
    resumed.load_state_dict(optimizer.state_dict())
    assert not len(resumed.ask(1))


@pytest.mark.parametrize("dataset", ["digits", "shapes"])
def test_it_stops_by_seconds_on_the_carried_tables(dataset: str) -> None:
    benchmark = load_benchmark("nasbench201", dataset)
    limit = 30 * float(np.median(benchmark.cost(benchmark.space.sample(100, np.random.default_rng(0)))))
    optimizer = dsm(benchmark.space, time_limit=limit, budget=100)
    spent = [0.0]
    while len(codes := optimizer.ask(1)):
        assert spent[-1] < limit
        optimizer.tell(codes, benchmark.score(codes))
        spent.append(spent[-1] + float(benchmark.cost(codes)[0]))
        optimizer.spend(spent[-1] - spent[-2])
    assert spent[-1] >= limit and 10 < len(spent) < 60


def test_the_trainer_counts_seconds(tmp_path: Path) -> None:
    """On a carried table, from a configuration alone; a resumed run stays where it stopped."""
    config = {
        "optimizer": "dsm_nas", "search_space": "nasbench201", "dataset": "digits", "save": str(tmp_path),
        "search": {"epochs": 100, "checkpoint_freq": 5, "time_limit": 20.0, **SETTINGS},
    }  # fmt: skip
    trainer = Trainer(get_optimizer("dsm_nas")(config), config)
    trainer.search()
    seconds = [record.seconds or 0.0 for record in trainer.records]
    assert sum(seconds) >= 20 > sum(seconds[:-1])
    resumed = Trainer(get_optimizer("dsm_nas")(config), config)
    resumed.search(resume_from=True)
    assert len(resumed.records) == len(trainer.records)


def test_a_time_limit_that_nobody_keeps_is_an_error() -> None:
    optimizer = dsm(time_limit=10.0)
    optimizer.tell(optimizer.ask(1), [1.0])
    with pytest.raises(NaslibExtError, match="spend"):
        optimizer.ask(1)


# DSM-NAS+


def run(folder: Path, tables: Path, **search: Any) -> Trainer:
    config = {
        "optimizer": "dsm_nas", "search_space": "nasbench201", "dataset": "cifar10", "epoch": 12, "seed": 3,
        "data_dir": str(tables), "save": str(folder), "search": {"epochs": 30, **SETTINGS, **search},
    }  # fmt: skip
    trainer = Trainer(get_optimizer("dsm_nas")(config), config)
    trainer.search()
    return trainer


def test_it_starts_from_the_final_subspaces_of_a_run(tables: Path, tmp_path: Path) -> None:
    finished = run(tmp_path / "first", tables)
    assert isinstance(finished.optimizer, DSMNAS)
    graph = finished.optimizer.graph
    order = np.argsort(-graph.scores, kind="stable")
    second = run(tmp_path / "second", tables, warm_start=str(tmp_path / "first"))
    np.testing.assert_array_equal([record.code for record in second.records[:4]], graph.codes[order])
    assert len(second.records) == 30, "the first centres are charged"


def test_it_starts_from_another_methods_best(tables: Path, tmp_path: Path) -> None:
    config = {
        "optimizer": "rs", "epoch": 12, "data_dir": str(tables), "save": str(tmp_path), "search": {"epochs": 20},
    }  # fmt: skip
    trainer = Trainer(get_optimizer("rs")(config), config)
    trainer.search()
    codes, scores = trainer.optimizer.history
    optimizer = dsm(trainer.benchmark.space, warm_start=str(tmp_path))
    np.testing.assert_array_equal(optimizer.ask(4), codes[np.argsort(-scores, kind="stable")[:4]])


def test_a_start_that_cannot_be_used_is_refused(tables: Path, tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="warm_start"):
        dsm(warm_start=str(tmp_path)).ask(1)
    run(tmp_path, tables)
    with pytest.raises(InvalidArchitecture):
        dsm(get_search_space("transbench101_micro"), warm_start=str(tmp_path)).ask(1)
    with pytest.raises(InvalidArchitecture):
        dsm(initial=[[9] * 6]).ask(1)


def test_given_architectures_come_first_and_once() -> None:
    given = [[1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1]]
    optimizer = dsm(initial=given)
    np.testing.assert_array_equal(optimizer.ask(2), given[:2])
    optimizer.tell(given[:2], [1.0, 2.0])
    assert len(optimizer.ask(2)) == 2
    assert not optimizer.graph.is_full


def test_a_resumed_run_does_not_need_the_folder_it_started_from(tables: Path, tmp_path: Path) -> None:
    run(tmp_path, tables)
    space = get_search_space("nasbench201")
    optimizer, resumed = (dsm(space, warm_start=str(tmp_path)) for _ in range(2))
    optimizer.ask(1)
    state = optimizer.state_dict()
    (tmp_path / "checkpoint").unlink()
    resumed.load_state_dict(state)
    np.testing.assert_array_equal(resumed.ask(3), optimizer.ask(3))
