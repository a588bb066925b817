import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.benchmarks import TabularBenchmark, load_benchmark
from naslib_ext.errors import NaslibExtError, RunFolderError
from naslib_ext.experiments.structure_bo.ablations import PANELS, AblationStudy
from naslib_ext.experiments.structure_bo.limits import leave_one_out, limits
from naslib_ext.experiments.structure_bo.pareto import METHODS, pareto_study
from naslib_ext.experiments.structure_bo.tables import write_tables
from naslib_ext.experiments.structure_bo.transfer import Problem, transfer_study
from naslib_ext.experiments.structure_bo.variants import PartialKernel, Variant, VariantBO
from naslib_ext.experiments.suite.study import TASKS
from naslib_ext.optimizers import get_optimizer
from naslib_ext.search_spaces import get_search_space

ROOT = Path(__file__).parents[2]
RUNNER = ROOT / "runners" / "structure_bo" / "runner.py"
DIGITS = next(task for task in TASKS if task.name == "digits")


def random_table(name: str, size: int) -> TabularBenchmark:
    space, rng = get_search_space(name), np.random.default_rng(0)
    codes = np.unique(space.canonical(space.sample(size, rng)), axis=0)
    return TabularBenchmark(space, codes, {"val_accuracy": rng.random(len(codes))}, dataset="random")


def test_shares_of_the_hypervolume() -> None:
    results = pareto_study(load_benchmark("nasbench201", "digits"), "val_accuracy", None, "flops", (12, 25), 2)
    assert set(results) == set(METHODS)
    for means, _ in results.values():
        assert means[0] is not None and means[1] is not None
        assert 0 < means[0] <= means[1] <= 1
    with pytest.raises(NaslibExtError, match="the study needs a table with the score 'latency'"):
        pareto_study(load_benchmark("nasbench201", "digits"), "val_accuracy", None, "latency", (12,), 1)


def test_a_search_on_another_data_set_helps(tmp_path: Path) -> None:
    source, target = Problem("nasbench201", "digits", 1), Problem("nasbench201", "digits")
    curves = transfer_study(source, target, 40, 12, 3, str(tmp_path), "serial")
    assert curves["warm start"].shape == (3, 12)
    assert curves["warm start"][:, -1].mean() > curves["from scratch"][:, -1].mean()
    assert (np.diff(curves["from scratch"]) >= 0).all()


def test_the_variant_that_changes_nothing_is_the_method() -> None:
    benchmark, asked = load_benchmark("nasbench201", "digits"), []
    for optimizer in (get_optimizer("structure_bo")(), VariantBO(Variant()), VariantBO(Variant(codes=True))):
        optimizer.bind(benchmark.space, 3, 16, benchmark.key, benchmark.free)
        while len(codes := optimizer.ask(1)):
            optimizer.tell(codes, benchmark.score(codes))
        asked.append(optimizer.history[0].tolist())
    assert asked[0] == asked[1] != asked[2]


@pytest.mark.parametrize("name", sorted({name for panel in PANELS.values() for name in panel}))
def test_every_variant_searches(name: str) -> None:
    variant = next(panel[name] for panel in PANELS.values() if name in panel)
    benchmark = load_benchmark("nasbench201", "digits")
    assert variant.applies(benchmark)
    optimizer = VariantBO(variant).bind(benchmark.space, 0, 14, benchmark.key, benchmark.free)
    while len(codes := optimizer.ask(variant.batch)):
        optimizer.tell(codes, benchmark.score(codes))
    assert len(np.unique(optimizer.history[0], axis=0)) == 14


def test_variants_that_change_nothing_on_a_space_do_not_apply() -> None:
    table = random_table("nasbench101", 20)
    assert not Variant({"features": "flops"}).applies(table)
    assert not Variant(left_out=("stages",)).applies(table)
    assert Variant(left_out=("paths", "stages")).applies(table)


