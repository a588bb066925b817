"""Registries in general, and the family of errors."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from naslib_ext import errors
from naslib_ext.errors import MissingDependency, NaslibExtError, UnknownName
from naslib_ext.registry import Registry, unknown_name

ENTRIES = {"counter": "collections:Counter", "queue": "a_module_that_is_not_there:Queue"}


@pytest.fixture
def registry() -> Registry:
    return Registry("tool", "naslib_ext.nothing_of_this_name", ENTRIES)


def test_names_and_objects(registry: Registry) -> None:
    from collections import Counter

    assert registry.names() == ["counter", "queue"] and registry.get("counter") is Counter


def test_listing_imports_nothing(registry: Registry) -> None:
    registry.names()
    assert "a_module_that_is_not_there" not in sys.modules
    with pytest.raises(ModuleNotFoundError):
        registry.get("queue")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("count", "unknown tool 'count'; did you mean 'counter'?"),
        ("qeue", "unknown tool 'qeue'; did you mean 'queue'?"),
        ("zzz", "unknown tool 'zzz'; known: counter, queue"),
        ("", "unknown tool ''; known: counter, queue"),
    ],
)
def test_unknown_names(registry: Registry, name: str, message: str) -> None:
    with pytest.raises(UnknownName) as refusal:
        registry.get(name)
    assert str(refusal.value) == message


def test_no_names_at_all() -> None:
    assert str(unknown_name("tool", "x", [])) == "unknown tool 'x'; known: none"


def test_third_parties(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, entries in enumerate(("zebra = collections:OrderedDict\ncounter = os:getcwd", "ant = json:loads")):
        info = tmp_path / f"their_tools_{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: their-tools-{number}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{registry.group}]\n{entries}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert registry.names() == ["counter", "queue", "ant", "zebra"]
    import json
    from collections import Counter, OrderedDict

    assert registry.get("zebra") is OrderedDict and registry.get("ant") is json.loads
    assert registry.get("counter") is Counter, "ours come first"


def test_every_error_is_of_the_family() -> None:
    family = [item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, Exception)]
    assert len(family) >= 10 and all(issubclass(item, NaslibExtError) and item.__doc__ for item in family)


@pytest.mark.parametrize(
    ("ours", "builtin"),
    [
        ("InvalidArchitecture", ValueError), ("ConfigError", ValueError), ("UnknownName", KeyError),
        ("UnknownArchitecture", LookupError), ("MissingMetric", LookupError), ("MissingDependency", ImportError),
    ],
)  # fmt: skip
def test_they_are_also_pythons_own(ours: str, builtin: type[Exception]) -> None:
    error = getattr(errors, ours)("what is wrong")
    assert isinstance(error, builtin) and str(error) == "what is wrong"


def test_an_entry_point_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch, registry: Registry) -> None:
    for value in ("a_module_that_is_not_there:Thing", "collections:Thing"):
        point = EntryPoint("theirs", value, registry.group)
        monkeypatch.setattr("naslib_ext.registry.entry_points", lambda group, point=point: [point])
        with pytest.raises(MissingDependency, match=f"tool 'theirs': cannot load '{value}'"):
            registry.get("theirs")
