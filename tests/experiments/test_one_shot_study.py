import json
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.errors import ConfigError, RunFolderError
from naslib_ext.experiments.one_shot.study import OneShotStudy, format_summary, run_study


@pytest.fixture(scope="module")
def study() -> OneShotStudy:
    return OneShotStudy("digits", ("anasod_dnas", "rsws"), seeds=1, epochs=1)


def test_expected_values_are_exact(study: OneShotStudy) -> None:
    assert study.expected(np.full((6, 5), 0.2)) == pytest.approx(study.values.mean())
    code = np.array([2, 0, 4, 3, 1, 2])
    assert study.expected(np.eye(5)[code]) == pytest.approx(study.benchmark.query(code[None])[0])
    shares = np.random.default_rng(0).dirichlet(np.ones(5), 6)
    rng = np.random.default_rng(1)
    draws = np.stack([rng.choice(5, 20_000, p=row) for row in shares], axis=1)
    error = study.values.std() / np.sqrt(20_000)
    assert study.expected(shares) == pytest.approx(study.benchmark.query(draws).mean(), abs=4 * error)


def test_uniform_encodings_are_a_dirichlets(study: OneShotStudy) -> None:
    """Drawing an encoding and then a cell makes all numbers of each operation equally likely."""
    counts = (study.codes[:, :, None] == np.arange(5)).sum(axis=1)
    _, where = np.unique(counts, axis=0, return_inverse=True)
    where = where.reshape(-1)
    means = np.bincount(where, study.values) / np.bincount(where)
    assert len(means) == 210
    assert np.mean([study.uniform(seed) for seed in range(3)]) == pytest.approx(means.mean(), abs=1)


@pytest.mark.slow
def test_a_study_and_its_summary(study: OneShotStudy, tmp_path: Path) -> None:
    told: list[str] = []
    summary = run_study(study, tmp_path, told.append)
    assert len(told) == 2 and json.loads((tmp_path / "summary.json").read_text()) == summary
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert set(summary["methods"]) == {"anasod_dnas", "rsws"}
    random = summary["methods"]["rsws"]
    assert random["sampled"]["mean"] == pytest.approx(summary["table"]["mean"])
    ours = summary["methods"]["anasod_dnas"]
    assert len(ours["curves"]["sampled_mean"]) == 1 and 0.25 < ours["largest_share"] < 1
    text = format_summary(summary)
    assert "| `anasod_dnas` |" in text and f"{ours['sampled']['mean']:.2f}" in text
    before = (tmp_path / "summary.json").read_bytes()
    run_study(study, tmp_path)
    assert (tmp_path / "summary.json").read_bytes() == before
    for other in (OneShotStudy("digits", ("rsws",), 1, epochs=2), OneShotStudy("shapes", ("rsws",), 1, epochs=1)):
        with pytest.raises(RunFolderError, match="another run"):
            run_study(other, tmp_path)
    assert (tmp_path / "summary.json").read_bytes() == before


def test_there_is_a_seed_at_least() -> None:
    with pytest.raises(ConfigError, match="seeds: expected at least 1"):
        OneShotStudy("digits", seeds=0)


def test_query_based_methods_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="rs is no one-shot method"):
        run_study(OneShotStudy("digits", ("rs",)), tmp_path)