def test_parts_of_the_kernel_share_the_prior_variance() -> None:
    whole = PartialKernel([3, 2], "both")
    points = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
    for parts in ("groups", "joint"):
        kernel = PartialKernel([3, 2], parts)
        assert kernel.variance(kernel.start) == pytest.approx(whole.variance(whole.start), rel=1e-6)
        covariance = kernel.covariance(kernel.distance(points, points), kernel.start)
        assert np.diagonal(covariance) == pytest.approx(kernel.variance(kernel.start), rel=1e-5)
    decays = np.exp(-kernel.distance(points, points).sum(axis=0) / 2)  # lengthscales start at the number of groups
    assert covariance / covariance[0, 0] == pytest.approx(decays, rel=1e-4)


def test_ablations_are_kept_and_summed_up(tmp_path: Path) -> None:
    study = AblationStudy([DIGITS], ["batch"], 24, range(2), str(tmp_path)).run("serial")
    assert study.regrets[0]["rs"].mean() == pytest.approx(1)
    assert study.regrets[0]["structure_bo"].mean() < 0.7
    assert set(study.changes()) == {"batches of 4", "batches of 8"}
    text = write_tables(study)
    [row] = [line for line in text.splitlines() if line.startswith("| structure_bo | 1.00")]
    assert row
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("?.json")}
    again = AblationStudy([DIGITS], ["batch"], 12, range(2), str(tmp_path)).run("serial")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("?.json")} == files
    assert np.array_equal(again.curves[0]["batches of 8"], study.curves[0]["batches of 8"][:, :12])
    file = tmp_path / "digits" / "batches_of_8" / "0.json"
    file.write_text(file.read_text().replace('"batch": 8', '"batch": 7'))
    with pytest.raises(RunFolderError, match="another variant"):
        AblationStudy([DIGITS], ["batch"], 12, range(2), str(tmp_path)).run("serial")


def test_leave_one_out_is_the_prediction_without_that_one() -> None:
    rng = np.random.default_rng(0)
    factor, targets = rng.normal(size=(6, 9)), rng.normal(size=6)
    covariance = factor @ factor.T
    rest = np.arange(1, 6)
    expected = covariance[0, rest] @ np.linalg.solve(covariance[np.ix_(rest, rest)], targets[rest])
    assert leave_one_out(covariance, targets)[0] == pytest.approx(expected)


def test_an_optimum_that_stands_out_of_its_twins_cannot_be_foreseen() -> None:
    space = get_search_space("nasbench201")
    codes = np.unique(space.sample(500, np.random.default_rng(0)), axis=0)
    scores = (space.canonical(codes) == 3).sum(axis=1) + 0.0  # so many convolutions of 3 x 3 that count
    twin = int(np.flatnonzero((codes == space.canonical(codes)).all(axis=1) & (scores == 2))[0])
    plain = limits(TabularBenchmark(space, codes, {"val_accuracy": scores}, dataset="made"), "val_accuracy")
    scores[twin] = 9.0
    outlier = limits(TabularBenchmark(space, codes, {"val_accuracy": scores}, dataset="made"), "val_accuracy")
    assert plain.place <= 20 < outlier.place
    assert outlier.optimum == 9 and outlier.expected < 5
    with pytest.raises(NaslibExtError, match="a table of at most 8,000"):
        limits(load_benchmark("mobilenet", "imagenet"), "val_accuracy")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("pareto --queries 20,many", "--queries: expected an integer, got 'many'"),
        ("pareto --queries 0,20", "--queries: expected at least 1, got '0'"),
        ("pareto --seeds 0", "--seeds: expected at least 1, got 0"),
        ("transfer --source digits --out . --source-budget 0", "--source-budget: expected at least 1, got 0"),
        ("ablation --out . --seeds 0", "--seeds: expected at least 1, got 0"),
        ("ablation --out . --first-seed -1", "--first-seed: expected at least 0, got -1"),
        ("limits --tasks digits,typo", "unknown tasks typo; known: nasbench201-cifar10-12"),
    ],
)
def test_bad_options_of_the_runner_are_one_line(words: str, message: str) -> None:
    command = [sys.executable, str(RUNNER), *words.split()]
    result = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr.startswith(f"runner.py: {message}") and result.stderr.count("\n") == 1
