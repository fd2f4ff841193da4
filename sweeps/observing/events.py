"""What happened to each stage and trial: one file of JSON lines a unit, with all its attempts, for people and programs.

In: events from the worker (`attempt stage found step checkpoint rung oom scored selected published failed stopped`).
Out: lines with the time in UTC, seconds of a clock that nobody sets, host, process, launch and attempt. Files never
hold results.
"""

import json
import math
import os
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LOGS_FOLDER = "logs"
"""Folder under the sweep folder."""

LAST_EVENTS = ("published", "failed", "stopped", "claimed")
"""Events that end an attempt."""

_MAX_BYTES = 8_000_000
_MAX_TEXT = 20_000
_MIN_SECONDS_BETWEEN_STEPS = 1.0
_STEPS_SHARE_OF_TIME = 1e-3
TAIL_BYTES = 2 * _MAX_TEXT * 4
"""The end of a file that holds its last line, a traceback even if every character of it is escaped."""
_STANDARD_FIELDS = ("time", "monotonic_seconds", "event", "attempt", "launch_id", "host", "pid")


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line of a log."""

    event: str
    time: str
    """UTC, ISO 8601."""
    monotonic_seconds: float
    """Since some moment of its own on each host (on Linux, its start): for differences between lines of one host."""
    host: str
    pid: int
    launch_id: str
    attempt: int
    """1 for the first of a launch; 0 where it is not known."""
    fields: Mapping[str, Any]
    """What else the event says: `step`, `num_steps`, `loss`, `language`, `reason`, `traceback`, ..."""

    def as_line(self) -> str:
        """Give it as it stands in the log, without the end of the line."""
        standard = {name: getattr(self, name) for name in _STANDARD_FIELDS}
        return json.dumps(standard | dict(self.fields), ensure_ascii=False)


def log_path(folder: Path, unit_id: str) -> Path:
    """Where the log of a trial (its id) or a stage (its key) of the sweep in `folder` is."""
    return folder / LOGS_FOLDER / f"{unit_id}.jsonl"


class EventLog:
    """Appends to the log of one unit; never raises for a file that fails: what is lost is a courtesy, not a result."""

    def __init__(self, path: Path, *, launch_id: str = "", attempt: int = 0) -> None:
        self._path = path
        self._launch_id = launch_id
        self._attempt = attempt
        self._began_at = time.monotonic()
        self._last_step_at = -math.inf

    def write(self, event: str, /, **fields: Any) -> None:
        """Append one event.

        Of `step` events at most one a second is kept, and fewer and fewer of an attempt that takes hours; the last step
        is always kept. A file of 8 MB takes only the end of an attempt.
        """
        now = time.monotonic()
        if event == "step" and self._is_too_soon(now, fields):
            return
        standard: dict[str, Any] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "monotonic_seconds": round(now, 3),
            "event": event,
            "attempt": self._attempt,
            "launch_id": self._launch_id,
            "host": platform.node(),
            "pid": os.getpid(),
        }
        record = {**standard, **{name: _as_plain(value) for name, value in fields.items()}, **standard}
        text = json.dumps(record, ensure_ascii=False, skipkeys=True, default=str)
        with suppress(OSError):
            self._append(text.encode("utf-8", "backslashreplace"), is_last=event in LAST_EVENTS)

    def _is_too_soon(self, now: float, fields: Mapping[str, Any]) -> bool:
        is_last_step = "num_steps" in fields and fields.get("step") == fields["num_steps"]
        pause = max(_MIN_SECONDS_BETWEEN_STEPS, _STEPS_SHARE_OF_TIME * (now - self._began_at))
        if not is_last_step and now - self._last_step_at < pause:
            return True
        self._last_step_at = now
        return False

    def _append(self, line: bytes, *, is_last: bool) -> None:
        """Append by one call of the system, so that lines of two processes are never mixed."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            if size >= _MAX_BYTES and not is_last:
                return
            is_half = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"  # of a writer that was killed
            os.write(descriptor, b"\n" * is_half + line + b"\n")
        finally:
            os.close(descriptor)


def read_events(path: Path) -> list[Event]:
    """Read a log, oldest first; half lines are left out, and no file is no events."""
    try:
        return list(parse_events(path.read_bytes()))
    except FileNotFoundError:
        return []


def parse_events(content: bytes) -> Iterator[Event]:
    """Read lines; what is no line of a log is left out."""
    for line in content.splitlines():
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            record = json.loads(line)
            standard = {name: record.pop(name) for name in _STANDARD_FIELDS}
            yield Event(**standard, fields=record)


def _as_plain(value: Any) -> Any:
    """A value that any reader of JSON takes: NaN and infinity as words, long texts by their end."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, str) and len(value) > _MAX_TEXT:
        return f"[{len(value) - _MAX_TEXT} characters left out] {value[-_MAX_TEXT:]}"
    return value
