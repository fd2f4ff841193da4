"""`xlt sweep watch` shows what others do and changes nothing."""

import io
import threading
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from sweeps.cli import app
from sweeps.cli import watch as module
from sweeps.cli.watch import show
from sweeps.engine.begin import begin_sweep
from sweeps.observing.driver_note import DriverNote, write_driver_note
from sweeps.observing.heartbeats import HeartbeatFile, SilenceWatch
from sweeps.observing.observation import Observer
from sweeps.units.job import SCRATCH
from sweeps.units.lock import only_one_driver
from tests.sweeps.factories import make_space
from xlt_core.progress import Progress


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """Folder of a sweep whose driver has left a note and whose first stage is being trained."""
    folder = tmp_path / "s"
    begin_sweep(make_space(), folder)
    note = DriverNote(num_trials=4, counts={}, trials_per_minute=2.0, seconds_left=600.0)
    write_driver_note(folder / SCRATCH, note)
    beat = HeartbeatFile(folder / SCRATCH / "progress", "t1", "magnitude [0.5] · seed 3")
    beat.report(Progress(kind="target", stage_key="k", num_steps_taken=3, num_steps=8))
    return folder


def _once(folder: Path) -> str:
    result = CliRunner().invoke(app, ["sweep", "watch", str(folder), "--once"], catch_exceptions=False)
    assert result.exit_code == 0
    return " ".join(result.output.split())


def test_one_look_tells_counts_rate_time_left_and_what_runs(begun: Path) -> None:
    with only_one_driver(begun):
        text = _once(begun)
    assert "0/4 4 pending" in text
    assert "2.0 trials/min, about 10 min left" in text
    assert "magnitude [0.5] · seed 3 target step 3/8" in text
    assert "no driver" not in text


def test_without_a_driver_it_says_so_and_how_to_go_on(finished_sweep: Path) -> None:
    text = _once(finished_sweep)
    assert "4/4" in text
    assert "no driver is at work; look at it with: xlt results deltas" in text


def test_the_display_ends_soon_after_the_driver_does(begun: Path) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=160)
    observer, silence = Observer(begun), SilenceWatch()
    released = threading.Event()

    def drive() -> None:
        with only_one_driver(begun):
            ready.set()
            released.wait(30)

    ready = threading.Event()
    driver = threading.Thread(target=drive)
    driver.start()
    assert ready.wait(30)
    seen = observer.look()
    assert seen.has_driver
    threading.Timer(0.5, released.set).start()
    last = module._watch(observer, silence, seen, 0.2, console)
    driver.join()
    assert not last.has_driver
    assert isinstance(console.file, io.StringIO)
    assert "about 10 min left" in console.file.getvalue()


def test_a_worker_that_is_silent_for_long_is_marked(begun: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Observer(begun).look()
    silence = SilenceWatch()
    monkeypatch.setattr(silence, "silent_seconds", lambda _: 300.0)
    console = Console(file=io.StringIO(), width=160, record=True)
    console.print(show(seen, silence))
    assert "silent for 5 min" in console.export_text()
