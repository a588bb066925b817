from pathlib import Path

import pytest

from naslib_ext.errors import UnknownName
from naslib_ext.optimizers import Optimizer, get_optimizer, list_optimizers

MODULE = """
from naslib_ext.naslib_bridge.base import MetaOptimizer
from naslib_ext.optimizers import Optimizer


class Lazy(Optimizer):
    def _propose(self, rng):
        return None


class Impostor(Optimizer):
    pass


class OneShot(MetaOptimizer):
    using_step_function = True
"""

ENTRY_POINTS = """
[naslib_ext.optimizers]
a_lazy_one = someone_elses_search:Lazy
rs = someone_elses_search:Impostor
trains_weights = someone_elses_search:OneShot

[somebody.else]
not_ours = someone_elses_search:Lazy
"""


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed distribution that adds optimizers."""
    (tmp_path / "someone_elses_search.py").write_text(MODULE)
    info = tmp_path / "someone_elses_search-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: someone-elses-search\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(tmp_path)


def test_every_name_gives_a_class() -> None:
    names = list_optimizers()
    assert {"rs", "re", "ls"} <= set(names) and len(set(names)) == len(names)
    for name in names:
        assert isinstance(get_optimizer(name), type)


def test_kinds() -> None:
    queries, one_shot = list_optimizers("query"), list_optimizers("one_shot")
    assert {"rs", "re", "ls"} <= set(queries)
    assert sorted(queries + one_shot) == sorted(list_optimizers())
    assert all(issubclass(get_optimizer(name), Optimizer) for name in queries)


@pytest.mark.parametrize(("name", "near"), [("rs1", "rs"), ("ree", "re"), ("lls", "ls")])
def test_an_unknown_name_suggests_the_nearest(name: str, near: str) -> None:
    with pytest.raises(UnknownName, match=f"unknown optimizer '{name}'.*'{near}'"):
        get_optimizer(name)


def test_an_outlandish_name_lists_them_all() -> None:
    with pytest.raises(UnknownName) as refusal:
        get_optimizer("0000000000")
    assert all(name in str(refusal.value) for name in list_optimizers())


@pytest.mark.usefixtures("third_party")
def test_third_parties_add_theirs() -> None:
    names = list_optimizers()
    assert {"a_lazy_one", "trains_weights"} <= set(names) and "not_ours" not in names
    assert "a_lazy_one" in list_optimizers("query") and list_optimizers("one_shot")[-1] == "trains_weights"
    optimizer = get_optimizer("a_lazy_one")()
    assert type(optimizer).__name__ == "Lazy" and isinstance(optimizer, Optimizer)
    with pytest.raises(UnknownName, match="did you mean 'a_lazy_one'"):
        get_optimizer("lazy_one")


@pytest.mark.usefixtures("third_party")
def test_third_parties_do_not_replace_ours() -> None:
    assert get_optimizer("rs").__name__ == "RandomSearch" and list_optimizers().count("rs") == 1


def test_they_are_gone_again() -> None:
    assert "a_lazy_one" not in list_optimizers()
