"""The open-domain search end to end on a few images: resumable, the same values however it is spread."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from naslib_ext.benchmarks.images import ImageDataset
from naslib_ext.benchmarks.made_images import make_shapes
from naslib_ext.benchmarks.schedule import Schedule
from naslib_ext.benchmarks.training import TrainingBenchmark
from naslib_ext.encodings.operation_distribution import encode
from naslib_ext.errors import ConfigError, DataFileError, NaslibExtError
from naslib_ext.experiments.open_domain import training
from naslib_ext.experiments.open_domain.evaluation import (
    Retrained,
    by_seed,
    comparisons,
    means_by_seed,
    random_encodings,
    retrain,
    variances,
)
from naslib_ext.experiments.open_domain.report import (
    format_evaluation,
    format_pooled,
    format_search,
    write_evaluation,
    write_search,
)
from naslib_ext.experiments.open_domain.study import Study, Workers, found_encoding, history, load_study, search
from naslib_ext.experiments.open_domain.training import (
    LayerwiseBenchmark,
    Recipe,
    cutmix,
    load_problem,
    usual_workers,
    worker_device,
)

CONFIGS = Path(__file__).parents[2] / "configs" / "open_domain"
TINY = (
    "layers 2 search.queries 6 search.batch 3 search.num_init 3 training.epochs 1 training.batch_size 800 "
    "training.network.init_channels 2 evaluation.samples 2 evaluation.random_encodings 2 evaluation.training.epochs 2"
).split()
SERIAL = Workers("serial")
FILES = ("summary.json", "encodings.csv", "networks.csv", "search.png", "encodings.png")


@pytest.fixture
def few_images(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def load(name: str) -> ImageDataset:
        return make_shapes((60, 40, 40))

    monkeypatch.setattr(training, "load_images", load)
    load_problem.cache_clear()
    yield
    load_problem.cache_clear()


def study_in(out: Path, *overrides: str) -> Study:
    return load_study(str(CONFIGS / "digits.yaml"), out, [*TINY, *overrides])


def run(out: Path) -> dict[str, bytes]:
    study = study_in(out)
    searches = search(study, [0], SERIAL)
    write_evaluation(out, study, searches, retrain(study, searches, [0], SERIAL))
    return {name: (out / name).read_bytes() for name in FILES}


@pytest.mark.usefixtures("few_images")
def test_killed_and_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[tuple[bytes, int]] = []
    whole = LayerwiseBenchmark._train

    def counted(self: LayerwiseBenchmark, code: np.ndarray, seed: int, *rest: Any) -> Any:
        if len(trained) in (5, 12) and not killed.pop(len(trained), True):
            raise KeyboardInterrupt
        result = whole(self, code, seed, *rest)
        trained.append((code.tobytes(), seed))
        return result

    killed: dict[int, bool] = {}
    monkeypatch.setattr(LayerwiseBenchmark, "_train", counted)
    unbroken = run(tmp_path / "unbroken")
    number = len(trained)
    trained.clear()
    killed.update({5: False, 12: False})
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "broken")
        load_problem.cache_clear()
    assert run(tmp_path / "broken") == unbroken
    assert len(trained) == number == len(set(trained)), "no training is done twice"


def test_the_same_values_whatever_the_number_of_workers(tmp_path: Path) -> None:
    load_problem.cache_clear()
    values = {}
    for workers in (SERIAL, Workers("process", 2)):
        problem = study_in(tmp_path / workers.executor, "dataset", "shapes").problem
        codes = problem.space.sample(3, np.random.default_rng(0))
        values[workers.executor] = workers.train(problem, codes)
    np.testing.assert_array_equal(values["serial"], values["process"])


@pytest.mark.filterwarnings("ignore:Precision loss")  # tiny networks give equal accuracies
@pytest.mark.usefixtures("few_images")
def test_what_is_searched_and_retrained(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    searches = search(study, range(2), SERIAL)
    starts = [history(searches[method, 1]) for method in ("anasod_bo", "random search")]
    np.testing.assert_array_equal(starts[0][0][:3], starts[1][0][:3], "both begin with the same random encodings")
    for optimizer in searches.values():
        codes, scores = optimizer.history
        assert len(codes) == 6 and encode(study.problem.space, codes[[scores.argmax()]]).tolist() == [
            found_encoding(optimizer).tolist()
        ]
    networks = retrain(study, searches, range(2), SERIAL)
    assert [(n.group, n.seed) for n in networks] == [
        *(("anasod_bo", seed) for seed in range(2)), *(("random search", seed) for seed in range(2)),
        *(("random", seed) for seed in (0, 0, 1, 1)),
    ]  # fmt: skip
    assert all(n.test_accuracy.shape == (2,) and (n.test_accuracy >= 0).all() for n in networks)
    summary = write_evaluation(tmp_path, study, searches, networks)
    assert len((tmp_path / "encodings.csv").read_text().splitlines()) == 1 + 2 * 2 * 6
    assert len((tmp_path / "networks.csv").read_text().splitlines()) == 1 + 8 * 2
    assert "anasod_bo - random |" in format_evaluation(summary) and "| random search | 1 |" in format_search(summary)
    alone = write_search(tmp_path, study, searches)
    assert alone["evaluation"] is None and alone["search"] == summary["search"]


@pytest.mark.usefixtures("few_images")
def test_a_failed_training_is_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_in(tmp_path)
    codes = study.problem.space.sample(3, np.random.default_rng(0))
    whole = LayerwiseBenchmark._train

    def poisoned(self: LayerwiseBenchmark, code: np.ndarray, *rest: Any) -> Any:
        if (code == codes[1]).all():
            raise ZeroDivisionError
        return whole(self, code, *rest)

    monkeypatch.setattr(LayerwiseBenchmark, "_train", poisoned)
    for values in SERIAL.train(study.problem, codes[[0, 1, 2, 0]]):
        assert np.isnan(values).tolist() == [False, True, False, False] and values[0] == values[3]


def test_a_gpu_that_is_not_there_is_no_failed_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every training of a search would fail: one clear error instead."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    study = study_in(tmp_path, "device", "cuda")  # another machine may have it
    with pytest.raises(ConfigError, match="no cuda here"):
        SERIAL.train(study.problem, study.problem.space.sample(1, np.random.default_rng(0)))


def test_processes_are_spread_over_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    assert worker_device("cpu") == "cpu" and worker_device("cuda:1") == "cuda:1"
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert worker_device("auto") == "auto"
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(training.os, "getpid", lambda: 4002)
    assert worker_device("auto") == worker_device("cuda") == "cuda:2"
    assert usual_workers(torch.device("cuda:2")) == 4 and usual_workers(torch.device("cpu")) is None
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert usual_workers(torch.device("cuda")) is None, "workers elsewhere have the GPUs"


# statistics


def made_up(group: str, seed: int, *test: float) -> Retrained:
    accuracy = np.array(test)
    return Retrained(group, seed, np.array([6, 0]), accuracy, accuracy)


def test_comparisons_are_paired_by_seed() -> None:
    networks = [made_up("random", seed, 50 + seed, 60 + seed) for seed in range(5) for _ in range(2)]
    networks += [made_up("anasod_bo", seed, 70 + 2 * seed, np.nan) for seed in range(5)]
    networks += [made_up("random search", seed, 55 + seed) for seed in range(5)]
    first, second, third = comparisons(means_by_seed(networks))
    assert first["difference"] == pytest.approx(17) and first["wins"] == first["seeds"] == 5
    assert first["p_wilcoxon"] == pytest.approx(2 / 2**5) and first["p_t"] < first["p_holm"] < 0.001
    assert second["difference"] == pytest.approx(17) and third["difference"] == 0 and third["p_t"] is None
    with pytest.raises(NaslibExtError, match="every network of random"):
        by_seed([made_up("random", 0, np.nan)], "random")


def test_standard_deviations_within_encodings() -> None:
    found = variances([made_up("random", 0, 10, 12), made_up("random", 0, 20, 24), made_up("anasod_bo", 0, 1, 99)])
    assert found["median"] == pytest.approx((np.sqrt(2) + np.sqrt(8)) / 2)
    assert found["pooled"] == pytest.approx(np.sqrt((2 + 8) / 2))
    assert found["better_half"] == pytest.approx(np.sqrt(8))
    assert found["overall"] == pytest.approx(np.std([10, 12, 20, 24], ddof=1))
    assert found["share"] == pytest.approx(1 - 5 / np.var([10, 12, 20, 24], ddof=1))
    assert set(variances([made_up("random", 0, 1)]).values()) == {None}


def test_evaluations_together(tmp_path: Path) -> None:
    for name, shift in (("one", 0.0), ("two", 10.0)):
        means = {"anasod_bo": [3.0, 5.0, 8.0], "random search": [2.0, 3.0, 4.0], "random": [1.0, 1.5, 2.0]}
        groups = {group: {"test_by_seed": [value + shift for value in of]} for group, of in means.items()}
        (tmp_path / name).mkdir()
        (tmp_path / name / "summary.json").write_text(json.dumps({"evaluation": {"groups": groups}}))
    table = format_pooled([tmp_path / "one", tmp_path / "two"])
    assert "| anasod_bo - random | 3.83 ± " in table and "| 6 of 6 |" in table and "0.031" in table
    (tmp_path / "two" / "summary.json").write_text('{"evaluation": null}')
    with pytest.raises(DataFileError, match="two"):
        format_pooled([tmp_path / "one", tmp_path / "two"])


def test_random_encodings_are_uniform_on_the_simplex(tmp_path: Path) -> None:
    counts = random_encodings(study_in(tmp_path).problem.space, 4000, 0)
    assert (counts.sum(axis=1) == 6).all()
    np.testing.assert_allclose(counts.mean(axis=0), 6 / 5, atol=0.06)


# configuration


def test_the_papers_sizes(tmp_path: Path) -> None:
    """Appendix A.2."""
    study = load_study(str(CONFIGS / "cifar10.yaml"), tmp_path)
    problem, recipe, longer = study.problem, study.problem.recipe, study.retraining
    assert (problem.cell, problem.nodes, problem.layers, problem.dataset) == ("nasnet", 5, 24, "cifar10")
    assert (study.queries, study.batch, study.search["num_init"]) == (50, 4, 10)
    assert (recipe.epochs, recipe.batch_size, recipe.lr, recipe.momentum, recipe.weight_decay) == (
        30, 96, 0.025, 0.9, 3e-4,
    )  # fmt: skip
    assert recipe.cosine and recipe.network == {"init_channels": 36}
    assert (longer.epochs, longer.auxiliary, longer.drop_path) == (600, 0.4, 0.2)
    assert (longer.batch_size, longer.lr) == (96, 0.025) and longer.cutmix > 0


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ("layer 3", "unknown key 'layer'; did you mean 'layers'"),
        ("search.num_inits 3", "unknown key 'search.num_inits'; did you mean 'search.num_init'"),
        ("search 3", "search: expected names and values"),
        ("evaluation.training 3", "evaluation.training: expected names and values"),
        ("training.network.init_channels 0", "expected a positive integer"),
        ("training.network.stages 5", "2 cells cannot make 5 stages"),
        ("evaluation.training.network.width 5", "unknown size"),
        ("evaluation.training.drop_path 0.2", "for nasnet cells"),
        ("training.auxiliary 0.2", "for nasnet cells"),
        ("device gpu", "device: expected cpu"),
        ("search.num_init 0", "num_init"),
        ("training.epoch 3", "epoch"),
        ("training.cutmix 2", "cutmix"),
        ("evaluation.sample 3", "sample"),
        ("evaluation.training.seeds 3", "unknown key 'evaluation.training.seeds'"),
        ("cell nasbench101", "cell"),
    ],
)
def test_what_a_configuration_may_not_say(tmp_path: Path, overrides: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        study_in(tmp_path, *overrides.split())


# the recipe


def images(n: int = 64) -> torch.Tensor:
    return torch.arange(1.0, n * 2 * 6 * 6 + 1).reshape(n, 2, 6, 6)


def test_a_plain_recipe_is_the_schedule(tmp_path: Path) -> None:
    problem = study_in(tmp_path).problem
    data, code = make_shapes((60, 20, 20)), problem.space.sample(1, np.random.default_rng(0))
    ours = LayerwiseBenchmark(problem.space, data, problem.recipe, device="cpu")

    class Plain(TrainingBenchmark):
        def network(self, code: Any) -> torch.nn.Module:
            return ours.network(code)

    plain = Schedule(**{name: getattr(problem.recipe, name) for name in Schedule.__dataclass_fields__})
    for metric in ("val_loss", "test_accuracy"):
        assert ours.query(code, metric) == Plain(problem.space, data, plain, device="cpu").query(code, metric)


def test_crops_are_windows_of_the_padded_image() -> None:
    torch.manual_seed(0)
    before = images()
    after = Recipe(crop=2).augment(before)
    padded = torch.nn.functional.pad(before, [2] * 4)
    for image, original in zip(after, padded, strict=True):
        windows = [original[:, i : i + 6, j : j + 6] for i in range(5) for j in range(5)]
        assert any(torch.equal(image, window) for window in windows)
    assert len({tuple((image == 0).flatten().tolist()) for image in after}) > 10


def test_flip_and_cutout() -> None:
    torch.manual_seed(0)
    before = images()
    flipped = Recipe(flip=True).augment(before)
    mirrored = (flipped == before.flip(3)).flatten(1).all(dim=1)
    assert (mirrored | (flipped == before).flatten(1).all(dim=1)).all() and 16 < int(mirrored.sum()) < 48
    cut = Recipe(cutout=4).augment(before) == 0
    assert (cut[:, 0] == cut[:, 1]).all()
    areas = cut[:, 0].flatten(1).sum(dim=1)
    assert int(areas.max()) == 16 and int(areas.min()) < 16


def test_cutmix_shares_are_areas() -> None:
    torch.manual_seed(0)
    before, labels = torch.arange(16.0).view(16, 1, 1, 1).expand(16, 1, 8, 8), torch.arange(16)
    shares = []
    for _ in range(20):
        mixed, others, share = cutmix(before, labels)
        of_own = (mixed == labels.view(16, 1, 1, 1)).float().mean(dim=(1, 2, 3))
        of_other = (mixed == others.view(16, 1, 1, 1)).float().mean(dim=(1, 2, 3))
        moved = others != labels
        np.testing.assert_allclose(of_own[moved].numpy(), share, atol=1e-6)
        np.testing.assert_allclose(of_other[moved].numpy(), 1 - share, atol=1e-6)
        shares.append(share)
    assert min(shares) < 0.6 and max(shares) > 0.8


def test_auxiliary_loss_and_drop_path(tmp_path: Path) -> None:
    overrides = "cell nasnet nodes 2 training.network.stages 2 training.auxiliary 0.4 training.drop_path 0.2".split()
    problem = study_in(tmp_path, *overrides).problem
    benchmark = LayerwiseBenchmark(problem.space, make_shapes((60, 20, 20)), problem.recipe, device="cpu")
    code = problem.space.sample(1, np.random.default_rng(0))
    assert np.isfinite(benchmark.query(code)).all()
    network: Any = benchmark.network(code[0]).eval()
    x, y = torch.randn(8, 1, 8, 8), torch.randint(0, 10, (8,))
    logits, second = network.both_logits(x)
    expected = [torch.nn.functional.cross_entropy(head, y) for head in (logits, second)]
    torch.testing.assert_close(problem.recipe.loss(network, x, y, 0.5), expected[0] + 0.4 * expected[1])
    assert network.cells[0].drop_path == pytest.approx(0.1)
    stack = study_in(tmp_path).problem
    plain = LayerwiseBenchmark(stack.space, make_shapes((60, 20, 20)), stack.recipe, device="cpu")
    with pytest.raises(ConfigError, match="nasnet"):
        Recipe(drop_path=0.1).loss(plain.network(stack.space.sample(1, np.random.default_rng(0))[0]), x, y, 0.0)
