"""How a launch is to run, and what it left behind. Light."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from results.store import ResultStore
from search_spaces.resources import Resources
from sweeps.failures import FAILED_STATUSES
from sweeps.stopping import StopSweep


@dataclass(frozen=True, kw_only=True)
class LaunchOptions:
    """Where and how to run; never part of an identity."""

    resources: Resources
    address: str | None = None
    """Of a running Ray; none: one is started here."""
    inline: bool = False
    """In this process, without Ray."""
    rerun: Collection[str] = ()
    """Statuses of finished trials that are run again."""
    note: str | None = None
    """Why they are; goes into their rows."""
    stages_folder: Path | None = None
    """Of stages that several sweeps share; none: the sweep's own."""
    loggers: Sequence[str] = ()
    """Names in `sweeps.loggers`."""
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class SweepOutcome:
    """What a launch left behind."""

    store: ResultStore
    counts: Counter[str]
    """Trials of the launch's plan by status, `pending` among them."""
    num_run: int
    """Trials that this launch gave a row."""
    seconds: float
    stopped: StopSweep | None = None
    """Why the sweep ended before its work was done."""

    @property
    def exit_status(self) -> int:
        """0: every trial has scores; 1: some failed, or the disk is full; 130: stopped by the user."""
        if self.stopped is not None:
            return 130 if self.stopped.is_user_request else 1
        return 1 if any(self.counts[status] for status in FAILED_STATUSES) else 0
