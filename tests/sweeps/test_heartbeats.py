"""Progress files come and go with the work and never get in its way."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from sweeps.heartbeats import HeartbeatFile, beating, read_heartbeats
from xlt_core.stages import Progress


def test_a_heartbeat_lasts_as_long_as_the_work(tmp_path: Path) -> None:
    with beating(tmp_path, "t1", "magnitude 0 · seed 1"):
        (beat,) = read_heartbeats(tmp_path)
        assert (beat.unit_id, beat.title, beat.kind, beat.pid) == ("t1", "magnitude 0 · seed 1", "start", os.getpid())
    assert read_heartbeats(tmp_path) == []


def test_a_heartbeat_ends_when_the_work_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), beating(tmp_path, "t1", "x"):
        raise RuntimeError
    assert read_heartbeats(tmp_path) == []


def test_steps_are_written_but_not_each_of_them(tmp_path: Path) -> None:
    file = HeartbeatFile(tmp_path, "t1", "x")
    for step in range(1, 100):
        file.report(Progress(kind="target", stage_key="k", num_steps_taken=step, num_steps=100))
    (beat,) = read_heartbeats(tmp_path)
    assert (beat.kind, beat.num_steps) == ("target", 100)
    assert beat.num_steps_taken < 99


def test_a_damaged_file_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "odd.json").write_text('{"unit": 1}')
    HeartbeatFile(tmp_path, "t1", "x").begin()
    assert [beat.unit_id for beat in read_heartbeats(tmp_path)] == ["t1"]


def test_a_folder_that_cannot_be_written_does_not_stop_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with beating(tmp_path / "file" / "progress", "t1", "x") as file:
        file.report(Progress(kind="target", stage_key="k", num_steps_taken=1, num_steps=2))


def test_a_killed_process_of_this_machine_is_no_longer_running_at_once(tmp_path: Path) -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    HeartbeatFile(tmp_path, "t1", "here").begin()
    beat = json.loads((tmp_path / "t1.json").read_text())
    for name, changes in {"dead": {"pid": process.pid}, "elsewhere": {"pid": process.pid, "host": "other"}}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({**beat, "title": name, **changes}))
    assert [beat.title for beat in read_heartbeats(tmp_path)] == ["elsewhere", "here"]
