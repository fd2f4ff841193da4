"""What a process takes of its machine: its memory, and the memory and time of its GPU. In: nothing. Out: `Vitals`.

Light: torch is looked at only where the process has loaded it and works on a GPU.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Vitals:
    """Of one process; none: not known."""

    resident_bytes: int | None = None
    """Of this process in the machine's memory."""
    device: str | None = None
    """The GPU's name; none: it works on none."""
    device_id: str | None = None
    """Tells GPUs of one name apart."""
    device_bytes: int | None = None
    """In use on the whole GPU, by all processes."""
    device_total_bytes: int | None = None
    device_percent: int | None = None
    """Share of the time in which the GPU computed, lately; known where the package nvidia-ml-py is installed."""


def measure_vitals() -> Vitals:
    """Look at this process; takes less than a millisecond on a CPU."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return Vitals(resident_bytes=_resident_bytes())
    free, total = torch.cuda.mem_get_info()
    return Vitals(
        resident_bytes=_resident_bytes(),
        device=torch.cuda.get_device_name(),
        device_id=_device_id(torch.cuda),
        device_bytes=total - free,
        device_total_bytes=total,
        device_percent=_device_percent(torch.cuda),
    )


def _resident_bytes() -> int | None:
    try:
        num_pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):  # not Linux
        return None
    return num_pages * os.sysconf("SC_PAGE_SIZE")


def _device_id(cuda: Any) -> str | None:
    uuid = getattr(cuda.get_device_properties(), "uuid", None)
    return None if uuid is None else str(uuid)


def _device_percent(cuda: Any) -> int | None:
    try:
        return int(cuda.utilization())
    except Exception:  # no package, no driver library, a slice of a GPU: each with an error of its own
        return None
