import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.cli import main

HEAVY = ("torch", "numpy", "xgboost", "scipy", "matplotlib", "yaml")


@pytest.fixture
def csv_table(tmp_path: Path) -> Path:
    codes = np.stack(np.unravel_index(np.arange(4**4), (4,) * 4), axis=1)
    lines = ["architecture,val_accuracy,test_accuracy,flops"]
    lines += [f"{'-'.join(map(str, code))},{50 + code.sum()},{49 + code.sum()},{code[0]}" for code in codes]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def data(csv_table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NASLIB_EXT_DATA", str(tmp_path / "data"))
    assert main(["data", "import", "csv", str(csv_table), "--dataset", "images", "--licence", "CC0"]) == 0
    return tmp_path / "data"


def test_help_imports_nothing_heavy() -> None:
    code = f"""
import sys
from naslib_ext.cli import main
try:
    main(["--help"])
except SystemExit:
    pass
print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "compare" in done.stdout


def test_search_writes_a_run_and_resumes(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    words = ["search", "search_space", "mine", "dataset", "images", "out_dir", str(out), "search.epochs", "30"]
    assert main(words) == 0
    assert "structure_bo after 30 queries" in capsys.readouterr().out, "what the package recommends is the default"
    folder = out / "mine" / "images" / "structure_bo" / "0"
    assert len((folder / "journal.jsonl").read_text().splitlines()) == 30
    assert main(words) == 1
    assert "resume" in capsys.readouterr().err
    assert main([*words, "--resume"]) == 0


def test_config_file_and_overrides_after_it(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("optimizer: ls\nsearch_space: mine\ndataset: images\nsearch: {epochs: 9}\n")
    assert main(["search", "--config-file", str(path), "out_dir", str(tmp_path / "r"), "seed", "2"]) == 0
    assert (tmp_path / "r/mine/images/ls/2/errors.json").is_file()


def test_compare_and_report(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "cmp"
    words = ["compare", "--search-space", "mine", "--dataset", "images", "--optimizers", "rs,re,ls", "--budget", "40"]
    assert main([*words, "--seeds", "4", "--out", str(out), "--executor", "serial", "search.population_size", "5"]) == 0
    assert "optimum 62.000" in capsys.readouterr().out
    summary = json.loads((out / "summary.json").read_text())
    assert summary["budget"] == 40
    assert set(summary["optimizers"]) == {"rs", "re", "ls"}
    assert main(["report", str(out)]) == 0
    assert (out / "report.html").stat().st_size > 10_000
    assert main(["report", str(out / "mine/images/re/0")]) == 0


def test_data_list_and_verify(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["data", "list"]) == 0
    assert "mine: images; 256 rows" in capsys.readouterr().out
    assert main(["data", "verify"]) == 0
    path = data / "mine.npz"
    path.write_bytes(path.read_bytes()[:-7])
    assert main(["data", "verify"]) == 1
    assert "mine.npz is not the file that mine.json describes" in capsys.readouterr().err


def test_real_tables_are_imported(tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "tables")
    files = [str(tables / f"{name}.npz") for name in ("nasbench201", "nasbench101_20k", "nasbench_macro")]
    assert main(["data", "--data-dir", folder, "import", "npz", *files]) == 0
    assert main(["data", "--data-dir", folder, "verify"]) == 0
    assert capsys.readouterr().out.count("matches its manifest") == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["search", "search_space", "nasbench209"], "nasbench209"),
        (["search", "optimizer", "ree"], "did you mean 're'"),
        (["compare", "--optimizers", "rs,xx", "--out", "o"], "unknown optimizer 'xx'"),
        (["report", "nowhere"], "nowhere"),
        (["data", "import", "npz", "nowhere.npz"], "nowhere.npz"),
    ],
)
def test_bad_input_is_one_line(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NASLIB_EXT_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert main(words) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_bad_usage_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["search", "--nonsense", "1"], ["report", "a", "b"], ["compare", "--out", "x"]):
        with pytest.raises(SystemExit, match="2"):
            main(words)


def test_the_demo_needs_nothing(tmp_path: Path) -> None:
    """No table folder, no network: the tables that the package carries."""
    environment = {name: value for name, value in os.environ.items() if name != "NASLIB_EXT_DATA"}
    words = [sys.executable, "-m", "naslib_ext.cli", "demo", "--out", str(tmp_path / "demo")]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert "ls" in done.stdout and "report.html" in done.stdout
    assert (tmp_path / "demo" / "report.html").is_file() and list((tmp_path / "demo").glob("*.png"))


LIVE = Path(__file__).parent.parent / "configs/nasbench201/re_training.yaml"


def trainings(cache: Path) -> dict[str, str]:
    """Code -> stored result, which holds wall-clock seconds: a training that is repeated would differ."""
    with closing(sqlite3.connect(cache / "trainings.sqlite")) as connection:
        return dict(connection.execute("SELECT code, result FROM results"))


KILLED_AFTER_SEVEN = """
import os, signal, sys
from naslib_ext.cli import main
from naslib_ext.defaults.run_folder import RunFolder

append = RunFolder.append

def append_and_die(self, record):
    append(self, record)
    if record.query == 7:
        os.kill(os.getpid(), signal.SIGKILL)

RunFolder.append = append_and_die
main(sys.argv[1:])
"""


def test_live_trainings_survive_a_kill(tmp_path: Path) -> None:
    """20 real trainings on digits, killed on the way and resumed: nothing is trained twice."""
    environment = {**os.environ, "NASLIB_EXT_CACHE": str(tmp_path / "cache")}
    words = ["search", "--config-file", str(LIVE), "out_dir", str(tmp_path), "training.epochs", "1"]
    journal = tmp_path / "nasbench201" / "digits" / "re" / "0" / "journal.jsonl"
    killed = subprocess.run([sys.executable, "-c", KILLED_AFTER_SEVEN, *words], env=environment)
    assert killed.returncode == -signal.SIGKILL
    lines, before = journal.read_text().splitlines(), trainings(tmp_path / "cache")
    assert len(lines) == 7
    again = [sys.executable, "-m", "naslib_ext.cli", *words, "--resume"]
    done = subprocess.run(again, env=environment, capture_output=True, text=True, check=True)
    assert "re after 20 queries" in done.stdout
    after = trainings(tmp_path / "cache")
    assert len(after) == 20 and before.items() <= after.items()
    assert journal.read_text().splitlines()[: len(lines)] == lines


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["training.epoch", "2"], "training.epoch"),
        (["training.lr", "fast"], "schedule.lr"),
        (["dataset", "ImageNet16-120"], "image data set"),
        (["training.network.channels", "3"], "channels"),
    ],
)
def test_bad_settings_of_a_training(
    overrides: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("NASLIB_EXT_CACHE", str(tmp_path))
    assert main(["search", "--config-file", str(LIVE), "out_dir", str(tmp_path), *overrides]) == 1
    assert message in capsys.readouterr().err


DIGITS = ["compare", "--search-space", "nasbench201", "--dataset", "digits", "--optimizers", "rs", "--seeds", "1"]


def test_compare_refuses_what_it_would_not_heed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for key, value in (("seed", "3"), ("optimizer", "re"), ("out_dir", "x"), ("save", "x"), ("resume", "true")):
        assert main([*DIGITS, "--out", str(tmp_path / "out"), key, value]) == 1
        assert f"{key}: a comparison sets it for each run" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    for out in ("file", "file/below"):
        assert main([*DIGITS, "--budget", "5", "--out", str(tmp_path / out)]) == 1
        error = capsys.readouterr().err
        assert error.startswith("naslib-ext: ") and error.count("\n") == 1 and "file" in error


def test_an_interrupt_says_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("naslib_ext.experiments.compare.compare", interrupted)
    assert main([*DIGITS, "--out", str(tmp_path)]) == 130
    assert "the same command goes on" in capsys.readouterr().err
    monkeypatch.setattr("naslib_ext.defaults.trainer.Trainer.search", interrupted)
    assert main(["search", "dataset", "digits", "out_dir", str(tmp_path)]) == 130
    assert "the same command with --resume goes on" in capsys.readouterr().err


def test_a_search_with_two_objectives_prints_the_front(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["search", "dataset", "digits", "out_dir", str(tmp_path), "search.epochs", "14", "search.minimize", "flops"]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "Pareto front, flops and val_accuracy:"
    rows = [line.split() for line in lines[3:-1]]
    costs, values = [float(row[0]) for row in rows], [float(row[1]) for row in rows]
    assert costs == sorted(costs) and values == sorted(values) and rows[-1][2] in lines[1]
