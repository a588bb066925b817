import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from naslib_ext.benchmarks import TabularBenchmark, load_benchmark
from naslib_ext.configuration import complete
from naslib_ext.defaults.trainer import Trainer
from naslib_ext.errors import ConfigError, RunFolderError
from naslib_ext.optimizers import Optimizer, get_optimizer
from naslib_ext.optimizers.base import FreeScores
from naslib_ext.search_spaces import CategoricalSearchSpace, SearchSpace, get_search_space
from naslib_ext.shrinkage import ShrunkSearchSpace
from naslib_ext.state_file import encode_state
from naslib_ext.testing.optimizer import OptimizerContract


class TestContract(OptimizerContract):
    budget = 14
    config = {"search": {"num_init": 5}}

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("structure_bo")


class TestContractOfTwoObjectivesAndMoreFeatures(OptimizerContract):
    budget = 12
    config = {"search": {"minimize": "cost", "features": "all", "refit_every": 3, "num_init": 4}}

    def free(self, space: SearchSpace) -> FreeScores:
        return {"cost": lambda codes: np.asarray(codes).sum(axis=1).astype(float)}

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("structure_bo")


def search(benchmark: TabularBenchmark, budget: int, seed: int = 0, batch: int = 1, **settings: object) -> Optimizer:
    optimizer = get_optimizer("structure_bo")({"search": settings})
    optimizer.bind(benchmark.space, seed, budget, benchmark.key, benchmark.free)
    while len(codes := optimizer.ask(batch)):
        optimizer.tell(codes, benchmark.score(codes, epoch=12))
    return optimizer


@pytest.fixture(scope="module")
def cifar10(tables: Path) -> TabularBenchmark:
    return load_benchmark("nasbench201", "cifar10", data_dir=tables)


def test_it_finds_the_optimum_in_a_third_of_local_searchs_queries(cifar10: TabularBenchmark) -> None:
    """Local search needs about 105 queries (METHODS 6.3 has 35 to 45 for this model)."""
    best = cifar10.optimum("val_accuracy", 12)
    for seed in range(4):
        incumbent = search(cifar10, 60, seed).incumbent
        assert incumbent is not None and incumbent[1] == best


def test_batches_are_spread(cifar10: TabularBenchmark) -> None:
    optimizer = search(cifar10, 50, batch=8)
    codes, scores = optimizer.history
    assert scores.max() > 84.5
    batch = codes[42:50]
    assert (batch[:, None] != batch).any(axis=2).sum() == 8 * 7, "distinct"


def test_a_large_space_is_searched_by_proposals() -> None:
    space = get_search_space("nasbench301")
    weights = np.random.default_rng(0).normal(size=(32, 8))
    scores = {}
    for name in ("structure_bo", "rs"):
        optimizer = get_optimizer(name)().bind(space, seed=0, budget=40)
        while len(codes := optimizer.ask(1)):
            optimizer.tell(codes, weights[np.arange(32), codes].sum(axis=1))
        assert optimizer.incumbent is not None
        scores[name] = optimizer.incumbent[1]
    assert scores["structure_bo"] > scores["rs"]


def test_constraints_hold_and_the_front_is_one(cifar10: TabularBenchmark) -> None:
    optimizer = search(cifar10, 25, constraints={"latency_ms/pixel3": 8.0}, minimize="flops")
    asked = optimizer.history[0]
    assert (cifar10.query(asked, "latency_ms/pixel3") <= 8).all()
    codes, scores, costs = optimizer.pareto_front
    assert (np.diff(scores) > 0).all() and (np.diff(costs) > 0).all()
    assert cifar10.query(codes, "flops").tolist() == costs.tolist()


def test_what_is_impossible_says_so(cifar10: TabularBenchmark, tmp_path: Path) -> None:
    for settings, message in (
        ({"features": "zen,typo"}, "search.features: no score 'typo'"),
        ({"minimize": "typo"}, "search.minimize: no score 'typo'"),
        ({"cost": "flops", "minimize": "flops"}, "exclude each other"),
        ({"constraints": {"typo": 1}}, "search.constraints: no score 'typo'"),
        ({"constraints": {"flops": "much"}}, "search.constraints.flops: expected a number"),
        ({"constraints": {"flops": -1}}, "search.constraints: found no architecture of nasbench201 within"),
        ({"constraints": {"flops": float("nan")}}, "search.constraints.flops: expected a number"),
    ):
        with pytest.raises(ConfigError, match=message):
            search(cifar10, 1, **settings)
    with pytest.raises(ConfigError, match=r"search\.minimize is empty"):
        _ = search(cifar10, 1).pareto_front


def test_costs_must_be_numbers_and_divisors_positive() -> None:
    space = CategoricalSearchSpace("small", [4, 4, 4])
    for key, score, message in (
        ("cost", lambda codes: codes.sum(axis=1) - 1.0, "search.cost: the score 'made' is not positive"),
        ("minimize", lambda codes: np.log(codes.sum(axis=1) - 1.0), "search.minimize: the score 'made' is not finite"),
    ):
        optimizer = get_optimizer("structure_bo")({"search": {key: "made"}})
        with pytest.raises(ConfigError, match=message), np.errstate(all="ignore"):
            optimizer.bind(space, free={"made": score})


