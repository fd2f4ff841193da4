import json
from pathlib import Path

import pytest

from results.storage import Storage, open_storage
from sweeps.workers.mirror import Mirror
from xlt_core.artifacts import FolderMirror, publish_folder, read_manifest


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return open_storage(tmp_path / "there")
    return open_storage(f"s3://{request.getfixturevalue('bucket')}/runs")


def _publish(parent: Path, name: str, content: bytes = b"weights") -> Path:
    def write(folder: Path) -> None:
        (folder / "deep").mkdir()
        (folder / "deep" / "tensors").write_bytes(content)

    return publish_folder(parent / name, write, {"step": 3})


def test_a_folder_goes_there_and_comes_back_whole(storage: Storage, tmp_path: Path) -> None:
    mirror: FolderMirror = Mirror(storage, "checkpoints").under("trial")
    mirror.push_folder(_publish(tmp_path / "a", "step_3"))
    assert mirror.list_names() == ["step_3"]
    assert mirror.fetch_folder("step_3", tmp_path / "b")
    assert read_manifest(tmp_path / "b" / "step_3") == read_manifest(tmp_path / "a" / "step_3")
    assert (tmp_path / "b" / "step_3" / "deep" / "tensors").read_bytes() == b"weights"
    assert storage.exists("checkpoints/trial/step_3/deep/tensors")
    assert Mirror(storage, "checkpoints").list_names() == []


def test_a_folder_that_was_deleted_is_gone_and_may_be_pushed_again(storage: Storage, tmp_path: Path) -> None:
    mirror = Mirror(storage, "stages")
    for content in (b"first", b"second"):
        mirror.push_folder(_publish(tmp_path / content.decode(), "key", content))
        assert mirror.exists("key")
        mirror.delete("key")
        assert not mirror.exists("key")
        assert storage.list_entries(recursive=True) == []
    assert not mirror.fetch_folder("key", tmp_path / "b")
    assert not (tmp_path / "b" / "key").exists()


def test_a_folder_that_is_there_stays_as_it_is(storage: Storage, tmp_path: Path) -> None:
    mirror = Mirror(storage)
    mirror.push_folder(_publish(tmp_path / "a", "key"))
    before = storage.list_entries("key", recursive=True)
    mirror.push_folder(_publish(tmp_path / "b", "key"))
    assert storage.list_entries("key", recursive=True) == before


def test_a_folder_that_was_pushed_in_part_is_not_there(storage: Storage, tmp_path: Path) -> None:
    mirror = Mirror(storage)
    mirror.push_folder(_publish(tmp_path, "key"))
    storage.remove("key/manifest.json")
    assert mirror.list_names() == []
    assert not mirror.fetch_folder("key", tmp_path / "b")


@pytest.mark.parametrize("name", ["deep/tensors", "manifest.json"])
def test_a_damaged_folder_is_not_fetched_and_makes_room_for_a_new_one(
    storage: Storage, tmp_path: Path, name: str
) -> None:
    mirror = Mirror(storage)
    mirror.push_folder(_publish(tmp_path / "a", "key"))
    storage.publish_bytes(f"key/{name}", b"half")
    assert not mirror.fetch_folder("key", tmp_path / "b")
    assert list((tmp_path / "b").glob("*")) == []
    mirror.push_folder(tmp_path / "a" / "key")
    assert mirror.fetch_folder("key", tmp_path / "b")


def test_a_file_that_is_missing_there_is_no_folder(storage: Storage, tmp_path: Path) -> None:
    mirror = Mirror(storage)
    mirror.push_folder(_publish(tmp_path / "a", "key"))
    storage.remove("key/deep/tensors")
    assert not mirror.fetch_folder("key", tmp_path / "b")


def test_a_folder_that_is_here_is_not_fetched(storage: Storage, tmp_path: Path) -> None:
    _publish(tmp_path, "key")
    assert Mirror(storage).fetch_folder("key", tmp_path)


def test_nothing_is_written_outside_of_the_folder(tmp_path: Path) -> None:
    storage = open_storage(tmp_path / "there")
    storage.publish_bytes("key/manifest.json", json.dumps({"files": {"../../stolen": "x"}}).encode())
    storage.publish_bytes("stolen", b"x")
    assert not Mirror(storage).fetch_folder("key", tmp_path / "b")
    assert not (tmp_path / "stolen").exists()
