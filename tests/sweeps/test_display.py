"""Lines for logs, a live display for terminals."""

import io
from collections import Counter
from pathlib import Path

from rich.console import Console

from sweeps.display import Display, format_seconds
from sweeps.heartbeats import HeartbeatFile
from tests.sweeps.factories import silent_console, text_of


def test_plain_lines_tell_each_trial_with_status_and_reason(tmp_path: Path) -> None:
    console = silent_console()
    with Display(console=console, num_trials=12, before=Counter(ok=2), heartbeats=tmp_path) as display:
        display.trials_begin()
        display.stage_ended("pretrain mini", 1.25, None)
        display.trial_ended("magnitude 0 · seed 0", "ok", 2.0, None)
        display.trial_ended("magnitude 1 · seed 0", "infra", None, "worker [died]")
    lines = text_of(console).splitlines()
    assert lines == [
        "stage  pretrain mini  done  1.2 s",
        " 3/12  ok  magnitude 0 · seed 0  2.0 s",
        " 4/12  infra  magnitude 1 · seed 0  worker [died]",
    ]
    assert display.counts == {"ok": 1, "infra": 1}


def test_a_terminal_shows_what_runs(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=160)
    HeartbeatFile(tmp_path, "t1", "magnitude 0.5 · seed 3").begin()
    with Display(console=console, num_trials=2, before={}, heartbeats=tmp_path) as display:
        display._last_refresh = 0.0
        display.refresh()
        assert display._live is not None
        display._live.refresh()
    assert "magnitude 0.5 · seed 3" in text_of(console)


def test_lines_tell_what_runs_with_brackets_as_they_stand(tmp_path: Path) -> None:
    console = silent_console()
    HeartbeatFile(tmp_path, "t1", "encoder [old]/xlm [/x] · seed 3").begin()
    with Display(console=console, num_trials=2, before={}, heartbeats=tmp_path) as display:
        display._last_refresh = float("-inf")
        display.refresh()
    assert "running: encoder [old]/xlm [/x] · seed 3 starting" in text_of(console)


def test_quiet_says_nothing_but_counts(tmp_path: Path) -> None:
    console = silent_console()
    with Display(console=console, num_trials=1, before={}, heartbeats=tmp_path, quiet=True) as display:
        display.trial_ended("x", "ok", 1.0, None)
    assert text_of(console) == ""
    assert display.num_done == 1


def test_durations_are_written_for_people() -> None:
    assert [format_seconds(seconds) for seconds in (5, 600, 7200)] == ["5 s", "10 min", "2.0 h"]
