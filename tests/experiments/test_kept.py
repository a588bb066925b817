from pathlib import Path

import pytest

from naslib_ext.atomic import write_json
from naslib_ext.errors import RunFolderError
from naslib_ext.experiments.kept import read_kept


def test_what_is_kept_is_read_by_the_same_study_alone(tmp_path: Path) -> None:
    path = tmp_path / "0.json"
    assert read_kept(path, {"sizes": (1, 2)}) is None
    write_json(path, {"study": {"sizes": (1, 2)}, "best": [0.5]})
    assert read_kept(path, {"sizes": (1, 2)}) == {"best": [0.5]}
    with pytest.raises(RunFolderError, match="another study"):
        read_kept(path, {"sizes": (1, 3)})


@pytest.mark.parametrize("text", ["", "{", "[1]", "3", '{"best": [0.5]}'])
def test_a_damaged_file_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "0.json"
    path.write_text(text)
    with pytest.raises(RunFolderError, match=r"0\.json holds no results"):
        read_kept(path, {})
