"""Folders are published whole or not at all, and verified when they are read."""

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from xlt_core.artifacts import MANIFEST, is_published, publish_folder, read_manifest, remove_partial_folders
from xlt_core.errors import StoreError


def write_two_files(folder: Path) -> None:
    (folder / "weights").write_bytes(b"abc" * 100)
    (folder / "deep").mkdir()
    (folder / "deep" / "config").write_text("{}")


def test_what_was_published_is_read_back_with_its_manifest(tmp_path):
    publish_folder(tmp_path / "key", write_two_files, {"status": "ok"})
    manifest = read_manifest(tmp_path / "key")
    assert manifest["status"] == "ok"
    assert sorted(manifest["files"]) == ["deep/config", "weights"]
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize("damage", ["change", "delete"])
def test_damage_is_named_with_the_way_out(tmp_path, damage):
    folder = publish_folder(tmp_path / "key", write_two_files, {})
    file = folder / "weights"
    file.write_bytes(b"abd") if damage == "change" else file.unlink()
    with pytest.raises(StoreError, match=r"weights is (changed|missing).*delete the folder"):
        read_manifest(folder)


def test_a_flipped_bit_of_a_manifest_is_noticed_or_changes_nothing(tmp_path):
    folder = publish_folder(tmp_path / "key", write_two_files, {"step": 40, "micro_batch_size": None})
    path = folder / MANIFEST
    original, expected, noticed = path.read_bytes(), read_manifest(folder), 0
    for place in range(len(original)):
        for bit in range(8):
            flipped = original[place] ^ (1 << bit)
            path.write_bytes(original[:place] + bytes([flipped]) + original[place + 1 :])
            try:
                found = read_manifest(folder)
                assert {name: found[name] for name in expected} == expected
            except StoreError:
                noticed += 1
    assert noticed > 4 * len(original)


def test_a_manifest_of_a_time_without_digests_is_still_read(tmp_path):
    folder = publish_folder(tmp_path / "key", write_two_files, {"status": "ok"})
    manifest = read_manifest(folder)
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    assert read_manifest(folder) == manifest


def test_a_writer_that_fails_leaves_nothing(tmp_path):
    def fail(folder: Path) -> None:
        write_two_files(folder)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        publish_folder(tmp_path / "key", fail, {})
    assert list(tmp_path.iterdir()) == []


def test_the_second_publisher_of_a_key_leaves_the_first_ones_folder(tmp_path):
    publish_folder(tmp_path / "key", write_two_files, {"writer": 1})
    publish_folder(tmp_path / "key", write_two_files, {"writer": 2})
    assert read_manifest(tmp_path / "key")["writer"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def _publish_slowly(folder: Path) -> None:
    def write(partial: Path) -> None:
        for part in range(1000):
            (partial / f"part{part}").write_bytes(os.urandom(4096))

    publish_folder(folder, write, {})


@pytest.mark.parametrize("delay_seconds", [0.02, 0.08, 0.2])
def test_a_killed_writer_leaves_no_half_folder_under_the_final_name(tmp_path, delay_seconds):
    writer = multiprocessing.get_context("fork").Process(target=_publish_slowly, args=(tmp_path / "key",))
    writer.start()
    time.sleep(delay_seconds)
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    if is_published(tmp_path / "key"):
        assert len(read_manifest(tmp_path / "key")["files"]) == 1000
    remove_partial_folders(tmp_path)
    assert all(path.name == "key" for path in tmp_path.iterdir())


def test_a_folder_without_a_manifest_is_not_published(tmp_path):
    write_two_files(tmp_path)
    assert not (tmp_path / MANIFEST).exists()
    assert not is_published(tmp_path)
