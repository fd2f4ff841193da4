"""Begin, extend or resume a sweep in a folder: the plan minus what the store holds is the work.

In: a space or a folder that holds a sweep. Out: a `SweepOutcome`; everything else is in the folder.
"""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from rich.console import Console

from results.schema import PENDING
from results.store import ResultStore
from search_spaces.searches import Scheduler
from search_spaces.space import SearchSpace
from sweeps.clusters.session import prepare_ray
from sweeps.engine.begin import mend_plan, read_planned_trials
from sweeps.engine.dispatch import Dispatcher
from sweeps.engine.options import LaunchOptions, SweepOutcome, check_options
from sweeps.engine.remains import clear_remains, set_damaged_aside
from sweeps.engine.work import Work
from sweeps.growth.extend import read_space
from sweeps.observing.display import Display
from sweeps.observing.driver_note import NOTE_FILE
from sweeps.observing.extremes import find_extremes
from sweeps.observing.heartbeats import PROGRESS_FOLDER
from sweeps.observing.uploading import uploading
from sweeps.planning.plan import PlannedTrial
from sweeps.search import open_cell_source
from sweeps.search.base import CellSource
from sweeps.units.failures import FAILED_STATUSES
from sweeps.units.job import SCRATCH, Place
from sweeps.units.lock import only_one_driver
from sweeps.units.stopping import StopSweep, writing_rows
from xlt_core.errors import StoreError
from xlt_core.fingerprints import Fingerprints
from xlt_core.plan import plan_trial


def resume_missing(store: ResultStore, options: LaunchOptions, console: Console) -> SweepOutcome:
    """`run_missing` for every trial that was ever planned here, if it still reads what it was planned with.

    Raises:
        StoreError: as `run_missing`; or what a trial reads has changed since it was planned; nothing has run.
        XltError: as `run_missing`; or the data or the encoder are gone.
    """
    with _driving(store, options, console) as held:
        for name in mend_plan(store):
            told = f"{name} was damaged: planned again from the space in sweep.json"
            console.print(told, highlight=False, markup=False)
        planned: list[str] = store.plan()["trial_id"].to_pylist()
        settled = set(planned) - _find_missing(held, planned, options)
        missing = read_planned_trials(store, without=settled)
        _check_unchanged(missing)
        return _launch(held, missing, settled, options, console)


def run_missing(
    store: ResultStore, trials: Sequence[PlannedTrial], options: LaunchOptions, console: Console
) -> SweepOutcome:
    """Run the trials that have no row, or one of a status to be run again; leave deltas behind.

    Args:
        store: of the sweep; its plan must hold `trials`.
        trials: in the order in which they are to be run, as far as they are equally urgent.
        options: where and how.
        console: for progress; should write to stderr.

    Raises:
        StoreError: another process is running this sweep.
        XltError: Ray cannot be started, or has not what the resources ask for; or as `check_options`.
    """
    with _driving(store, options, console) as held:
        trial_ids = {trial.trial_id for trial in trials}
        missing_ids = _find_missing(held, trial_ids, options)
        missing = [trial for trial in trials if trial.trial_id in missing_ids]
        return _launch(held, missing, trial_ids - missing_ids, options, console)


@dataclass(frozen=True, kw_only=True)
class _HeldSweep:
    """A sweep that nobody else drives, its files whole."""

    store: ResultStore
    space: SearchSpace | None
    scheduler: Scheduler
    finished: Mapping[str, str]
    """Status of every finished trial by its id."""


@contextmanager
def _driving(store: ResultStore, options: LaunchOptions, console: Console) -> Iterator[_HeldSweep]:
    """Be the only driver of a sweep that the options suit; files that are damaged are set aside."""
    space = read_space(store)
    scheduler = space.scheduler if space else Scheduler()
    check_options(options, scheduler)
    with only_one_driver(store.storage):
        store.clear_unfinished()
        set_damaged_aside(store, console)
        yield _HeldSweep(store=store, space=space, scheduler=scheduler, finished=store.finished())


def _find_missing(held: _HeldSweep, trial_ids: Iterable[str], options: LaunchOptions) -> set[str]:
    """Trials without a row, or with one of a status to be run again."""
    wanted = {PENDING, *options.rerun}
    return {trial_id for trial_id in trial_ids if held.finished.get(trial_id, PENDING) in wanted}


