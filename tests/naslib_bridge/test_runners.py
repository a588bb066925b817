"""``runners/nas`` and ``runners/bbo``: NASLib's arguments and YAML files, NASLib's optimizers and ours by name."""

import json
from pathlib import Path

import pytest

from naslib_ext import cli
from naslib_ext.experiments import naslib_runner
from naslib_ext.naslib_bridge.adapters import naslib_names, search

COMMON = ["search.epochs", "15", "data_dir", "TABLES", "out_dir", "OUT"]


@pytest.fixture
def run(tables, tmp_path, capsys):
    """A function: runs one of the runners and returns (exit code, standard output and error, folder of results)."""

    def start(runner, *arguments, expected=0):
        words = [*arguments, *COMMON] if "optimizer" in arguments else [*arguments, "optimizer", "re", *COMMON]
        filled = [word.replace("TABLES", str(tables)).replace("OUT", str(tmp_path / "out")) for word in words]
        code = naslib_runner.main(runner, filled)
        output = capsys.readouterr()
        assert code == expected, output.err
        return output.out + output.err, tmp_path / "out"

    return start


def values(path):
    return json.loads((path / "errors.json").read_text())[1]["valid_acc"]


@pytest.mark.parametrize(("runner", "folder", "grows"), [("nas", "re/4", True), ("bbo", "re/config_0/4", False)])
def test_ours_need_no_naslib(run, runner, folder, grows, monkeypatch):
    monkeypatch.setattr(naslib_runner, "naslib_folder", lambda: None)
    output, out = run(runner, "--seed", "4", "--gpu", "0", "--rank", "0", "optimizer", "re", "search_space",
                      "nasbench201", "search.population_size", "5")  # fmt: skip
    place = out / "nasbench201/cifar10" / folder
    assert str(place) in output and "re after 15 queries" in output
    found = values(place)
    assert len(found) == 15 and (found == sorted(found)) == grows
    again, _ = run(runner, "--seed", "4", "optimizer", "re", expected=1)
    assert "holds 15 evaluations" in again


def test_mistakes_are_one_line(run):
    assert "naslib:bananas" in run("nas", "optimizer", "naslib:banana", expected=1)[0]
    assert "anasod_bo" in run("nas", "optimizer", "anasod_boo", expected=1)[0]
    assert "cannot read" in run("nas", "--config-file", "/no/such/file.yaml", expected=1)[0]
    assert "inside_naslib.py" in run("nas", "optimizer", "naslib:darts", "dataset", "digits", expected=1)[0]
    barred = run("nas", "optimizer", "naslib:re", "search.constraints", "{flops: 1}", expected=1)[0]
    assert "search.constraints: naslib:re is NASLib's" in barred
    assert "nasbench202" in run("nas", "optimizer", "re", "search_space", "nasbench202", expected=1)[0]


def test_whose_name_it_is():
    ours = ["re", "bananas"]
    theirs = ["naslib:re", "npenas", "darts", "naslib:gdas"]
    assert [name for name in (*ours, *theirs) if naslib_names.is_naslibs(name, ours)] == theirs


@pytest.mark.naslib
@pytest.mark.parametrize(
    ("runner", "file"),
    [
        ("nas", "runners/nas/discrete_config.yaml"),  # NASLib's own runner: AttributeError: evaluation
        ("bbo", "runners/bbo/discrete_config.yaml"),  # NASLib's own runner: AttributeError: use_zc_api
        ("nas", "defaults/darts_defaults.yaml"),
        ("nas", "defaults/nb201_defaults.yaml"),
        ("nas", "runners/nas_predictors/discrete_config.yaml"),
        ("nas", "runners/predictors/predictor_config.yaml"),
    ],
)
@pytest.mark.parametrize("optimizer", ["naslib:rs", "anasod_rs"])
def test_naslibs_yaml_files(naslib, run, runner, file, optimizer):
    path = Path(naslib.__file__).parent / file
    output, out = run(runner, "--config-file", str(path), "optimizer", optimizer, "search_space", "nasbench201",
                      "seed", "2", "search.checkpoint_freq", "5")  # fmt: skip
    level = ["config_0"] if runner == "bbo" else []
    place = out.joinpath("nasbench201/cifar10", optimizer.replace(":", "_"), *level, "2")
    assert len(values(place)) == 15 and str(place) in output


