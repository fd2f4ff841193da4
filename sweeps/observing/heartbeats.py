"""How far running stages and trials are, through one small file each: written by workers, read by whoever looks.

Scratch under `<sweep folder>/ray/progress/`; losing it loses nothing. Ages come from clocks that nobody sets; clocks of
two machines are never compared.
"""

import json
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from results.errors import ResultsError
from results.storage import Storage, open_storage
from sweeps.observing.vitals import Vitals, measure_vitals

if TYPE_CHECKING:
    from xlt_core.progress import Progress

PROGRESS_FOLDER = "progress"
"""Folder of the heartbeats under a sweep's scratch."""

_MIN_SECONDS_BETWEEN_WRITES = 0.5
_SECONDS_BETWEEN_VITALS = 5.0


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
    loss: float | None = None
    """Of the last step that was told; none: none was, or it was not finite."""
    doing: str = ""
    """What it does beside training, or how that ended: `scored de`."""
    host: str = ""
    pid: int = 0
    """Of the process that does the work."""
    num_writes: int = 0
    """Grows with each; whoever sees it grow knows that the work lives."""
    monotonic_seconds: float = 0.0
    """When it was written, by the host's clock since its start."""
    vitals: Vitals = field(default_factory=Vitals)

    @property
    def has_stopped(self) -> bool:
        """Whether it trains no more, although there are steps that it has not taken."""
        return bool(self.doing) and self.num_steps_taken < self.num_steps


class HeartbeatFile:
    """Writes the progress of one piece of work, at most twice a second; never raises for a file that fails."""

    def __init__(self, folder: Path, unit_id: str, title: str, on_report: Callable[[], None] | None = None) -> None:
        self._path = folder / f"{unit_id}.json"
        self._on_report = on_report
        self._measured_at = float("-inf")
        self._beat = Heartbeat(unit_id=unit_id, title=title, kind="start", host=platform.node(), pid=os.getpid())

    def report(self, progress: "Progress") -> None:
        """Note a stage's progress; give this to `run_trial` and `run_stage`."""
        self._set(kind=progress.kind, num_steps_taken=progress.num_steps_taken, num_steps=progress.num_steps, doing="")

    def note(self, event: str, details: Mapping[str, Any]) -> None:
        """Note an event of the log (`sweeps.observing.events`): the loss of a step, the language that was scored."""
        if event == "step":
            loss = details.get("loss")
            self._set(loss=loss if isinstance(loss, float) and abs(loss) < float("inf") else None)
        elif event == "diverged":
            self.say(f"diverged at step {details['step']}")
        elif event == "scored":
            self._set(doing=f"scored {details.get('language', '')}".strip())

    def begin(self) -> None:
        """Note that the work has begun."""
        self._write()

    def say(self, doing: str) -> None:
        """Note what is done from now on beside training, until there is news of it."""
        self._beat = replace(self._beat, doing=doing)
        self._write()

    def end(self) -> None:
        """Note that it is over, well or not."""
        with suppress(OSError):
            self._path.unlink()

    def _set(self, **changes: Any) -> None:
        self._beat = replace(self._beat, **changes)
        if time.monotonic() - self._beat.monotonic_seconds >= _MIN_SECONDS_BETWEEN_WRITES:
            self._write()
            if self._on_report is not None:
                self._on_report()

    def _write(self) -> None:
        now = time.monotonic()
        if now - self._measured_at >= _SECONDS_BETWEEN_VITALS:
            self._measured_at = now
            self._beat = replace(self._beat, vitals=measure_vitals())
        self._beat = replace(self._beat, monotonic_seconds=now, num_writes=self._beat.num_writes + 1)
        temporary = self._path.with_suffix(".tmp")
        with suppress(OSError):  # progress is a courtesy: a full disk is found, and told, where results are written
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(asdict(self._beat)), encoding="utf-8")
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


def read_heartbeats(folder: Path | Storage) -> list[Heartbeat]:
    """List what is running, by title; files that are damaged or of the dead of this machine are left out.

    Those of another machine may be of the dead: they are whoever drives the sweep's to remove (`forget_heartbeat`).
    """
    beats = []
    storage = open_storage(folder)
    for name in storage.list_names(suffix=".json"):
        with suppress(OSError, ResultsError, ValueError, TypeError, AttributeError):
            beats.append(parse_heartbeat(storage.read_bytes(name)))
    return sorted((beat for beat in beats if not _is_dead(beat)), key=lambda beat: beat.title)


def is_here(beat: Heartbeat) -> bool:
    """Whether it is of this machine, so that it is known to live."""
    return beat.host == platform.node()


def parse_heartbeat(content: bytes) -> Heartbeat:
    """Read one file.

    Raises:
        ValueError: it is not JSON.
        TypeError: it is no heartbeat.
    """
    values = json.loads(content)
    known = {field.name for field in fields(Vitals)}
    vitals = Vitals(**{name: value for name, value in values.pop("vitals", {}).items() if name in known})
    return Heartbeat(**values, vitals=vitals)


def forget_heartbeat(folder: Path | Storage, unit_id: str) -> None:
    """Remove the file of a worker that died and could not."""
    with suppress(OSError, ResultsError):
        open_storage(folder).remove(f"{unit_id}.json")


class SilenceWatch:
    """Says for how long each piece of work was not heard of, as one observer knows it."""

    def __init__(self) -> None:
        self._heard: dict[str, tuple[Heartbeat, float]] = {}

    def listen(self, beats: Iterable[Heartbeat]) -> dict[str, float | None]:
        """Give the silence of each worker, by the units that it is at: of several in one, whoever spoke last counts.

        Of trials that trained together one is scored after the other, and the rest have nothing to say meanwhile.
        """
        workers: dict[tuple[str, int], float] = {}
        beats = list(beats)
        for beat in beats:
            seconds = self.silent_seconds(beat)
            if seconds is not None:
                worker = (beat.host, beat.pid)
                workers[worker] = min(seconds, workers.get(worker, seconds))
        return {beat.unit_id: workers.get((beat.host, beat.pid)) for beat in beats}

    def silent_seconds(self, beat: Heartbeat) -> float | None:
        """Give the age of the last sign of life.

        Of this machine's work it is exact; of another machine's it counts from when this observer saw the file change,
        and is none when it looks for the first time.
        """
        now = time.monotonic()
        if is_here(beat) and beat.monotonic_seconds <= now:
            return now - beat.monotonic_seconds
        before = self._heard.get(beat.unit_id)
        if before is None or before[0] != beat:
            self._heard[beat.unit_id] = (beat, now)
            return None if before is None else 0.0
        return now - before[1]


def _is_dead(beat: Heartbeat) -> bool:
    """Whether the process was on this machine and is no more: it was killed and could not take its file away."""
    if not is_here(beat) or beat.pid <= 0:
        return False
    try:
        os.kill(beat.pid, 0)  # asks only whether it is there
    except ProcessLookupError:
        return True
    except PermissionError:  # it is there, and someone else's
        return False
    return False
