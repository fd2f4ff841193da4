from pathlib import Path

import pytest

from results.errors import NotASweepError, QueryError
from results.several import open_stores
from results.store import ResultStore


def _begin(folder: Path, name: str) -> str:
    return ResultStore.create(folder, {"name": name, "sweep_id": folder.name}).uri


def test_sweeps_are_named_by_what_tells_them_apart(tmp_path: Path) -> None:
    first, second = _begin(tmp_path / "a" / "x", "noise"), _begin(tmp_path / "b" / "y", "pgd")
    assert [one.name for one in open_stores([first, second])] == ["noise", "pgd"]
    third = _begin(tmp_path / "b" / "z", "noise")
    assert [one.name for one in open_stores([first, second, third])] == ["x", "y", "z"]
    fourth = _begin(tmp_path / "c" / "x", "noise")
    assert [one.name for one in open_stores([first, fourth])] == [first, fourth]


def test_a_sweep_that_is_given_twice_and_a_folder_without_one_are_refused(tmp_path: Path) -> None:
    first = _begin(tmp_path / "x", "noise")
    with pytest.raises(QueryError, match="was given twice"):
        open_stores([first, first])
    with pytest.raises(NotASweepError, match="no sweep in"):
        open_stores([first, str(tmp_path)])