def test_what_costs_the_most_is_worth_something_too() -> None:
    space = CategoricalSearchSpace("small", [4, 4, 4])
    optimizer = get_optimizer("structure_bo")({"search": {"minimize": "cost", "num_init": 4}})
    optimizer.bind(space, seed=1, budget=20, free={"cost": lambda codes: codes.sum(axis=1) + 0.0})
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, codes.sum(axis=1))
    assert (optimizer._worth_of(space.enumerate()[-1:]) > 0).all()


@pytest.mark.parametrize("settings", [{"minimize": "made"}, {"cost": "made"}, {"constraints": {"made": 5}}])
def test_a_score_of_all_listed_architectures_is_read_once(settings: dict[str, object]) -> None:
    """It may be counted by building each network."""
    space, reads = CategoricalSearchSpace("small", [4, 4, 4]), []

    def made(codes: np.ndarray) -> np.ndarray:
        reads.append(len(codes))
        return np.asarray(codes).sum(axis=1) + 1.0

    optimizer = get_optimizer("structure_bo")({"search": {"num_init": 4, **settings}})
    optimizer.bind(space, budget=12, free={"made": made})
    assert reads == [64]
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, codes.sum(axis=1))
    assert reads.count(64) == 1


def test_equal_costs_leave_one_objective() -> None:
    space = CategoricalSearchSpace("small", [4, 4, 4])
    optimizer = get_optimizer("structure_bo")({"search": {"minimize": "cost", "num_init": 4}})
    optimizer.bind(space, seed=1, budget=24, free={"cost": lambda codes: np.ones(len(codes))})
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, codes.sum(axis=1))
    assert optimizer.incumbent is not None and optimizer.incumbent[1] == 9


def run(folder: Path, stop: int | None = None, **values: Any) -> Trainer:
    """A search that is kept in ``folder``, broken off after ``stop`` queries and then resumed."""
    config = complete({"dataset": "digits", "save": str(folder), **values})
    trainer = Trainer(get_optimizer(config.optimizer)(config), config)

    def after_epoch(epoch: int) -> None:
        if epoch + 1 == stop:
            raise KeyboardInterrupt

    try:
        trainer.search(after_epoch=after_epoch)
    except KeyboardInterrupt:
        trainer.search(resume_from=True)
    return trainer


@pytest.mark.parametrize("settings", [{"features": "flops,zen"}, {"minimize": "flops", "features": "params"}])
def test_a_resumed_run_with_free_scores_writes_the_same_bytes(settings: dict[str, str], tmp_path: Path) -> None:
    search = {"epochs": 24, "checkpoint_freq": 6, "num_init": 5, **settings}
    run(tmp_path / "whole", search=search)
    run(tmp_path / "resumed", stop=20, search=search)
    for name in ("journal.jsonl", "errors.json", "checkpoint"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "resumed" / name).read_bytes(), name


def test_a_warm_start_is_a_finished_run_on_the_same_space(tmp_path: Path) -> None:
    benchmark, source = load_benchmark("nasbench201", "digits"), tmp_path / "source"
    searched = run(source, search={"epochs": 12}).records
    damaged = {}
    for name in ("unfinished", "elsewhere", "one_shot", "no_yaml"):
        damaged[name] = tmp_path / name
        shutil.copytree(source, damaged[name])
    (damaged["unfinished"] / "errors.json").unlink()
    (damaged["elsewhere"] / "config.yaml").write_text("search_space: transbench101_micro\n")
    (damaged["one_shot"] / "checkpoint").write_bytes(encode_state({"epochs": 1, "tensors": {}}))
    (damaged["no_yaml"] / "config.yaml").write_text("a: [")
    for folder, message in (
        (tmp_path / "nowhere", "nowhere holds no finished run"),
        (damaged["unfinished"], "unfinished holds no finished run"),
        (damaged["elsewhere"], "elsewhere is a run on transbench101_micro, not on nasbench201"),
        (damaged["one_shot"], "one_shot is no run of a method that queries"),
        (damaged["no_yaml"], "no_yaml/config.yaml is no configuration of a run"),
    ):
        with pytest.raises(RunFolderError, match=f"search.warm_start: .*{message}"):
            search(benchmark, 1, warm_start=str(folder))
    others = benchmark.space.canonical([[4, 4, 4, 4, 4, 4], [2, 2, 2, 2, 2, 2]])
    assert not {tuple(record.code) for record in searched} & {tuple(code) for code in others.tolist()}
    shrunk = ShrunkSearchSpace(benchmark.space, others, benchmark.key)
    with pytest.raises(RunFolderError, match="source holds no result in nasbench201_shrunk"):
        get_optimizer("structure_bo")({"search": {"warm_start": str(source)}}).bind(shrunk, key=benchmark.key)


def test_it_learns_from_a_run_on_another_data_set(tables: Path, tmp_path: Path) -> None:
    where = {"dataset": "cifar10", "epoch": 12, "data_dir": str(tables)}
    source = run(tmp_path / "source", search={"epochs": 40}, **where)
    target = load_benchmark("nasbench201", "cifar100", data_dir=tables)
    transferred = search(target, 14, warm_start=str(tmp_path / "source"))
    alone = search(target, 14)
    assert transferred.incumbent is not None and alone.incumbent is not None
    assert transferred.incumbent[1] > alone.incumbent[1]
    codes = transferred.history[0]
    assert codes[0].tolist() == source.final_architecture.tolist()
