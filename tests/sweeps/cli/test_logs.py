"""`xlt sweep logs` prints for people and for programs, and follows what is still written."""

import json
import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from results.store import ResultStore
from sweeps.cli import app
from sweeps.cli import logs as module
from sweeps.engine.begin import begin_sweep
from sweeps.observing.events import EventLog, log_path
from sweeps.planning.plan import plan_sweep
from sweeps.tables.rows import publish_failure
from sweeps.units.failures import Failure
from sweeps.units.lock import only_one_driver
from tests.sweeps.factories import make_space


def _run(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["sweep", "logs", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def _first_trial() -> str:
    return plan_sweep(make_space()).trials[0].trial_id


def test_a_log_is_printed_for_people_with_the_result_below(finished_sweep: Path) -> None:
    lines = _run(finished_sweep, _first_trial()).splitlines()
    assert "attempt" in lines[0]
    assert "published" in lines[-2]
    assert lines[-1].startswith("result: ")


def test_json_gives_the_lines_as_they_are(finished_sweep: Path) -> None:
    text = _run(finished_sweep, _first_trial(), "--format", "json")
    written = log_path(finished_sweep, _first_trial()).read_text().splitlines()
    assert [json.loads(line) for line in text.splitlines()] == [json.loads(line) for line in written]


def test_tail_gives_the_last_events(finished_sweep: Path) -> None:
    all_lines = _run(finished_sweep, _first_trial(), "--format", "json").splitlines()
    assert _run(finished_sweep, _first_trial(), "--format", "json", "--tail", "2").splitlines() == all_lines[-2:]


def test_without_a_name_all_that_has_begun_is_listed(finished_sweep: Path) -> None:
    rows = json.loads(_run(finished_sweep, "--format", "json"))
    assert {row["last event"] for row in rows} == {"published"}
    assert len(rows) == 6
    assert "pretrain mini" in _run(finished_sweep)


def test_what_has_not_begun_says_so(tmp_path: Path) -> None:
    begin_sweep(make_space(), tmp_path / "s")
    assert _run(tmp_path / "s", _first_trial()).strip() == "it has not begun"
    assert "nothing has begun yet" in _run(tmp_path / "s")


def test_a_trial_whose_worker_could_write_nothing_shows_its_row(tmp_path: Path) -> None:
    begin_sweep(make_space(), tmp_path / "s")
    failure = Failure(status="infra", reason="the worker process died 3 times", traceback="Traceback [x]")
    publish_failure(ResultStore.open(tmp_path / "s"), _first_trial(), failure, attempt=3, launch_id="l1")
    assert _run(tmp_path / "s", _first_trial()).splitlines() == [
        "result: infra: the worker process died 3 times",
        "Traceback [x]",
    ]


def test_following_prints_what_comes_until_the_unit_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FOLLOW_SECONDS", 0.05)
    begin_sweep(make_space(), tmp_path / "s")
    log = EventLog(log_path(tmp_path / "s", _first_trial()))
    log.write("attempt")

    def go_on() -> None:
        for event in ("stage", "published"):
            time.sleep(0.3)
            log.write(event)

    writer = threading.Thread(target=go_on)
    with only_one_driver(tmp_path / "s"):
        writer.start()
        text = _run(tmp_path / "s", _first_trial(), "--follow", "--format", "json")
    writer.join()
    assert [json.loads(line)["event"] for line in text.splitlines()] == ["attempt", "stage", "published"]


def test_following_ends_when_nobody_is_left_to_go_on(tmp_path: Path) -> None:
    begin_sweep(make_space(), tmp_path / "s")
    EventLog(log_path(tmp_path / "s", _first_trial())).write("attempt")
    assert len(_run(tmp_path / "s", _first_trial(), "--follow").splitlines()) == 1
