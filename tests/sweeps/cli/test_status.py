"""The status: one and only one of running, in hand, or waiting for someone to go on."""

import fcntl
import io
from pathlib import Path

import pytest
from rich.console import Console

from sweeps.cli.status import print_status, summarise_status
from sweeps.execute import SCRATCH
from sweeps.heartbeats import HeartbeatFile
from sweeps.launch import begin_sweep
from tests.sweeps.factories import make_space


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """Folder of a sweep that is planned and has run nothing."""
    begin_sweep(make_space(), tmp_path / "s")
    return tmp_path / "s"


def _status(folder: Path) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    print_status(summarise_status(folder), console)
    return console.export_text()


def test_without_a_driver_it_says_how_to_go_on(begun: Path) -> None:
    assert "nothing is running; go on with: xlt sweep resume" in _status(begun)


def test_while_a_driver_is_starting_nobody_is_told_to_resume(begun: Path) -> None:
    with (begun / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        text = _status(begun)
    assert "has the sweep in hand" in text
    assert "resume" not in text
    assert summarise_status(begun)["has_driver"] is False


def test_while_the_first_trial_runs_nobody_is_told_that_nothing_does(begun: Path) -> None:
    HeartbeatFile(begun / SCRATCH / "progress", "t1", "magnitude 0").begin()
    text = _status(begun)
    assert "running  magnitude 0" in text
    assert "nothing" not in text
