"""Logs of units: appended line by line, whole lines whatever happens, never in the way of the work."""

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sweeps.observing import events
from sweeps.observing.events import TAIL_BYTES, EventLog, log_path, parse_events, read_events

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.from_regex(r"x_[a-z]{1,8}", fullmatch=True), _JSON, max_size=4), max_size=5))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_is_read_again(tmp_path: Path, written: list[dict[str, object]]) -> None:
    path = tmp_path / "t.jsonl"
    path.unlink(missing_ok=True)
    log = EventLog(path, launch_id="l1", attempt=2)
    for fields in written:
        log.write("scored", **fields)
    found = read_events(path)
    assert [event.fields for event in found] == written
    assert {(event.event, event.launch_id, event.attempt, event.pid) for event in found} <= {
        ("scored", "l1", 2, os.getpid())
    }


def test_times_are_utc_and_ages_come_from_a_clock_that_nobody_sets(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "t.jsonl")
    log.write("attempt")
    log.write("published")
    first, second = read_events(tmp_path / "t.jsonl")
    offset = datetime.fromisoformat(first.time).utcoffset()
    assert offset is not None
    assert offset.total_seconds() == 0
    assert second.monotonic_seconds >= first.monotonic_seconds


def test_attempts_follow_each_other_in_one_file(tmp_path: Path) -> None:
    for attempt in (1, 2):
        EventLog(log_path(tmp_path, "t"), attempt=attempt).write("attempt")
    assert [event.attempt for event in read_events(log_path(tmp_path, "t"))] == [1, 2]


def test_half_a_line_costs_nothing_but_itself(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    EventLog(path).write("attempt")
    with path.open("ab") as file:
        file.write(b'{"event": "st')
    EventLog(path).write("published")
    path.open("ab").write(b"\xff[1, 2]\n17\n")
    assert [event.event for event in read_events(path)] == ["attempt", "published"]


def test_lines_of_two_processes_are_never_mixed(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    code = (
        "import sys; from pathlib import Path; from sweeps.observing.events import EventLog\n"
        "log = EventLog(Path(sys.argv[1]))\n"
        "for place in range(300): log.write('scored', language='x' * (place % 50) * 100)"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(2)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    # Who looks while the other writes may end a line that needs no end: an empty one.
    lines = [line for line in path.read_bytes().splitlines() if line]
    assert len(lines) == len(read_events(path)) == 600


def test_steps_are_written_once_a_second_and_the_last_always(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, now = tmp_path / "t.jsonl", 1000.0
    monkeypatch.setattr(events.time, "monotonic", lambda: now)
    log = EventLog(path)
    for step in range(1, 101):
        now = 1000.0 + step / 10
        log.write("step", step=step, num_steps=100, loss=0.5)
    assert [event.fields["step"] for event in read_events(path)] == [1, 11, 21, 31, 41, 51, 61, 71, 81, 91, 100]


def test_a_log_of_a_week_of_steps_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, now = tmp_path / "t.jsonl", 0.0
    monkeypatch.setattr(events.time, "monotonic", lambda: now)
    log = EventLog(path)
    for minute in range(7 * 24 * 60):
        now = 60.0 * minute
        log.write("step", step=minute, num_steps=10**6, loss=0.5)
    assert path.stat().st_size < 1_500_000
    assert len(read_events(path)) > 1000


def test_a_file_that_is_too_large_still_takes_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_MAX_BYTES", 1000)
    path = tmp_path / "t.jsonl"
    log = EventLog(path)
    for _ in range(20):
        log.write("scored", language="de")
    log.write("failed", reason="worker died")
    assert path.stat().st_size < 1500
    assert read_events(path)[-1].fields == {"reason": "worker died"}


def test_values_that_json_has_not_are_written_as_words(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    EventLog(path).write("step", loss=float("nan"), where=Path("a"), event_of="\udc80", text="x" * 50_000)
    (event,) = read_events(path)
    assert event.fields["loss"] == "nan"
    assert event.fields["where"] == "a"
    assert event.fields["text"].startswith("[30000 characters left out] xxx")
    for line in path.read_text(encoding="utf-8").splitlines():
        json.loads(line, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


def test_what_an_event_says_cannot_stand_for_who_says_it(tmp_path: Path) -> None:
    EventLog(tmp_path / "t.jsonl", attempt=1).write("scored", attempt=7, host="elsewhere", language="de")
    (event,) = read_events(tmp_path / "t.jsonl")
    assert (event.attempt, event.fields) == (1, {"language": "de"})
    assert event.host != "elsewhere"


def test_a_folder_that_cannot_be_written_does_not_stop_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    EventLog(tmp_path / "file" / "logs" / "t.jsonl").write("attempt")
    assert (tmp_path / "file").read_text() == ""


def test_no_file_is_no_events(tmp_path: Path) -> None:
    assert read_events(tmp_path / "none.jsonl") == []


def test_the_end_of_a_long_log_holds_its_last_event(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    log = EventLog(path)
    for place in range(3000):
        log.write("scored", language=f"l{place}")
    log.write("failed", traceback="\x00" * 30_000)
    assert [event.event for event in parse_events(path.read_bytes()[-TAIL_BYTES:])][-1] == "failed"
