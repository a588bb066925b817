"""``naslib-ext doctor``."""

from pathlib import Path

import pytest

from naslib_ext import cli
from naslib_ext.naslib_bridge.adapters import doctor


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A checkout of something called NASLib."""
    package = tmp_path / "home" / "naslib"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    monkeypatch.setattr(doctor, "naslib_folder", lambda: package)
    return package.parent


@pytest.fixture
def no_package_is_missing(monkeypatch):
    monkeypatch.setattr(doctor.Package, "is_installed", property(lambda package: package.module != "pybnn"))


def lines(capsys, *arguments):
    assert cli.main(["doctor", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_without_naslib(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "naslib_folder", lambda: None)
    monkeypatch.setenv("NASLIB_HOME", "/no/such/folder")
    found = lines(capsys)
    assert found[0].startswith("naslib_ext ")
    assert any(line.startswith("installed: numpy") and "torch" in line for line in found)
    assert "NASLib: not found; NASLIB_HOME is /no/such/folder, which holds no package naslib" in found
    assert any("git clone" in line for line in found)


@pytest.mark.usefixtures("no_package_is_missing")
def test_the_pip_line_names_what_is_missing(home, capsys):
    found = lines(capsys)
    assert f"NASLib: {home / 'naslib'}" in found
    assert "NASLib needs pybnn:" in found and "  pip install --no-deps pybnn" in found


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"HEAD": "0b51bc184622a98317ea1048b2daf7dd1150f243\n"}, ", commit 0b51bc18"),
        (
            {"HEAD": "ref: refs/heads/Develop\n", "refs/heads/Develop": "0b51bc184622\n"},
            ", branch Develop, commit 0b51bc18",
        ),
        (
            {"HEAD": "ref: refs/heads/Develop\n", "packed-refs": "# pack\n0b51bc184622 refs/heads/Develop\n"},
            ", branch Develop, commit 0b51bc18",
        ),
        ({}, ""),
    ],
)
def test_the_commit_is_read_from_the_checkout(home, capsys, files, expected):
    for name, text in files.items():
        path = home / ".git" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert f"NASLib: {home / 'naslib'}{expected}" in lines(capsys)


def test_optional_packages_say_what_they_are_for(monkeypatch, capsys):
    monkeypatch.setattr(doctor.Package, "is_installed", property(lambda package: package.module != "optuna"))
    assert "not installed, only needed for the method tpe: optuna; pip install optuna" in lines(capsys)


def test_what_extra_naslib_installs_is_what_is_looked_for():
    """``setup.py``'s extra and this list name the same packages."""
    setup = (Path(__file__).parents[2] / "setup.py").read_text()
    wanted = {package.pip for package in doctor.NASLIB_NEEDS} - {"pyyaml", "xgboost-cpu", "scipy", "tqdm", "matplotlib"}
    assert all(f'"{name}"' in setup for name in wanted)


@pytest.mark.naslib
def test_naslib_is_found_and_what_was_mended_is_said(naslib, capsys):
    found = lines(capsys, "--import")
    assert any(line.startswith("NASLib: /") for line in found)
    assert "NASLib: everything that it imports is installed" in found
    assert "NASLib: imported; mended for this Python and its packages:" in found
