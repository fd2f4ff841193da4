"""Sweeps on a real local Ray, with real kills. Each test starts the command as a user does."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from results.store import ResultStore
from search_spaces.space import SearchSpace
from sweeps.engine.begin import begin_sweep, read_resources
from sweeps.engine.launch import resume_missing
from sweeps.engine.options import LaunchOptions
from sweeps.observing.heartbeats import Heartbeat, read_heartbeats
from sweeps.planning.plan import plan_sweep
from tests.sweeps.factories import BASE, count_rows, make_space, read_scores, row_times, silent_console

pytestmark = [pytest.mark.ray, pytest.mark.slow]

_OPTIM = {**BASE["optim"], "num_steps": 150}
_AXES = {"target.perturbation.magnitude": [0.0, 0.5], "intermediate": ["none", {"task": "world", "dose": 1.0}]}


def _space(**changes: Any) -> SearchSpace:
    """Trials that last long enough to be killed."""
    return make_space(**{"base": {**BASE, "optim": _OPTIM}, "axes": _AXES, "seeds": 2, **changes})


def _start(space: SearchSpace, folder: Path) -> subprocess.Popen[str]:
    path = folder.parent / f"{folder.name}.yaml"
    path.write_text(json.dumps(space.model_dump(mode="json", exclude_defaults=True)))  # JSON is YAML
    return _xlt("sweep", "run", path, "--out", folder)


def _xlt(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sweeps.cli", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def _wait_for(condition: Callable[[], Any], seconds: float = 180.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    pytest.fail(f"did not happen within {seconds:g} s")


def _worker_pids(folder: Path) -> set[int]:
    return {beat.pid for beat in read_heartbeats(folder / "ray" / "progress")}


def _running(folder: Path, kind: str) -> Heartbeat | None:
    beats = read_heartbeats(folder / "ray" / "progress")
    return next((beat for beat in beats if beat.kind == kind and beat.num_steps_taken > 0), None)


def _is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def _resume_inline(folder: Path) -> int:
    store = ResultStore.open(folder)
    options = LaunchOptions(resources=read_resources(store), inline=True)
    return resume_missing(store, options, silent_console()).num_run


def test_killed_workers_are_replaced_and_a_failing_trial_leaves_the_others_alone(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    doomed = plan_sweep(_space()).trials[-1]
    begin_sweep(_space(), folder)
    blocker = folder / "checkpoints" / doomed.trial_id
    blocker.parent.mkdir()
    blocker.write_text("a file where a folder has to be")
    process = _start(_space(), folder)
    stage = _wait_for(lambda: _running(folder, "intermediate"))
    os.kill(stage.pid, signal.SIGKILL)
    killed = _wait_for(lambda: _running(folder, "target"))
    os.kill(killed.pid, signal.SIGKILL)
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 1, errors
    assert "Deltas by language" in output
    assert "raylet" not in output + errors
    rows = {row["trial_id"]: row for row in ResultStore.open(folder).trials().to_pylist()}
    assert len(rows) == 8
    failed = rows.pop(doomed.trial_id)
    assert failed["status"] == "infra"
    assert failed["attempt"] in (3, 4)  # three that raised, and one more where it trained with the one that was killed
    assert "Traceback" in failed["traceback"]
    assert {row["status"] for row in rows.values()} <= {"ok", "degenerate"}
    assert rows[killed.unit_id]["attempt"] == 2
    assert set(count_rows(folder).values()) == {1}
    assert len(list((folder / "stages").iterdir())) == 3  # each shared stage once
    (attempts,) = (folder / "ray" / "attempts").rglob(stage.unit_id)
    assert attempts.stat().st_size == 2
    scores = read_scores(folder)
    (folder / "trials" / f"{killed.unit_id}.parquet").unlink()
    assert _resume_inline(folder) == 1
    assert read_scores(folder) == scores  # on Ray after a kill, and in one piece without Ray: the same to the bit


def test_a_killed_driver_costs_nothing_that_was_finished_even_if_the_folder_moves(tmp_path: Path) -> None:
    folder, moved = tmp_path / "s", tmp_path / "elsewhere"
    process = _start(_space(), folder)
    _wait_for(lambda: len(row_times(folder)) >= 2)
    process.kill()
    process.wait()
    workers = _worker_pids(folder)
    _wait_for(lambda: not any(map(_is_alive, workers)), 60)
    folder.rename(moved)
    before = row_times(moved)
    resumed = _xlt("sweep", "resume", moved, "--format", "json")
    output, errors = resumed.communicate(timeout=300)
    assert resumed.returncode == 0, errors
    summary = json.loads(output)
    assert summary["num_run"] == 8 - len(before)
    assert row_times(moved).items() >= before.items()
    assert len(row_times(moved)) == 8
    assert set(count_rows(moved).values()) == {1}


def test_ctrl_c_ends_the_workers_writes_deltas_and_says_how_to_resume(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    process = _start(_space(seeds=20, axes={"target.perturbation.magnitude": [0.0, 0.5]}), folder)
    _wait_for(lambda: len(row_times(folder)) >= 3)
    worker = _wait_for(lambda: _running(folder, "target"))
    os.killpg(process.pid, signal.SIGINT)  # a terminal signals the whole group
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert f"xlt sweep resume {folder}" in errors
    assert "Traceback" not in errors
    _wait_for(lambda: not _is_alive(worker.pid), 30)
    assert (folder / "deltas" / "deltas.parquet").is_file()
    counts = json.loads(_xlt("sweep", "status", folder, "--format", "json").communicate(timeout=60)[0])["counts"]
    assert 0 < counts["pending"] < 40


def test_resources_that_no_node_has_are_refused(tmp_path: Path) -> None:
    process = _start(_space(resources={"cpu": 4096.0}), tmp_path / "s")
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 2, errors
    assert "4096 CPU" in errors
    assert "Traceback" not in errors
