"""Where a launch works on this machine."""

from pathlib import Path

import pytest

from sweeps.units.job import WORK_FOLDER_VARIABLE, Place


def test_one_space_in_two_buckets_works_in_two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or two drivers would train one trial in the same checkpoints, and each clear away what the other writes."""
    monkeypatch.setenv(WORK_FOLDER_VARIABLE, str(tmp_path))
    places = [Place(folder=uri, sweep_id="0", launch_id="l") for uri in ("s3://a/x", "s3://b/x", "s3://a/x")]
    first, second, again = (place.work_folder for place in places)
    assert first == again
    assert first != second
    assert {first.parent, second.parent} == {tmp_path}


def test_a_sweep_in_a_folder_works_there(tmp_path: Path) -> None:
    assert Place(folder=str(tmp_path), sweep_id="0", launch_id="l").work_folder == tmp_path
