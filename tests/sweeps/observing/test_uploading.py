"""What is written on a worker's machine is seen by whoever watches a sweep in a bucket."""

import time
from pathlib import Path

import pytest

from results.storage import open_storage
from sweeps.observing.events import EventLog, log_path, parse_events
from sweeps.observing.uploading import uploading
from sweeps.units.job import WORK_FOLDER_VARIABLE, Place


@pytest.fixture
def place(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv(WORK_FOLDER_VARIABLE, str(tmp_path / "work"))
    return Place(folder=f"s3://{bucket}/s", sweep_id="s1", launch_id="l1")


def _wait_for(place: Place, name: str, content: bytes) -> None:
    storage, until = open_storage(place.folder), time.monotonic() + 30
    while time.monotonic() < until:
        if storage.exists(name) and storage.read_bytes(name) == content:
            return
        time.sleep(0.05)
    pytest.fail(f"{name} never came")


def test_files_come_while_work_goes_on_and_go_with_it(place: Place) -> None:
    path = place.work_folder / "ray" / "driver.json"
    with uploading(place, ["ray/driver.json"], every_seconds=0.05):
        path.parent.mkdir(parents=True)
        for content in (b"first", b"second"):
            path.write_bytes(content)
            _wait_for(place, "ray/driver.json", content)
        path.unlink()
    assert not open_storage(place.folder).exists("ray/driver.json")


def test_what_was_written_last_comes_when_the_work_is_over(place: Place) -> None:
    with uploading(place, [], logs=["logs/t.jsonl"], every_seconds=1000):
        EventLog(log_path(place.work_folder, "t")).write("published")
    assert b"published" in open_storage(place.folder).read_bytes("logs/t.jsonl")


def test_attempts_on_several_machines_end_in_one_log(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for attempt, machine in enumerate(["a", "b", "a"], start=1):
        monkeypatch.setenv(WORK_FOLDER_VARIABLE, str(tmp_path / machine))
        with uploading(place, [], logs=["logs/t.jsonl"], every_seconds=1000):
            EventLog(log_path(place.work_folder, "t"), attempt=attempt).write("attempt")
    events = parse_events(open_storage(place.folder).read_bytes("logs/t.jsonl"))
    assert [event.attempt for event in events] == [1, 2, 3]


def test_a_storage_that_fails_does_not_stop_the_work(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with uploading(place, [], logs=["logs/t.jsonl"], every_seconds=1000):
        EventLog(log_path(place.work_folder, "t")).write("attempt")
        monkeypatch.setattr(Path, "read_bytes", _fail)
    monkeypatch.undo()


def _fail(_: Path) -> bytes:
    raise PermissionError("no")


def test_a_sweep_in_a_folder_needs_nothing_brought(tmp_path: Path) -> None:
    with uploading(Place(folder=str(tmp_path), sweep_id="s1", launch_id="l1"), ["ray/driver.json"]):
        pass
    assert list(tmp_path.iterdir()) == []
