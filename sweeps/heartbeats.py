"""How far running stages and trials are, through one small file each: written by workers, read by the driver.

Scratch under `<sweep folder>/ray/progress/`; losing it loses nothing.
"""

import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xlt_core.stages import Progress

_MIN_SECONDS_BETWEEN_WRITES = 0.5
_STALE_AFTER_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """Where one running piece of work is."""

    unit_id: str
    """A trial id or a stage key."""
    title: str
    kind: str
    """Of the stage that is being trained, or `start`."""
    num_steps_taken: int = 0
    num_steps: int = 0
    host: str = ""
    pid: int = 0
    """Of the process that does the work."""
    written_at: float = 0.0
    """Seconds since 1970."""


class HeartbeatFile:
    """Writes the progress of one piece of work, at most twice a second; never raises for a file that fails."""

    def __init__(self, folder: Path, unit_id: str, title: str, on_report: Callable[[], None] | None = None) -> None:
        self._path = folder / f"{unit_id}.json"
        self._unit_id = unit_id
        self._title = title
        self._on_report = on_report
        self._last_write = 0.0

    def report(self, progress: "Progress") -> None:
        """Note a stage's progress; give this to `run_trial` and `run_stage`."""
        if time.monotonic() - self._last_write >= _MIN_SECONDS_BETWEEN_WRITES:
            self._write(progress.kind, progress.num_steps_taken, progress.num_steps)
            if self._on_report is not None:
                self._on_report()

    def begin(self) -> None:
        """Note that the work has begun."""
        self._write("start", 0, 0)

    def end(self) -> None:
        """Note that it is over, well or not."""
        with suppress(OSError):
            self._path.unlink()

    def _write(self, kind: str, num_steps_taken: int, num_steps: int) -> None:
        self._last_write = time.monotonic()
        beat = Heartbeat(
            unit_id=self._unit_id,
            title=self._title,
            kind=kind,
            num_steps_taken=num_steps_taken,
            num_steps=num_steps,
            host=platform.node(),
            pid=os.getpid(),
            written_at=time.time(),
        )
        temporary = self._path.with_suffix(".tmp")
        with suppress(OSError):  # progress is a courtesy: a full disk is found, and told, where results are written
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(asdict(beat)), encoding="utf-8")
            temporary.replace(self._path)


@contextmanager
def beating(
    folder: Path, unit_id: str, title: str, on_report: Callable[[], None] | None = None
) -> Iterator[HeartbeatFile]:
    """Keep a heartbeat file while a piece of work runs; `on_report` is called whenever it was written."""
    file = HeartbeatFile(folder, unit_id, title, on_report)
    file.begin()
    try:
        yield file
    finally:
        file.end()


def read_heartbeats(folder: Path) -> list[Heartbeat]:
    """List what is running, by title; files that are damaged or of the long dead are left out."""
    beats = []
    for path in folder.glob("*.json"):
        with suppress(OSError, ValueError, TypeError):
            beats.append(Heartbeat(**json.loads(path.read_text(encoding="utf-8"))))
    fresh = [beat for beat in beats if time.time() - beat.written_at < _STALE_AFTER_SECONDS and not _is_dead(beat)]
    return sorted(fresh, key=lambda beat: beat.title)


def _is_dead(beat: Heartbeat) -> bool:
    """Whether the process was on this machine and is no more: it was killed and could not take its file away."""
    if beat.host != platform.node() or beat.pid <= 0:
        return False
    try:
        os.kill(beat.pid, 0)  # asks only whether it is there
    except ProcessLookupError:
        return True
    except PermissionError:  # it is there, and someone else's
        return False
    return False
