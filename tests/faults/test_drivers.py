"""Two drivers on one folder, and Ctrl-C once and twice, without Ray."""

import os
import platform
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.harness import Running, begin_fork, contents, find_litter, fork_xlt, trial_rows, wait_for
from tests.faults.site.fault_injection import Fault

pytestmark = pytest.mark.slow

_SLOW_STEPS = Fault(effect="sleep:0.15", call="torch.optim.adamw:AdamW.step", is_lasting=True)


def _is_training(folder: Path) -> bool:
    return any((folder / "checkpoints").glob("*"))


def _start(space: Path, folder: Path) -> Running:
    command = ("sweep", "run", space, "--out", folder, "--inline")
    running = begin_fork(*command, faults=[_SLOW_STEPS], log=folder.parent / "first")
    wait_for(lambda: _is_training(folder))
    return running


@pytest.mark.parametrize("command", ["run", "resume"])
def test_a_second_driver_is_refused_and_the_first_one_finishes(
    command: str, space: Path, undisturbed: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    first = _start(space, folder)
    arguments = ("run", space, "--out", folder) if command == "run" else ("resume", folder)
    second = fork_xlt("sweep", *arguments, "--inline", log=tmp_path / "log")
    assert second.exit_status == 2, second.errors
    assert re.search(rf"process \d+ on {re.escape(platform.node())} is running this sweep", second.errors)
    assert "Traceback" not in second.errors
    ended = first.end()
    assert ended.exit_status == 0, ended.errors
    assert {row["attempt"] for row in trial_rows(folder).values()} == {1}
    assert contents(folder) == contents(undisturbed)
    assert find_litter(folder) == []


def test_the_folder_of_a_killed_driver_is_free_at_once(space: Path, undisturbed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    first = _start(space, folder)
    os.kill(first.pid, signal.SIGKILL)
    first.end()
    second = fork_xlt("sweep", "resume", folder, "--inline", log=tmp_path / "log")
    assert second.exit_status == 0, second.errors
    assert contents(folder) == contents(undisturbed)
    assert find_litter(folder) == []


@pytest.mark.parametrize("num_signals", [1, 2])
def test_ctrl_c_stops_and_says_how_to_go_on(num_signals: int, space: Path, undisturbed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    running = _start(space, folder)
    for _ in range(num_signals):
        with suppress(ProcessLookupError):  # the first may have ended it before the second is sent
            os.kill(running.pid, signal.SIGINT)
        time.sleep(0.05)
    ended = running.end()
    assert ended.exit_status in ((130,) if num_signals == 1 else (130, -signal.SIGINT)), ended.errors
    assert "Traceback" not in ended.errors
    if num_signals == 1:
        assert f"xlt sweep resume {folder}" in ended.errors
    second = fork_xlt("sweep", "resume", folder, "--inline", log=tmp_path / "log")
    assert second.exit_status == 0, second.errors
    assert contents(folder) == contents(undisturbed)
    assert find_litter(folder) == []
