"""Processes of a sweep on a local Ray are killed at every phase, the driver among them. Run as a user runs it."""

import json
import os
import re
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.faults.conftest import LongSweep
from tests.faults.harness import (
    checkpoint_every,
    contents,
    find_litter,
    fork_xlt,
    num_finished,
    start_xlt,
    trial_rows,
    wait_for,
)
from tests.faults.site.fault_injection import Fault

pytestmark = [pytest.mark.ray, pytest.mark.slow]

_AGENT = re.compile("agent|dashboard", re.IGNORECASE)


def _killed_once_each(folder: Path, trial_ids: list[str], notes: Path) -> list[Fault]:
    """Kills in the phases of a worker's work: of a stage and a step anywhere, of four trials at their own files."""
    place = re.escape(str(folder))
    files = {
        "stage": f"rename {place}/stages/",
        "checkpoint": f"rename {place}/checkpoints/{trial_ids[0]}/step_",
        "scores": f"rename {place}/scores/{trial_ids[1]}",
        "row": f"rename {place}/trials/{trial_ids[2]}",
        "published": f"remove {place}/trials/.*{trial_ids[3]}",
    }
    return [
        *(Fault(effect="kill", files=pattern, once=str(notes / name)) for name, pattern in files.items()),
        Fault(effect="kill", call="torch.optim.adamw:AdamW.step", nth=100, once=str(notes / "step")),
    ]


def test_workers_killed_in_every_phase_are_replaced_within_one_launch(long_sweep: LongSweep, tmp_path: Path) -> None:
    folder, notes = tmp_path / "s", tmp_path / "notes"
    notes.mkdir()
    faults = _killed_once_each(folder, sorted(trial_rows(long_sweep.undisturbed)), notes)
    process = start_xlt("sweep", "run", long_sweep.space, "--out", folder, faults=[checkpoint_every(20), *faults])
    _, errors = process.communicate(timeout=400)
    assert process.returncode == 0, errors
    assert {path.name for path in notes.iterdir()} == {Path(fault.once).name for fault in faults}  # each did strike
    assert contents(folder) == contents(long_sweep.undisturbed)
    cleared = fork_xlt("sweep", "resume", folder, "--inline", "--format", "json", log=tmp_path / "log")
    assert cleared.summary["num_run"] == 0
    assert find_litter(folder) == []
    attempts = {trial_id: row["attempt"] for trial_id, row in trial_rows(folder).items()}
    assert sum(attempts.values()) >= 8 + 3  # of the trials killed before their rows were there; stages have none
    assert max(attempts.values()) <= 3


def _workers_of(driver: int) -> list[psutil.Process]:
    """Ray's servers and the workers of a driver; not the agents, which outlive a raylet for a while and do nothing."""
    found = psutil.Process(driver).children(recursive=True)
    return [one for one in found if not _AGENT.search(" ".join(one.cmdline()))]


def test_a_killed_driver_takes_its_workers_along_and_is_resumed(long_sweep: LongSweep, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    process = start_xlt("sweep", "run", long_sweep.space, "--out", folder)
    wait_for(lambda: num_finished(folder) >= 2)
    started = _workers_of(process.pid)
    process.kill()
    process.communicate()
    assert psutil.wait_procs(started, timeout=60)[1] == []
    before = trial_rows(folder)
    told = fork_xlt("sweep", "status", folder, log=tmp_path / "log")
    assert told.exit_status == 0, told.errors
    assert "pending" in told.output
    assert "xlt sweep resume" in told.output + told.errors
    resumed = start_xlt("sweep", "resume", folder, "--format", "json")
    output, errors = resumed.communicate(timeout=300)
    assert resumed.returncode == 0, errors
    assert json.loads(output)["num_run"] == 8 - len(before)
    assert trial_rows(folder).items() >= before.items()
    assert contents(folder) == contents(long_sweep.undisturbed)
    assert find_litter(folder) == []


@pytest.mark.parametrize("num_signals", [1, 2])
def test_ctrl_c_ends_everything_and_says_how_to_go_on(num_signals: int, long_sweep: LongSweep, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    process = start_xlt("sweep", "run", long_sweep.space, "--out", folder)
    wait_for(lambda: num_finished(folder) >= 2)
    started = _workers_of(process.pid)
    for _ in range(num_signals):
        os.killpg(process.pid, signal.SIGINT)  # a terminal signals the whole group
        time.sleep(0.3)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in ((130,) if num_signals == 1 else (130, -signal.SIGINT)), errors
    assert "Traceback" not in errors
    if num_signals == 1:
        assert f"xlt sweep resume {folder}" in errors
    assert psutil.wait_procs(started, timeout=60)[1] == []
    before = trial_rows(folder)
    resumed = fork_xlt("sweep", "resume", folder, "--inline", log=tmp_path / "log")  # without Ray: the same bits
    assert resumed.exit_status == 0, resumed.errors
    assert trial_rows(folder).items() >= before.items()
    assert contents(folder) == contents(long_sweep.undisturbed)
    assert find_litter(folder) == []
