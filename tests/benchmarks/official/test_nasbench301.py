"""NAS-Bench-301: NASLib's pickle of trained architectures, and the published surrogates' folders."""

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.benchmarks.official import import_files
from naslib_ext.benchmarks.official.nasbench301 import read
from naslib_ext.benchmarks.official.nasbench301_models import (
    NUM_FEATURES,
    OfficialSurrogate,
    features,
    find_surrogate,
    read_folders,
)
from naslib_ext.benchmarks.readers import read_npz
from naslib_ext.cli import main
from naslib_ext.errors import DataFileError, MissingMetric
from naslib_ext.search_spaces import get_search_space

SPACE = get_search_space("nasbench301")


# trained architectures


def test_naslib_pickle(tables: Path, tmp_path: Path) -> None:
    known = read_npz(tables / "nasbench301_12k.npz").benchmark("cifar10")
    codes = known.codes[known.holds(known.codes, "val_accuracy")][::7]
    content = {
        SPACE.to_spec(code): {
            "val_accuracies": [50.0] * 97 + [float(value)],
            "train_losses": [1.0] * 97 + [0.25],
            "runtime": 4000.5,
        }
        for code, value in zip(codes, known.query(codes), strict=True)
    }
    path = tmp_path / "nb301_full_training.pickle"
    path.write_bytes(pickle.dumps(content))
    import_files("nasbench301", [path], tmp_path)
    bench = load_benchmark("nasbench301", "cifar10", data_dir=tmp_path)
    assert bench.metrics()["val_accuracy"] == [98]
    np.testing.assert_allclose(bench.query(codes), known.query(codes))
    assert set(bench.cost(codes)) == {4000.5} and set(bench.query(codes, "train_loss")) == {0.25}


def test_both_orders_of_a_nodes_inputs_are_one_architecture(tmp_path: Path) -> None:
    spec = SPACE.to_spec(SPACE.sample(1, np.random.default_rng(0))[0])
    swapped = tuple((cell[1], cell[0], *cell[2:]) for cell in spec)
    content = {arch: {"val_accuracies": [value]} for arch, value in ((spec, 90.0), (swapped, 80.0))}
    path = tmp_path / "nb301_full_training.pickle"
    path.write_bytes(pickle.dumps(content))
    bench = read([path])[0].benchmark("cifar10")
    assert bench.query(bench.codes).tolist() == [90.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "expected a dict"),
        ({((1, 2), (3, 4)): {"val_accuracies": [1.0]}}, "compact forms"),
        ({SPACE.to_spec(SPACE.sample(1, np.random.default_rng(0))[0]): {"val_accuracies": []}}, "architecture"),
    ],
)
def test_bad_content_is_named(tmp_path: Path, content: Any, message: str) -> None:
    path = tmp_path / "nb301.pickle"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(DataFileError, match=rf"nb301\.pickle.*{message}"):
        read([path])


# features

REAL = [
    [0, 5, 1, 5, 1, 5, 2, 1, 1, 6, 2, 0, 1, 0, 3, 3, 0, 0, 1, 2, 0, 3, 2, 2, 0, 2, 1, 0, 0, 0, 4, 0],
    [0, 0, 1, 4, 1, 4, 2, 3, 0, 4, 2, 1, 1, 2, 4, 5, 0, 6, 1, 3, 1, 5, 2, 6, 1, 4, 3, 2, 0, 4, 3, 6],
]
REAL_FEATURES = [
    [0.5863451791322553, 0.0, 0.0, 0.0, 0.16666444442962952, 0.3099999239999697, 0.0, 0.0, 0.0, 0.0, 5.0, 5.0, 0.0, 2.0,
     0.003149999006299998, 2.0, 3.0, 5.0, 1.0, 0.0, 3.0, 0.000749999001499998, 0.0, 0.0, -3.6888794541139363,
     0.8988764044943821, -8.111728083308073, 0.009949999019899998, 1e-12, 0.0, 0.0, 0.7051278400653053, 0.0, -1.0,
     3.0, -1.0, -1.0, 5.0, 1.0, -1.0, 6.0, 0.0, -1.0, -1.0, -1.0, -1.0, -1.0,
     0.0, 3.0, -1.0, 2.0, 2.0, 0.0, -1.0, -1.0, 0.0],
    [0.5863451791322553, 0.0, 0.0, 0.0, 0.16666444442962952, 0.3099999239999697, 0.0, 0.0, 0.0, 0.0, 0.0, 4.0, 6.0, 3.0,
     0.003149999006299998, 2.0, 1.0, 6.0, 2.0, 4.0, 2.0, 0.000749999001499998, 0.0, 0.0, -3.6888794541139363,
     0.8988764044943821, -8.111728083308073, 0.009949999019899998, 1e-12, 0.0, 0.0, 0.7051278400653053, 2.0, -1.0, -1.0,
     5.0, -1.0, 4.0, 3.0, 4.0, -1.0, 1.0, -1.0, -1.0, -1.0, -1.0, 6.0, -1.0, -1.0, 5.0, 6.0, -1.0, 4.0, -1.0, 2.0, 4.0],
]  # fmt: skip
"""What nasbench301 0.3 with ConfigSpace 0.7.1 makes of the architectures ``REAL``; -1 for its NaN."""


def test_features_are_those_of_the_package() -> None:
    np.testing.assert_array_equal(features(np.array(REAL, dtype=np.int8)), np.float32(REAL_FEATURES))


