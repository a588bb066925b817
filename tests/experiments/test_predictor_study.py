import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from naslib_ext.cli import main
from naslib_ext.errors import ConfigError, MissingMetric, RunFolderError, UnknownName
from naslib_ext.experiments.predictor_study import (
    Job,
    PredictorStudy,
    build_predictor,
    format_paired,
    format_summary,
    paired_differences,
    run_study,
)

NAMES = ("xgb:encoding=structure:num_rounds=40", "xgb:num_rounds=40", "zero_cost")


@pytest.fixture
def study(tables: Path, tmp_path: Path) -> PredictorStudy:
    return PredictorStudy(
        "nasbench201", "cifar10", NAMES, (80, 40), str(tmp_path), 3, "test_accuracy", 200, 2_000, data_dir=str(tables)
    )


def test_the_summary_and_its_files(study: PredictorStudy, tmp_path: Path) -> None:
    summary = run_study(study, NAMES[0], "serial")
    assert summary == json.loads((tmp_path / "summary.json").read_text())
    head = ("search_space", "dataset", "metric", "epoch", "trials")
    assert [summary[key] for key in head] == ["nasbench201", "cifar10", "test_accuracy", 200, 3]
    assert list(summary["predictors"]) == list(NAMES)
    for sizes in summary["predictors"].values():
        assert list(sizes) == ["40", "80"]
        for result in sizes.values():
            assert {"kendalltau", "spearman", "pearson", "pair_accuracy", "fit_seconds", "query_microseconds"} <= set(
                result
            )
            assert {"sign_accuracy", "kendalltau_without_twins", "sign_accuracy_without_twins"} <= set(result)
            assert result["num_test"] == 2_000 and 0 < result["num_twins"] < 2_000
    tau = {name: summary["predictors"][name]["80"]["kendalltau"]["mean"] for name in NAMES}
    assert tau[NAMES[0]] > tau[NAMES[1]] > tau["zero_cost"] > 0.2
    for name in ("kendalltau", "sign_accuracy"):
        assert (tmp_path / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
    shown = format_summary(summary) + format_paired(summary["paired"])
    assert all(name in shown for name in NAMES) and f"{tau[NAMES[0]]:.3f}" in shown


def test_all_predictors_see_the_same_and_a_resumed_study_is_not_run_again(study: PredictorStudy) -> None:
    first = run_study(study, NAMES[0], "serial")
    digests = {job: json.loads(study.file(job).read_text())["split"] for job in study.jobs}
    for size in (40, 80):
        for trial in range(3):
            assert len({digests[Job(name, size, trial)] for name in NAMES}) == 1
        assert len({digests[Job(NAMES[0], size, trial)] for trial in range(3)}) == 3
    gone = study.file(Job(NAMES[1], 40, 2))
    gone.unlink()
    before = {path: path.stat().st_mtime_ns for path in (study.file(job) for job in study.jobs) if path.exists()}
    again = run_study(study, NAMES[0], "serial")
    assert all(path.stat().st_mtime_ns == time for path, time in before.items()) and gone.exists()
    for name in NAMES:
        for size in ("40", "80"):
            for measured in ("kendalltau", "sign_accuracy", "kendalltau_without_twins"):
                assert again["predictors"][name][size][measured] == first["predictors"][name][size][measured]


def test_results_of_another_study_are_refused(study: PredictorStudy) -> None:
    path = study.file(study.jobs[0])
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({**study.identity(study.jobs[0]), "test_size": 5}))
    with pytest.raises(RunFolderError, match="another study"):
        run_study(study, NAMES[0], "serial")
    path.write_text("{")
    with pytest.raises(RunFolderError, match="no result"):
        run_study(study, NAMES[0], "serial")


def test_paired_differences(study: PredictorStudy) -> None:
    values = {NAMES[0]: [0.5, 0.6, 0.8], NAMES[1]: [0.4, 0.45, 0.7], "zero_cost": [None, 0.1, 0.2]}
    results = {
        Job(name, size, trial): {"kendalltau": of[trial]} for name, of in values.items() for size in (40, 80)
        for trial in range(3)
    }  # fmt: skip
    paired = paired_differences(study, results, NAMES[0])
    assert list(paired) == [NAMES[1], "zero_cost"]
    gain = paired[NAMES[1]]["40"]
    assert gain["difference"] == pytest.approx(0.35 / 3)
    assert gain["p_value"] == pytest.approx(ttest_1samp([0.1, 0.15, 0.1], 0).pvalue)
    assert gain["sem"] == pytest.approx(np.std([0.1, 0.15, 0.1], ddof=1) / np.sqrt(3))
    assert paired["zero_cost"]["80"]["difference"] is None


def test_predictors_with_settings() -> None:
    assert build_predictor("xgb:encoding=path:max_depth=4").settings["max_depth"] == 4
    with pytest.raises(ConfigError, match="settings look like"):
        build_predictor("xgb:path")
    with pytest.raises(ConfigError, match="did you mean 'max_depth'"):
        build_predictor("xgb:max_dept=3")
    with pytest.raises(UnknownName):
        build_predictor("xgbb")


def test_mistakes_are_told_before_anything_runs(study: PredictorStudy, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="reference 'mlp'"):
        run_study(study, "mlp", "serial")
    wrong = PredictorStudy(
        "nasbench201", "cifar10", ("xgb",), (9,), str(tmp_path), metric="acc", data_dir=study.data_dir
    )
    with pytest.raises(MissingMetric):
        run_study(wrong, "xgb", "serial")
    assert not any(tmp_path.iterdir())


def test_the_command(tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["predictors", "--search-space", "transbench101_micro", "--dataset", "jigsaw", "--predictors"]
    options = ["--train-sizes", "41", "--trials", "1", "--executor", "serial", "--data-dir", str(tables), "--out"]
    assert main([*words, "xgb:num_rounds=20,zero_cost", *options, str(tmp_path)]) == 0
    assert "41 labels" in capsys.readouterr().out and (tmp_path / "summary.json").is_file()
    assert main([*words, "xgb:nope=1", *options, str(tmp_path / "other")]) == 1
    assert "nope" in capsys.readouterr().err


def test_two_processes_give_the_same(tables: Path, tmp_path: Path) -> None:
    studies = [
        PredictorStudy("nasbench_macro", "cifar10", ("xgb:num_rounds=20",), (30,), str(tmp_path / name), 2,
                       "test_accuracy", test_size=300, data_dir=str(tables))
        for name in ("serial", "process")
    ]  # fmt: skip
    one, other = (run_study(study, study.predictors[0], Path(study.out).name, 2) for study in studies)
    results = [summary["predictors"]["xgb:num_rounds=20"]["30"]["kendalltau"] for summary in (one, other)]
    assert results[0] == results[1]