def _launch(
    held: _HeldSweep,
    missing: Sequence[PlannedTrial],
    settled: Collection[str],
    options: LaunchOptions,
    console: Console,
) -> SweepOutcome:
    """Run what is missing; what is settled is only counted."""
    started = time.monotonic()
    store, finished = held.store, held.finished
    missing_ids = {trial.trial_id for trial in missing}
    place = make_place(store, options)
    scored = {trial_id for trial_id, status in finished.items() if status not in FAILED_STATUSES}
    clear_remains(store, place, scored - missing_ids)
    before = Counter(finished.get(trial_id, PENDING) for trial_id in settled)
    num_trials = len(settled) + len(missing_ids)
    work = Work(
        store=store,
        place=place,
        resources=options.resources,
        display=_build_display(store, place, options, console, num_trials=num_trials, before=before),
        scheduler=held.scheduler,
        use_arrays=options.arrays,
        former={trial_id: finished[trial_id] for trial_id in missing_ids & finished.keys()},
    )
    cells = open_cell_source(held.space, store, missing_ids) if held.space else None
    stopped = _run(work, missing, cells, options)
    ended = store.finished()
    planned = {*settled, *missing_ids, *work.trials}
    return SweepOutcome(
        store=store,
        counts=Counter(ended.get(trial_id, PENDING) for trial_id in planned),
        num_run=sum(work.display.counts.values()),
        seconds=time.monotonic() - started,
        stopped=stopped,
    )


def _build_display(
    store: ResultStore,
    place: Place,
    options: LaunchOptions,
    console: Console,
    *,
    num_trials: int,
    before: Mapping[str, int],
) -> Display:
    return Display(
        console=console,
        num_trials=num_trials,
        before=before,
        heartbeats=store.storage.below(f"{SCRATCH}/{PROGRESS_FOLDER}"),
        quiet=options.quiet,
        find_extremes=partial(find_extremes, store.storage),
        scratch=place.scratch,
        launch_id=place.launch_id,
        stages_folder=place.stages_folder,
    )


def _run(
    work: Work, missing: Sequence[PlannedTrial], cells: CellSource | None, options: LaunchOptions
) -> StopSweep | None:
    """Run what is missing and leave deltas behind; give why it ended before its work was done."""
    stopped: StopSweep | None = None
    with work.display, uploading(work.place, [f"{SCRATCH}/{NOTE_FILE}"]):
        try:
            if missing or cells:
                run_units(Dispatcher(work, missing, cells), options)
        except StopSweep as stop:
            stopped = stop.without_frames()
        except KeyboardInterrupt:  # before our own handlers were in place
            stopped = StopSweep("stopped by Ctrl-C", is_user_request=True)
    try:
        with writing_rows():
            work.store.write_deltas()
    except StopSweep as stop:
        stopped = stopped or stop.without_frames()
    return stopped


def run_units(dispatcher: Dispatcher, options: LaunchOptions) -> None:
    """Run all that a dispatcher has, on Ray or in this process.

    Raises:
        StopSweep: interrupted, or the disk is full; what is published stays.
        XltError: Ray cannot be started, or has not what the resources ask for.
    """
    if options.inline:
        from sweeps.engine.inline import run_inline

        run_inline(dispatcher)
    else:
        prepare_ray()
        from sweeps.engine.runner import run_on_ray

        run_on_ray(dispatcher, options)


def make_place(store: ResultStore, options: LaunchOptions) -> Place:
    """Say where a new launch works."""
    local = store.storage.local_folder
    return Place(
        folder=str(local.absolute()) if local else store.uri,
        sweep_id=str(store.sweep["sweep_id"]),
        launch_id=uuid4().hex[:12],
        stages_folder=str(options.stages_folder.absolute()) if options.stages_folder else None,
        keep_weights=options.resources.keep_weights,
        note=options.note,
    )


def _check_unchanged(trials: Sequence[PlannedTrial]) -> None:
    """Refuse trials whose data, encoder or code are no longer those of their identity.

    Raises:
        StoreError: names one of them; nothing has run.
        XltError: the data or the encoder are gone.
    """
    fingerprints = Fingerprints()
    changed = [trial for trial in trials if plan_trial(trial.plan.spec, fingerprints).trial_id != trial.trial_id]
    if changed:
        raise StoreError(
            f"{len(changed)} of {len(trials)} trials to run, such as '{changed[0].title}', were planned with other "
            "data, another encoder or another version of this program; bring these back, or run the space again with "
            "`xlt sweep run SPACE --out` into a new folder"
        )
