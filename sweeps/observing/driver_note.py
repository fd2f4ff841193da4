"""What the driver of a sweep knows and others do not: its pace, and where it looks for shared stages; one small file.

In: the driver's books, every few seconds. Out: what `watch` and `status` read, in another process or machine.
"""

import json
import os
import platform
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

NOTE_FILE = "driver.json"
"""Name under a sweep's scratch."""


@dataclass(frozen=True, kw_only=True)
class DriverNote:
    """Where a launch stands."""

    num_trials: int
    """Planned, all of them."""
    counts: Mapping[str, int]
    """Trials by status, those that were finished before this launch among them."""
    launch_id: str = ""
    stages_folder: str | None = None
    """Of stages that several sweeps share."""
    trials_per_minute: float | None = None
    seconds_left: float | None = None
    host: str = field(default_factory=platform.node)
    pid: int = field(default_factory=os.getpid)
    num_writes: int = 0
    """Grows with each: whoever sees it grow knows that the driver lives."""
    monotonic_seconds: float = field(default_factory=time.monotonic)
    """When it was written, by the host's clock since its start."""


def write_driver_note(scratch: Path, note: DriverNote) -> None:
    """Write it whole; never raises for a file that fails."""
    path = scratch / NOTE_FILE
    temporary = path.with_suffix(".tmp")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(asdict(note)), encoding="utf-8")
        temporary.replace(path)


def parse_driver_note(content: bytes) -> DriverNote | None:
    """Read it; none where it is not one."""
    with suppress(ValueError, TypeError):
        return DriverNote(**json.loads(content))
    return None
