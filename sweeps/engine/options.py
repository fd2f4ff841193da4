"""How a launch is to run, and what it left behind. Light."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from results.store import ResultStore
from search_spaces.resources import Resources
from search_spaces.searches import Scheduler
from sweeps.clusters.session import check_address
from sweeps.observing.loggers import check_loggers
from sweeps.units.failures import FAILED_STATUSES
from sweeps.units.stopping import StopSweep
from xlt_core.errors import SpecError, XltError

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
"""One slash: `Path` makes one of two."""


@dataclass(frozen=True, kw_only=True)
class LaunchOptions:
    """Where and how to run; never part of an identity."""

    resources: Resources
    address: str | None = None
    """Of a running Ray; none: one is started here."""
    inline: bool = False
    """In this process, without Ray."""
    arrays: bool = True
    """Train several trials together where that is quicker."""
    rerun: Collection[str] = ()
    """Statuses of finished trials that are run again."""
    note: str | None = None
    """Why they are; goes into their rows."""
    stages_folder: Path | None = None
    """Of stages that several sweeps share; none: the sweep's own."""
    loggers: Sequence[str] = ()
    """Names in `sweeps.observing.loggers`."""
    quiet: bool = False


def check_options(options: LaunchOptions, scheduler: Scheduler) -> None:
    """Refuse what cannot be done, before anything is written or started.

    Args:
        options: of a launch.
        scheduler: of the sweep.

    Raises:
        SpecError: options that exclude each other, or a scheduler without Ray.
        XltError: no address, no logger, or no folder for stages.
    """
    check_address(options.address)
    check_loggers(options.loggers)
    if options.inline:
        if scheduler.chosen is not None:
            raise SpecError(
                "this sweep has a scheduler, which stops trials on Ray only; leave --inline out, or give "
                "--set scheduler=none to run every trial to its end"
            )
        if options.loggers:
            raise SpecError("loggers follow Ray Tune: leave --inline out, or --logger")
        if options.address is not None:
            raise SpecError(f"--inline runs without Ray: leave it out, or --address {options.address}")
    stages = options.stages_folder
    if stages is not None and _SCHEME.match(str(stages)):
        raise XltError(
            f"--stages {stages}: give a folder that all nodes see; a sweep in a bucket keeps its stages there itself"
        )
    if stages is not None and any(path.exists() and not path.is_dir() for path in (stages, *stages.parents)):
        raise XltError(f"--stages {stages}: is a file, or in one; give a folder, which is made where it is missing")


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
