"""Progress files come and go with the work and never get in its way."""

import json
import os
import platform
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sweeps.observing import heartbeats
from sweeps.observing.heartbeats import (
    Heartbeat,
    HeartbeatFile,
    SilenceWatch,
    beating,
    forget_heartbeat,
    read_heartbeats,
)
from sweeps.observing.phrases import describe_step
from xlt_core.progress import Progress


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


def test_events_tell_the_loss_and_what_is_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeats, "_MIN_SECONDS_BETWEEN_WRITES", 0.0)
    file = HeartbeatFile(tmp_path, "t1", "x")
    file.report(Progress(kind="target", stage_key="k", num_steps_taken=7, num_steps=8))
    file.note("step", {"step": 7, "num_steps": 8, "loss": 0.25})
    (beat,) = read_heartbeats(tmp_path)
    assert (beat.num_steps_taken, beat.loss, beat.doing) == (7, 0.25, "")
    file.note("step", {"loss": float("nan")})
    file.note("scored", {"language": "de"})
    file.note("checkpoint", {})
    (beat,) = read_heartbeats(tmp_path)
    assert (beat.loss, beat.doing) == (None, "scored de")


def test_a_heartbeat_tells_the_memory_of_its_process(tmp_path: Path) -> None:
    HeartbeatFile(tmp_path, "t1", "x").begin()
    (beat,) = read_heartbeats(tmp_path)
    assert beat.vitals.resident_bytes is not None
    assert 5_000_000 < beat.vitals.resident_bytes < 50_000_000_000


def test_what_runs_is_known_however_the_clocks_are_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    HeartbeatFile(tmp_path, "t1", "x").begin()
    for seconds in (0.0, 1e6, 4e9):
        monkeypatch.setattr("time.time", lambda seconds=seconds: seconds)
        os.utime(tmp_path / "t1.json", (seconds, seconds))
        assert [beat.unit_id for beat in read_heartbeats(tmp_path)] == ["t1"]


def test_a_heartbeat_that_its_worker_could_not_remove_is_removed_for_it(tmp_path: Path) -> None:
    HeartbeatFile(tmp_path, "t1", "x").begin()
    forget_heartbeat(tmp_path, "t1")
    forget_heartbeat(tmp_path, "t1")
    assert read_heartbeats(tmp_path) == []


def test_silence_of_this_machine_is_known_at_once_and_of_another_from_the_second_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr(heartbeats.time, "monotonic", lambda: now)
    here = Heartbeat(unit_id="a", title="a", kind="target", host=platform.node(), monotonic_seconds=940.0)
    there = Heartbeat(unit_id="b", title="b", kind="target", host="another", monotonic_seconds=5e6)
    watch = SilenceWatch()
    assert (watch.silent_seconds(here), watch.silent_seconds(there)) == (60.0, None)
    now = 1030.0
    assert (watch.silent_seconds(here), watch.silent_seconds(there)) == (90.0, 30.0)
    assert watch.silent_seconds(replace(there, num_writes=2)) == 0.0
    now = 1040.0
    assert watch.silent_seconds(replace(there, num_writes=2)) == 10.0


def test_of_several_units_in_one_worker_whoever_spoke_last_speaks_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeats.time, "monotonic", lambda: 1000.0)
    quiet = Heartbeat(unit_id="a", title="a", kind="target", host=platform.node(), pid=7, monotonic_seconds=100.0)
    heard = replace(quiet, unit_id="b", monotonic_seconds=990.0)
    alone = replace(quiet, unit_id="c", pid=8)
    elsewhere = replace(quiet, unit_id="d", host="another")
    seconds = SilenceWatch().listen([quiet, heard, alone, elsewhere])
    assert seconds == {"a": 10.0, "b": 10.0, "c": 900.0, "d": None}


def test_a_trial_that_diverged_has_stopped_and_says_so(tmp_path: Path) -> None:
    file = HeartbeatFile(tmp_path, "t1", "x")
    file.report(Progress(kind="target", stage_key="s", num_steps_taken=2, num_steps=8))
    file.note("diverged", {"step": 2, "reason": "loss nan"})
    (beat,) = read_heartbeats(tmp_path)
    assert beat.has_stopped
    assert describe_step(beat) == "target diverged at step 2"
    assert not replace(beat, num_steps_taken=8, doing="scored de").has_stopped


def test_what_is_said_is_seen_at_once(tmp_path: Path) -> None:
    file = HeartbeatFile(tmp_path, "t1", "x")
    file.begin()
    file.say("waits to be scored")
    assert [beat.doing for beat in read_heartbeats(tmp_path)] == ["waits to be scored"]
