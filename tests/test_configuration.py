import logging
from pathlib import Path

import pytest

from naslib_ext.configuration import load_config
from naslib_ext.errors import ConfigError
from naslib_ext.optimizers import list_optimizers

CONFIGS = Path(__file__).parent.parent / "configs"
SEARCHES = sorted(path for path in CONFIGS.rglob("*.yaml") if path.parent.name != "open_domain")
"""Configurations of searches; those of open-domain searches are of another kind."""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "run.yaml"
    path.write_text(text)
    return path


def test_defaults_and_overrides() -> None:
    config = load_config(None, ["optimizer", "re", "search.epochs", "150", "seed", "3", "search.sample_size", "5"])
    assert (config.optimizer, config.search.epochs, config.seed, config.search.seed) == ("re", 150, 3, 3)
    assert config.search.sample_size == 5
    assert config.search.population_size == 30


@pytest.mark.parametrize("path", SEARCHES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_config_of_the_project_is_complete(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        config = load_config(path)
    assert config.search_space == path.parent.name
    assert config.optimizer == path.stem.removesuffix("_training")
    assert config.optimizer in list_optimizers()
    assert not caplog.records


def test_an_unknown_key_names_the_nearest_valid_one(tmp_path: Path) -> None:
    path = write(tmp_path, "optimizer: re\nsearch:\n  population_siz: 3\n")
    with pytest.raises(ConfigError, match=r"run.yaml: unknown key 'search.population_siz'.*'search.population_size'"):
        load_config(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: abc", r"run.yaml: seed: expected an integer, got 'abc'"),
        ("seed: 1.5", "seed: expected an integer"),
        ("seed: true", "seed: expected an integer"),
        ("seed: -1", "seed: expected at least 0"),
        ("search: 3", "search: expected a section"),
        ("search: {epochs: 0}", "search.epochs: expected at least 1"),
        ("optimizer: rs1", "optimizer: unknown optimizer 'rs1'; did you mean 'rs'"),
        ("- a list", "expected keys and values, got list"),
        ("seed: [", "cannot read the configuration"),
        ("seed: !!python/object/apply:os.getcwd []", "cannot read the configuration"),
    ],
)
def test_a_bad_value_names_file_key_and_what_was_expected(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(write(tmp_path, text))


def test_bad_overrides() -> None:
    with pytest.raises(ConfigError, match="pairs"):
        load_config(None, ["seed"])
    with pytest.raises(ConfigError, match="'seed' is not a section"):
        load_config(None, ["seed", "1", "seed.x", "2"])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere.yaml: cannot read"):
        load_config(tmp_path / "nowhere.yaml")


def test_naslibs_keys_are_accepted_and_unused_ones_named_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = """
seed: 0
optimizer: re
config_id: 0
search:
  checkpoint_freq: 1000
  fidelity: 108
  epochs: 100
  predictor_type: var_sparse_gp
  population_size: 30
evaluation:
  batch_size: 96
"""
    with caplog.at_level(logging.INFO):
        config = load_config(write(tmp_path, text))
    assert config.search.population_size == 30
    assert "fidelity" not in config.search
    messages = "\n".join(caplog.messages)
    assert messages.count("search.fidelity") == 1
    assert "search.predictor_type" in messages
    assert "config_id" in messages
    assert "evaluation" in messages
    assert "population_size" not in messages