def test_features_tell_architectures_apart() -> None:
    """Every single edit changes them, and only at the settings of the architecture."""
    code = SPACE.sample(1, np.random.default_rng(1))[0]
    rows = features(np.concatenate([code[None], SPACE.neighbors(code)]))
    assert len(np.unique(rows, axis=0)) == len(rows) and rows.shape[1] == NUM_FEATURES
    fixed = [*range(10), 14, *range(21, 32)]
    assert (rows[:, fixed] == rows[0, fixed]).all()


# model folders


def write_ensemble(folder: Path, kind: str, level: float, members: int = 3) -> list[xgboost.Booster]:
    """A folder as the package writes it, with pickled boosters; what they predict depends on the operations."""
    rows = features(SPACE.sample(300, np.random.default_rng(2)))
    boosters = []
    for member in range(members):
        target = level + rows[:, 10] + 0.1 * rows[:, 36] + 0.01 * member
        settings = {"max_depth": 3, "nthread": 1, "seed": member, "objective": "reg:squarederror"}
        booster = xgboost.train(settings, xgboost.DMatrix(rows, target), 5)
        path = folder / f"member_{member}"
        path.mkdir(parents=True)
        (path / "surrogate_model.model").write_bytes(pickle.dumps(booster))
        (path / "model_config.json").write_text(json.dumps({"model": kind, "param:max_depth": 3}))
        (path / "data_config.json").write_text(json.dumps({"seed": member}))
        boosters.append(booster)
    return boosters


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[xgboost.Booster], list[xgboost.Booster]]:
    """(folder, members for accuracy, members for time), beside a network that is not read."""
    folder = tmp_path_factory.mktemp("nb_models_1.0")
    accuracy = write_ensemble(folder / "xgb_v1.0", "xgb", 90.0)
    seconds = write_ensemble(folder / "lgb_runtime_v1.0", "lgb_time", 4000.0)
    path = folder / "gnn_gin_v1.0" / "member"
    path.mkdir(parents=True)
    (path / "surrogate_model.model").write_bytes(b"\x80\x02weights")
    (path / "model_config.json").write_text('{"model": "gnn_gin"}')
    return folder, accuracy, seconds


def test_the_import_answers_for_every_architecture(
    tmp_path: Path,
    models: tuple[Path, list[xgboost.Booster], list[xgboost.Booster]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, accuracy, seconds = models
    assert main(["data", "--data-dir", str(tmp_path), "import", "nasbench301", str(folder)]) == 0
    assert "surrogate" in capsys.readouterr().out
    codes = SPACE.sample(50, np.random.default_rng(5))
    for kind in ("table", "surrogate"):
        bench = load_benchmark("nasbench301", "cifar10", kind=kind, data_dir=tmp_path)
        assert isinstance(bench, OfficialSurrogate) and bench.optimum() is None
        for metric, members in (("val_accuracy", accuracy), ("train_time_s", seconds)):
            expected = np.mean([member.inplace_predict(features(codes)) for member in members], axis=0)
            np.testing.assert_allclose(bench.query(codes, metric), expected, rtol=1e-6)
        np.testing.assert_array_equal(bench.cost(codes), bench.query(codes, "train_time_s"))
        assert bench.direction("val_accuracy") == 1 and bench.direction("train_time_s") == -1
        assert bench.query(codes[:0]).shape == (0,)
        with pytest.raises(MissingMetric):
            bench.query(codes, "test_accuracy")


def test_a_table_goes_before_the_surrogate(
    tmp_path: Path, models: tuple[Path, list[xgboost.Booster], list[xgboost.Booster]]
) -> None:
    code = SPACE.sample(1, np.random.default_rng(0))
    (tmp_path / "nb301.pickle").write_bytes(pickle.dumps({SPACE.to_spec(code[0]): {"val_accuracies": [77.0]}}))
    import_files("nasbench301", [tmp_path / "nb301.pickle", models[0]], tmp_path)
    assert load_benchmark("nasbench301", "cifar10", data_dir=tmp_path).query(code).tolist() == [77.0]
    assert isinstance(load_benchmark("nasbench301", "cifar10", "surrogate", tmp_path), OfficialSurrogate)


def test_bad_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"empty: no surrogate_model\.model"):
        read_folders([tmp_path / "empty"])
    write_ensemble(tmp_path / "xgb", "xgb", 90.0, members=1)
    write_ensemble(tmp_path / "lgb", "lgb", 90.0, members=1)
    with pytest.raises(DataFileError, match="both predict val_accuracy"):
        read_folders([tmp_path])
    path = tmp_path / "xgb" / "member_0" / "model_config.json"
    path.write_text('{"model": "gnn_gin"}')
    with pytest.raises(DataFileError, match="no model of accuracy"):
        read_folders([tmp_path / "xgb"])
    path.unlink()
    with pytest.raises(DataFileError, match=r"model_config\.json"):
        read_folders([tmp_path / "xgb"])
    (tmp_path / "surrogate_nasbench301.npz").write_bytes(b"no surrogate")
    with pytest.raises(DataFileError, match=r"surrogate_nasbench301\.npz"):
        find_surrogate([tmp_path])


def test_a_hostile_model_runs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Runs:
        def __reduce__(self) -> Any:
            return (os.system, (f"touch {tmp_path / 'ran'}",))

    write_ensemble(tmp_path / "xgb", "xgb", 90.0, members=1)
    (tmp_path / "xgb" / "member_0" / "surrogate_model.model").write_bytes(pickle.dumps({"handle": Runs()}))
    assert main(["data", "--data-dir", str(tmp_path), "import", "nasbench301", str(tmp_path / "xgb")]) == 1
    assert "system" in capsys.readouterr().err and not (tmp_path / "ran").exists()
