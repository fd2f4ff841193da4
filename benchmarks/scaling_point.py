"""One size of one series of `benchmarks.scaling`, in a process of its own: takes the time and memory of what counts.

In: blocks under `Point.measured`. Out: `Figure`s; what comes before the first block is start-up or preparation.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One block, once."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    """Of the process in the block, with all that it holds."""


@dataclass
class Point:
    """One size of one series, in a process of its own."""

    size: int
    folder: Path
    """Of this point alone; may be filled."""
    sweep: Path
    """A finished sweep of this many trials, where the series has one."""
    figures: dict[str, Figure] = field(default_factory=dict)
    start_up_seconds: float = 0.0
    """Processor time until the first block, without preparation: Python and what it imports."""
    _prepared_seconds: float = 0.0

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """Neither counts nor is start-up."""
        began = time.process_time()
        yield
        self._prepared_seconds += time.process_time() - began

    @contextmanager
    def measured(self, name: str) -> Iterator[None]:
        """Count what is done meanwhile."""
        self.start_up_seconds = self.start_up_seconds or time.process_time() - self._prepared_seconds
        gc.collect()
        _forget_peak()
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        self.figures[name] = Figure(wall_seconds=wall, cpu_seconds=cpu, peak_bytes=_read_peak())

    def add_up(self, name: str) -> None:
        """Give all blocks together a name of their own."""
        blocks = [*self.figures.values()]
        self.figures[name] = Figure(
            wall_seconds=sum(one.wall_seconds for one in blocks),
            cpu_seconds=sum(one.cpu_seconds for one in blocks),
            peak_bytes=max(one.peak_bytes for one in blocks),
        )

    def as_json(self) -> dict[str, Any]:
        """Give plain values."""
        figures = {name: asdict(figure) for name, figure in self.figures.items()}
        return {"start_up_seconds": self.start_up_seconds, "figures": figures}


@dataclass(frozen=True, kw_only=True)
class Series:
    """A cost along one axis; its points are measured at every size."""

    axis: str
    measure: Callable[[Point], None]
    sizes: tuple[int, ...]
    on_sweep: bool = False
    """Needs a finished sweep."""
    is_per_trial: bool = False
    """Held to a second a thousand trials."""


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _read_peak() -> int:
    fields = dict(line.split(":", 1) for line in _STATUS.read_text(encoding="ascii").splitlines())
    return int(fields["VmHWM"].split()[0]) * 1024
