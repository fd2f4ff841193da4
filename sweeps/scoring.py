"""Score the examples that a space draws arms of, and run nothing else. In: a space, a folder. Out: published stages.

The folder becomes the space's sweep: running it later finds the scores.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from search_spaces.searches import Scheduler
from search_spaces.space import SearchSpace
from sweeps.engine.begin import begin_sweep
from sweeps.engine.dispatch import Dispatcher
from sweeps.engine.launch import make_place, run_units
from sweeps.engine.options import LaunchOptions, check_options
from sweeps.engine.remains import clear_remains
from sweeps.engine.work import Work
from sweeps.observing.display import Display
from sweeps.planning.plan import SharedStage, collect_shared_stages
from sweeps.units.failures import Failure
from sweeps.units.lock import only_one_driver
from sweeps.units.stopping import StopSweep
from xlt_core.errors import SpecError


@dataclass(frozen=True, kw_only=True)
class ScoringOutcome:
    """What became of the score stages of a space."""

    stages: tuple[SharedStage, ...]
    """All score stages, those that were there before included."""
    failures: Mapping[str, Failure]
    """By stage key."""
    seconds: float
    stopped: StopSweep | None = None
    """Why it ended before its work was done."""

    @property
    def exit_status(self) -> int:
        """0: all are there; 1: some failed, or the disk is full; 130: stopped by the user."""
        if self.stopped is not None:
            return 130 if self.stopped.is_user_request else 1
        return 1 if self.failures else 0


def score_examples(space: SearchSpace, folder: Path, options: LaunchOptions, console: Console) -> ScoringOutcome:
    """Make sure that every score stage of a space is published, with the pre-training that it needs.

    Raises:
        SpecError: no cell of the space has examples to score.
        XltError: the space, its data or an encoder cannot be used, or another process runs the sweep.
        ResultsError: the folder holds another sweep, or something that is no sweep.
    """
    started = time.monotonic()
    check_options(options, Scheduler())  # scores are never stopped
    store, plan = begin_sweep(space, folder)
    stages = collect_shared_stages(plan.trials)
    scoring = tuple(shared for shared in stages if shared.stage.kind == "score")
    if not scoring:
        raise SpecError(
            f"space '{space.name}': nothing in it is scored; give a stage a dose and a scorer, for example "
            "intermediate: {task: mnli, dose: 1.0, difficulty: {scorer: {measure: proxy_loss, encoder: ...}}}"
        )
    wanted = {key for shared in scoring for key in (shared.stage.key, *shared.stage.needs)}
    stopped: StopSweep | None = None
    with only_one_driver(store.storage):
        place = make_place(store, options)
        clear_remains(store, place, ())
        display = Display(
            console=console, num_trials=0, before={}, heartbeats=place.scratch / "progress", quiet=options.quiet
        )
        work = Work(store=store, place=place, resources=options.resources, display=display)
        dispatcher = Dispatcher(work, plan.trials)
        dispatcher.keep_only(wanted)
        try:
            with display:
                if not dispatcher.is_finished:
                    run_units(dispatcher, options)
        except StopSweep as stop:
            stopped = stop.without_frames()
    return ScoringOutcome(
        stages=scoring, failures=dispatcher.failures, seconds=time.monotonic() - started, stopped=stopped
    )
