"""What `data` may say."""

from pathlib import Path

import pytest

from xlt_core.data.readers.location import HubAddress, HubCopy, is_on_hub, parse_location
from xlt_core.errors import DataError


def test_hub_means_the_tasks_own_data_set():
    assert parse_location("hub", "owner/name") == HubAddress(repository="owner/name", revision="main")


def test_another_repository_and_its_revision():
    assert parse_location("hub:a/b.c", "owner/name") == HubAddress(repository="a/b.c")
    assert parse_location("hub:a/b@refs/convert/parquet", "x/y") == HubAddress(
        repository="a/b", revision="refs/convert/parquet"
    )


def test_a_folder_is_local_files_and_after_hub_a_local_copy(tmp_path):
    assert parse_location(str(tmp_path), "owner/name") == tmp_path
    assert parse_location(f"hub:{tmp_path}", "owner/name") == HubCopy(folder=tmp_path)


@pytest.mark.parametrize("data", ["nowhere", "hub:nowhere", "hub:a/b/c", "hub:a/b@", "Hub:a/b"])
def test_anything_else_is_refused_with_what_is_allowed(data):
    with pytest.raises(DataError, match=f"data '{data}': .*hub:OWNER/NAME"):
        parse_location(data, "owner/name")


def test_what_hub_means_may_be_a_revision_and_is_never_a_folder(tmp_path, monkeypatch):
    (tmp_path / "owner/name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert parse_location("hub", "owner/name") == HubAddress(repository="owner/name")
    assert parse_location("hub", "owner/name@refs/convert/parquet") == HubAddress(
        repository="owner/name", revision="refs/convert/parquet"
    )
    assert parse_location("hub:owner/name", None) == HubCopy(folder=Path("owner/name"))


@pytest.mark.parametrize("data", ["hub", "hub:a/b", "hub:a/b@main"])
def test_what_no_folder_holds_is_on_the_hub(data):
    assert is_on_hub(data)


def test_a_folder_is_at_hand_also_behind_hub_and_under_a_name_that_starts_so(tmp_path, monkeypatch):
    (tmp_path / "hubble/data").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for data in (str(tmp_path), f"hub:{tmp_path}", "hubble", "hubble/data", "hub:hubble/data"):
        assert not is_on_hub(data), data
    (tmp_path / "hub").mkdir()
    assert is_on_hub("hub"), "the task's own data set, whatever lies here"
