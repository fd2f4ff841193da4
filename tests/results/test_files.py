import errno
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from results import files
from results.errors import DamagedFileError, DiskFullError, RowError, SchemaVersionError
from results.schema import SCORES, make_table
from tests.results.factories import score_row


def _table(num_rows: int = 3) -> pa.Table:
    return make_table([score_row("t", f"language {place}", float(place)) for place in range(num_rows)], SCORES)


def test_a_published_table_reads_back_equal(tmp_path: Path) -> None:
    files.publish_table(_table(), tmp_path / "deep" / "t.parquet", SCORES)
    assert files.read_table(tmp_path / "deep" / "t.parquet").equals(_table())


def test_a_published_table_is_readable_without_this_code(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    files.publish_table(_table(), path, SCORES)
    assert pq.read_table(path)["value"].to_pylist() == [0.0, 1.0, 2.0]
    assert pq.read_metadata(path).row_group(0).column(0).compression == "ZSTD"


def test_publishing_replaces_what_was_there_and_leaves_nothing_else(tmp_path: Path) -> None:
    for num_rows in (3, 5):
        files.publish_table(_table(num_rows), tmp_path / "t.parquet", SCORES)
    assert files.read_table(tmp_path / "t.parquet").num_rows == 5
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]


def test_a_table_with_other_columns_is_not_published(tmp_path: Path) -> None:
    with pytest.raises(RowError, match=r"t\.parquet: the columns are"):
        files.publish_table(_table().drop_columns(["value"]), tmp_path / "t.parquet", SCORES)
    assert list(tmp_path.iterdir()) == []


def test_readers_do_not_see_temporary_files(tmp_path: Path) -> None:
    (tmp_path / ".unfinished-1-t.parquet").write_bytes(b"half")
    (tmp_path / "t.parquet").write_bytes(b"whole")
    assert files.published_files(tmp_path, ".parquet") == [tmp_path / "t.parquet"]
    assert files.published_files(tmp_path / "missing", ".parquet") == []


def test_only_temporary_files_that_are_old_are_removed(tmp_path: Path) -> None:
    names = [".unfinished-old-t.parquet", ".unfinished-new-t.parquet", "t.parquet"]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    two_hours_ago = time.time() - 7200
    for name in (names[0], names[2]):
        os.utime(tmp_path / name, (two_hours_ago, two_hours_ago))
    assert files.remove_stale_temporaries(tmp_path) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])


def test_another_schema_version_is_refused_with_both_versions(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(_table().replace_schema_metadata({b"xlt_schema_version": b"7"}), path)
    with pytest.raises(
        SchemaVersionError, match=r"schema version 7, this version of xlt-sweeps reads 1, 2, 3, 4 and 5; read it with"
    ):
        files.read_table(path)


def test_a_parquet_file_of_someone_else_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "t.parquet")
    with pytest.raises(SchemaVersionError, match="schema version unknown"):
        files.read_table(tmp_path / "t.parquet")


def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    files.publish_table(_table(), path, SCORES)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DamagedFileError, match=r"t\.parquet: cannot be read .* remove the file"):
        files.read_tables([path], SCORES)


def test_a_file_with_other_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    other = _table().drop_columns(["value"])
    pq.write_table(other.replace_schema_metadata(SCORES.metadata), path)
    with pytest.raises(DamagedFileError, match="but should be"):
        files.read_tables([path], SCORES)


def test_many_files_are_one_table_in_the_order_given_without_those_that_vanished(tmp_path: Path) -> None:
    for name, num_rows in (("a", 1), ("b", 2)):
        files.publish_table(_table(num_rows), tmp_path / f"{name}.parquet", SCORES)
    paths = [tmp_path / f"{name}.parquet" for name in ("b", "gone", "a")]
    table = files.read_tables(paths, SCORES, ["value"])
    assert table["value"].to_pylist() == [0.0, 1.0, 0.0]
    assert files.read_tables([], SCORES).schema.equals(SCORES)


def test_no_room_when_syncing_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    files.publish_table(_table(1), path, SCORES)

    def no_room(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(DiskFullError, match=r"t\.parquet: no room left on the disk; .* `xlt sweep resume`"):
        files.publish_table(_table(2), path, SCORES)
    assert [found.name for found in tmp_path.iterdir()] == ["t.parquet"]
    assert files.read_table(path).num_rows == 1


def test_other_errors_of_the_system_are_not_called_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileExistsError):
        files.publish_bytes(b"x", tmp_path / "file" / "t.parquet")


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
