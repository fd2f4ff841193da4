"""One contract for every storage: what the store needs of a folder it needs of a bucket."""

import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow.dataset as ds
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results import files
from results.errors import StorageError
from results.storage import LocalStorage, Storage, is_remote, open_storage


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return open_storage(tmp_path / "runs")
    return open_storage(f"s3://{request.getfixturevalue('bucket')}/deep/runs")


def test_an_empty_place_has_nothing_in_it(storage: Storage) -> None:
    storage.prepare()
    assert storage.list_names() == storage.list_folders() == []
    assert storage.list_names("trials", ".parquet") == []
    assert not storage.exists("trials/a.parquet")
    with pytest.raises(FileNotFoundError):
        storage.read_bytes("trials/a.parquet")
    with pytest.raises(FileNotFoundError):
        storage.read_end("trials/a.parquet", 8)
    storage.remove("trials/a.parquet")
    storage.remove_folder("trials")
    storage.move("trials/a.parquet", "damaged/a.parquet")
    storage.clear_unfinished(["trials"])


def test_what_is_published_is_read_back_and_replaced_whole(storage: Storage) -> None:
    for content in (b"old and long", b"new", b""):
        storage.publish_bytes("trials/a", content)
        assert storage.read_bytes("trials/a") == content
    storage.publish_bytes("trials/a", b"0123456789")
    assert storage.read_end("trials/a", 4) == b"6789"
    assert storage.read_end("trials/a", 40) == b"0123456789"


def test_listings_show_final_names_with_sizes_and_folders(storage: Storage) -> None:
    for name in (
        "sweep.json",
        "b/2.parquet",
        "b/1.parquet",
        "b/.hidden.parquet",
        "b/c/3.parquet",
        "b/note.txt",
        ".lock",
    ):
        storage.publish_bytes(name, name.encode())
    assert storage.list_names() == ["sweep.json"]
    assert storage.list_folders() == ["b"]
    assert storage.list_folders("b") == ["b/c"]
    entries = storage.list_entries("b", ".parquet")
    assert [(entry.name, entry.num_bytes) for entry in entries] == [("b/1.parquet", 11), ("b/2.parquet", 11)]
    assert all(entry.modified_ns > 0 for entry in entries)
    below = storage.list_entries("", ".parquet", recursive=True)
    assert [entry.name for entry in below] == ["b/1.parquet", "b/2.parquet", "b/c/3.parquet"]


def test_a_storage_below_sees_the_same_files_under_shorter_names(storage: Storage) -> None:
    below = storage.below("stages")
    below.publish_bytes("k/manifest.json", b"{}")
    assert storage.read_bytes("stages/k/manifest.json") == b"{}"
    assert [entry.name for entry in below.list_entries(recursive=True)] == ["k/manifest.json"]
    assert open_storage(below.uri).exists("k/manifest.json")


def test_what_is_removed_or_moved_is_gone_from_where_it_was(storage: Storage) -> None:
    for name in ("a/1", "a/2", "a/3"):
        storage.publish_bytes(name, name.encode())
    storage.remove("a/1")
    storage.publish_bytes("aside/a/2", b"older")
    storage.move("a/2", "aside/a/2")
    assert storage.list_names("a") == ["a/3"]
    assert storage.read_bytes("aside/a/2") == b"a/2"
    storage.remove_folder("a")
    assert storage.list_names("a") == []
    assert storage.exists("aside/a/2")


def test_large_files_go_there_and_back(storage: Storage, tmp_path: Path) -> None:
    content = bytes(range(256)) * 50_000
    (tmp_path / "large").write_bytes(content)
    storage.upload(tmp_path / "large", "weights/large")
    storage.download("weights/large", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == content
    with pytest.raises(FileNotFoundError):
        storage.download("weights/none", tmp_path / "none")


def test_a_storage_is_opened_again_from_its_uri_and_given_back_as_it_is(storage: Storage) -> None:
    storage.publish_bytes("a", b"x")
    assert open_storage(storage.uri).read_bytes("a") == b"x"
    assert open_storage(storage) is storage
    assert storage.locate("a").endswith("runs/a")


def test_arrow_reads_a_data_set_through_it(storage: Storage) -> None:
    storage.publish_bytes("rows.csv", b"n\n1\n2\n")
    rows = ds.dataset(storage.path_of("rows.csv"), format="csv", filesystem=storage.filesystem)
    assert rows.to_table()["n"].to_pylist() == [1, 2]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(StorageError, match="out is a file; give a folder"):
        open_storage(tmp_path / "out")


@pytest.mark.parametrize("place", ["http://host/runs", "hdfs://host/runs", "s3a://bucket/runs"])
def test_another_scheme_is_refused_with_those_that_there_are(place: str) -> None:
    with pytest.raises(StorageError, match=r"the path of a folder, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX"):
        open_storage(place)


def test_a_file_uri_is_the_folder(tmp_path: Path) -> None:
    assert open_storage(f"file://{tmp_path}") == LocalStorage(tmp_path)


def test_what_pathlib_makes_of_a_uri_is_the_uri(bucket: str) -> None:
    assert open_storage(Path(f"s3://{bucket}/runs/a")).uri == f"s3://{bucket}/runs/a"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_what_has_no_scheme_of_a_bucket_is_a_folder(text: str) -> None:
    assert not is_remote(f"./{text}")
    assert is_remote(f"s3://{text}")
    assert is_remote(f"gs://{text}")


def test_the_folder_in_which_one_stands_is_listed_as_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    LocalStorage(tmp_path).publish_bytes("a/b/c", b"x")
    monkeypatch.chdir(tmp_path)
    for place in (".", "./a/.."):
        names = [entry.name for entry in open_storage(place).list_entries(recursive=True)]
        assert names == ["a/b/c"]
    assert open_storage(".").list_names("a/b") == ["a/b/c"]


def test_a_file_that_vanishes_while_it_is_listed_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = LocalStorage(tmp_path)
    for name in ("a", "b"):
        storage.publish_bytes(name, b"x")
    published_files = files.published_files

    def vanishing(*args: object, **options: bool) -> Iterator[os.DirEntry[str]]:
        for entry in published_files(*args, **options):
            if entry.name == "a":
                (tmp_path / "a").unlink()
            yield entry

    monkeypatch.setattr(files, "published_files", vanishing)
    assert storage.list_names() == ["b"]
