"""Lines for logs, a live display for terminals, a note for those who watch from elsewhere."""

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sweeps.observing.display import Display
from sweeps.observing.driver_note import parse_driver_note
from sweeps.observing.extremes import Extremes, LanguageMean
from sweeps.observing.heartbeats import HeartbeatFile
from tests.sweeps.factories import silent_console, text_of
from xlt_core.progress import Progress


def _display(console: Console, folder: Path, **settings: Any) -> Display:
    chosen: dict[str, Any] = {"num_trials": 2, "before": {}, "heartbeats": folder, **settings}
    return Display(console=console, **chosen)


def _refresh_now(display: Display) -> None:
    display._last_refresh = float("-inf")
    display.refresh()


def test_plain_lines_tell_each_trial_with_status_and_reason(tmp_path: Path) -> None:
    console = silent_console()
    with _display(console, tmp_path, num_trials=12, before=Counter(ok=2)) as display:
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


def test_a_terminal_shows_what_runs_the_counts_and_both_ends_of_the_languages(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=200)
    HeartbeatFile(tmp_path, "t1", "magnitude 0.5 · seed 3").begin()
    ends = Extremes(
        best=LanguageMean(language="de", mean=1.25),
        worst=LanguageMean(language="sw", mean=-8.0),
        metric="accuracy",
        is_delta=True,
    )
    with _display(console, tmp_path, num_trials=9, before={"ok": 3}, find_extremes=lambda: ends) as display:
        display.trial_ended("magnitude 0 · seed 0", "diverged", 2.0, "loss is nan")
        for _ in range(2):
            _refresh_now(display)
        assert display._live is not None
        display._live.refresh()
    text = text_of(console)
    assert "magnitude 0.5 · seed 3" in text
    assert "1 diverged, 3 ok" in text
    assert "best de +1.2, worst sw -8.0 (accuracy, mean delta)" in text


def test_lines_tell_what_runs_with_brackets_as_they_stand(tmp_path: Path) -> None:
    console = silent_console()
    HeartbeatFile(tmp_path, "t1", "encoder [old]/xlm [/x] · seed 3").begin()
    with _display(console, tmp_path) as display:
        _refresh_now(display)
    assert "running: encoder [old]/xlm [/x] · seed 3 starting" in text_of(console)


def test_a_line_names_one_of_those_that_train_together_and_counts_the_others(tmp_path: Path) -> None:
    console = silent_console()
    for seed in range(3):
        file = HeartbeatFile(tmp_path, f"t{seed}", f"cell · seed {seed}")
        file.report(Progress(kind="target", stage_key="s", num_steps_taken=4, num_steps=8))
    with _display(console, tmp_path) as display:
        _refresh_now(display)
    assert "3 trials train together in one process; running: cell · seed 0 and 2 more with it target step 4/8" in (
        text_of(console)
    )


def test_the_time_left_comes_from_the_steps_of_what_is_expected(tmp_path: Path) -> None:
    console = silent_console()
    with _display(console, tmp_path) as display:
        display.expect("s1", "stage", 100)
        display.expect("t1", "trial", 10)
        display.expect("t2", "trial", 10)
        display.stage_ended("pretrain mini", 1000.0, None, unit_id="s1")
        _refresh_now(display)
        display.trial_ended("a", "ok", 3600.0, None, unit_id="t1")
        _refresh_now(display)
    lines = [line for line in text_of(console).splitlines() if "done;" in line]
    assert "0/2 done; about 3 min left" in lines[0]
    assert "about 60 min left" in lines[1]


def test_quiet_says_nothing_but_counts(tmp_path: Path) -> None:
    console = silent_console()
    with _display(console, tmp_path, num_trials=1, quiet=True) as display:
        display.trial_ended("x", "ok", 1.0, None)
    assert text_of(console) == ""
    assert display.num_done == 1


@pytest.mark.parametrize("quiet", [True, False])
def test_others_can_read_how_it_goes(tmp_path: Path, quiet: bool) -> None:
    console = silent_console()
    with _display(
        console, tmp_path, before={"ok": 4}, num_trials=9, scratch=tmp_path, launch_id="l1", quiet=quiet
    ) as one:
        one.expect("t1", "trial", 10)
        one.expect("t2", "trial", 10)
        one.trial_ended("x", "ok", 7.0, None, unit_id="t1")
    note = parse_driver_note((tmp_path / "driver.json").read_bytes())
    assert note is not None
    assert (note.num_trials, note.counts, note.launch_id, note.seconds_left) == (9, {"ok": 5}, "l1", 7.0)


@pytest.mark.parametrize("content", ["{", "[]", '{"unknown": 1}', json.dumps({"num_trials": 1})])
def test_a_damaged_note_is_none(content: str) -> None:
    assert parse_driver_note(content.encode()) is None