@pytest.mark.naslib
@pytest.mark.parametrize("name", [f"naslib:{name}" for name in naslib_names.DISCRETE] + ["npenas"])
def test_naslibs_optimizers_and_only_the_chosen_one(naslib, run, monkeypatch, name):
    chosen = naslib_names.DISCRETE[name.removeprefix("naslib:")]
    for other in (set(naslib_names.DISCRETE.values()) | set(naslib_names.ONE_SHOT.values())) - {chosen}:
        monkeypatch.delattr(naslib.optimizers, other)
    for graph in naslib_names.GRAPHS.values():
        monkeypatch.delattr(naslib.search_spaces, graph)
    small = ["search.num_init", "8", "search.k", "3", "search.num_candidates", "8", "search.predictor_type", "xgb",
             "search.population_size", "5", "search.epochs", "15"]  # fmt: skip
    output, out = run("nas", "optimizer", name, "search_space", "nasbench201", *small)
    place = out / "nasbench201/cifar10" / name.replace(":", "_") / "99"  # the seed of NASLib's file
    assert len(values(place)) == 15
    assert (place / "search/model_final.pth").is_file() and "after 15 epochs" in output


@pytest.mark.naslib
def test_resume_and_evaluation(naslib, run, monkeypatch):
    words = ["optimizer", "naslib:re", "search_space", "nasbench201", "seed", "3", "search.population_size", "5",
             "search.checkpoint_freq", "4"]  # fmt: skip
    output, out = run("nas", *words)
    place = out / "nasbench201/cifar10/naslib_re/3"
    whole, line = values(place), output.splitlines()[-2]
    assert run("nas", "--eval-only", *words)[0].splitlines()[-2] == line
    (place / "search/last_checkpoint").write_text("model_0000007.pth")
    (place / "search/model_final.pth").unlink()
    for later in ("model_0000011.pth",):
        (place / "search" / later).unlink()
    run("nas", "--resume", *words)
    assert values(place) == whole


@pytest.mark.naslib
def test_the_command_line_searches_with_naslibs_optimizers(naslib, run, tables, tmp_path, capsys):
    words = ["optimizer", "naslib:re", "search_space", "nasbench201", "seed", "3", "search.population_size", "5"]
    arguments = ["search", *words, "search.epochs", "15", "data_dir", str(tables), "out_dir", str(tmp_path / "cli")]
    assert cli.main(arguments) == 0
    assert "naslib:re after 15 epochs" in capsys.readouterr().out
    file = Path(naslib.__file__).parent / "runners/nas/discrete_config.yaml"
    _, out = run("nas", "--config-file", str(file), *words)
    place = Path("nasbench201/cifar10/naslib_re/3")
    assert values(tmp_path / "cli" / place) == values(out / place)


def test_the_command_line_without_naslib_says_so(monkeypatch, capsys):
    monkeypatch.setattr(search, "naslib_folder", lambda: None)
    assert cli.main(["search", "optimizer", "naslib:re", "dataset", "digits"]) == 1
    assert capsys.readouterr().err.count("NASLIB_HOME") == 1
    assert cli.main(["search", "optimizer", "naslib:banana"]) == 1
    assert "did you mean 'naslib:bananas'" in capsys.readouterr().err


@pytest.mark.naslib
@pytest.mark.slow
def test_naslibs_graphs_where_its_data_files_are_missing(naslib, run):
    _, out = run("nas", "--graphs", "optimizer", "naslib:rs", "search_space", "transbench101_micro", "dataset",
                      "jigsaw", "search.fidelity", "-1", "seed", "0", "search.epochs", "3")  # fmt: skip
    on_graphs = values(out / "transbench101_micro/jigsaw/naslib_rs/0")
    run("nas", "optimizer", "naslib:rs", "search_space", "transbench101_micro", "dataset", "jigsaw", "seed", "0")
    assert values(out / "transbench101_micro/jigsaw/naslib_rs/0") == on_graphs


@pytest.mark.naslib
def test_one_shot_methods_get_their_settings(naslib, tmp_path):
    """NASLib's runners write ``DARTSOptimizer(config)``, which makes the configuration the learning rate."""
    from fvcore.common.config import CfgNode

    settings = search.naslib_settings({"search": {"learning_rate": 0.125, "epochs": 3}})
    optimizer = search.build_optimizer("darts", CfgNode(settings))
    assert type(optimizer).__name__ == "DARTSOptimizer"
    assert 0.125 in vars(optimizer).values()
