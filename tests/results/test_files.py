import errno
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from results import files
from results.errors import DiskFullError, StorageError


def test_publishing_replaces_what_was_there_and_leaves_nothing_else(tmp_path: Path) -> None:
    for content in (b"old", b"new"):
        files.publish_bytes(content, tmp_path / "t.parquet")
    assert (tmp_path / "t.parquet").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]


def test_readers_do_not_see_temporary_files(tmp_path: Path) -> None:
    (tmp_path / ".unfinished-1-t.parquet").write_bytes(b"half")
    (tmp_path / "t.parquet").write_bytes(b"whole")
    (tmp_path / ".unfinished-folder").mkdir()
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "u.parquet").write_bytes(b"whole")
    assert [found.name for found in files.published_files(tmp_path, ".parquet")] == ["t.parquet"]
    below = sorted(found.name for found in files.published_files(tmp_path, recursive=True))
    assert below == ["t.parquet", "u.parquet"]
    assert list(files.published_files(tmp_path / "missing", ".parquet")) == []


def test_only_temporary_files_that_are_old_are_removed(tmp_path: Path) -> None:
    names = [".unfinished-old-t.parquet", ".unfinished-new-t.parquet", "t.parquet"]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    two_hours_ago = time.time() - 7200
    for name in (names[0], names[2]):
        os.utime(tmp_path / name, (two_hours_ago, two_hours_ago))
    assert files.remove_temporaries(tmp_path) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])
    assert files.remove_temporaries(tmp_path, at_any_age=True) == 1
    assert [path.name for path in tmp_path.iterdir()] == names[2:]


def test_no_room_when_syncing_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"old")

    def no_room(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(DiskFullError, match=r"t\.parquet: no room left on the disk; .* `xlt sweep resume`"):
        files.publish_bytes(b"new", path)
    assert [found.name for found in tmp_path.iterdir()] == ["t.parquet"]
    assert path.read_bytes() == b"old"


def test_other_errors_of_the_system_are_sentences_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(
        StorageError, match=r"file/t\.parquet cannot be written \(File exists\): there is a file in the way"
    ):
        files.publish_bytes(b"x", tmp_path / "file" / "t.parquet")


def test_a_read_only_file_system_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(descriptor: int) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "fsync", read_only)
    with pytest.raises(StorageError, match=r"cannot be written \(Read-only file system\): .* is read-only; give"):
        files.publish_bytes(b"x", tmp_path / "t.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_away_for_a_moment_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    sync, num_failures = os.fsync, [2]

    def away(descriptor: int) -> None:
        if num_failures[0]:
            num_failures[0] -= 1
            raise OSError(errno.ESTALE, "Stale file handle")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", away)
    monkeypatch.setattr(time, "sleep", pauses.append)
    files.publish_bytes(b"x", tmp_path / "t.parquet")
    assert pauses == sorted(pauses)
    assert len(pauses) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"t.parquet"}


def test_moving_makes_the_folder_and_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    for content in (b"first", b"second"):
        (tmp_path / "t").write_bytes(content)
        files.move_file(tmp_path / "t", tmp_path / "aside" / "t")
    files.move_file(tmp_path / "t", tmp_path / "aside" / "t")
    assert (tmp_path / "aside" / "t").read_bytes() == b"second"
    assert not (tmp_path / "t").exists()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("mounting a small tmpfs needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_one_sentence_and_loses_nothing(tiny_disk: Path) -> None:
    files.publish_bytes(os.urandom(9000), tiny_disk / "first.bin")
    with pytest.raises(DiskFullError, match="no room left on the disk"):
        files.publish_bytes(os.urandom(90_000), tiny_disk / "large.bin")
    files.publish_bytes(os.urandom(9000), tiny_disk / "second.bin")
    assert {path.name for path in tiny_disk.iterdir()} == {"first.bin", "second.bin"}
    assert {path.stat().st_size for path in tiny_disk.iterdir()} == {9000}
