"""Begin, extend or resume a sweep in a folder: the plan minus what the store holds is the work.

In: a space or a folder that holds a sweep. Out: a `SweepOutcome`; everything else is in the folder.
"""

import json
import shutil
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console

from results.errors import NotASweepError
from results.schema import PENDING
from results.store import ResultStore
from search_spaces.resources import Resources
from search_spaces.searches import Scheduler
from search_spaces.space import SearchSpace
from sweeps.cluster import prepare_ray
from sweeps.dispatch import Dispatcher
from sweeps.display import Display
from sweeps.driver_note import NOTE_FILE
from sweeps.extend import GrownPlan, plan_grown_sweep, read_space
from sweeps.extremes import find_extremes
from sweeps.failures import FAILED_STATUSES
from sweeps.heartbeats import PROGRESS_FOLDER
from sweeps.job import SCRATCH, Place
from sweeps.lock import only_one_driver
from sweeps.loggers import check_loggers
from sweeps.options import LaunchOptions, SweepOutcome
from sweeps.plan import PlannedTrial, SweepPlan
from sweeps.rows import plan_row, planned_trial
from sweeps.search import open_cell_source
from sweeps.stopping import StopSweep, writing_rows
from sweeps.uploading import uploading
from sweeps.work import Work
from xlt_core.artifacts import remove_partial_folders
from xlt_core.errors import SpecError, StoreError
from xlt_core.fingerprints import Fingerprints
from xlt_core.plan import plan_trial

_LIBRARIES = ("xlt-sweeps", "torch", "transformers", "ray", "pyarrow")


def begin_sweep(space: SearchSpace, folder: Path) -> tuple[ResultStore, SweepPlan]:
    """Plan a space and make the folder its sweep's; a sweep that is there already is extended.

    Raises:
        XltError: the space, its data or its encoder cannot be used; nothing is written then.
        ResultsError: the folder holds another sweep, or something that is no sweep.
    """
    grown = plan_grown_sweep(space, _find_held(folder))
    return write_grown_plan(grown, folder), grown.plan


def _find_held(folder: Path) -> ResultStore | None:
    """The sweep that a folder holds; none where it holds none."""
    try:
        return ResultStore.open(folder)
    except NotASweepError:  # whether it may become one is seen when it is made one
        return None


def write_grown_plan(grown: GrownPlan, folder: Path) -> ResultStore:
    """Make a folder the plan's sweep, or write the plan into that sweep's folder.

    Raises:
        ResultsError: the folder holds another sweep, or something that is no sweep.
    """
    store = ResultStore.create(
        folder,
        {
            "name": grown.plan.name,
            "sweep_id": grown.plan.sweep_id,
            "space": grown.space.model_dump(mode="json"),
            "versions": {name: version(name) for name in _LIBRARIES},
        },
    )
    store.write_plan([plan_row(trial) for trial in grown.plan.trials])
    return store


def read_planned_trials(store: ResultStore, without: Collection[str] = ()) -> tuple[PlannedTrial, ...]:
    """Read every trial that was ever planned in a store, in the order of the plan.

    Args:
        store: of the sweep.
        without: ids of trials that are left out: reading the plans of thousands takes seconds.

    Raises:
        StoreError: none is planned: the launch was killed before it had planned, or the files of the plan are gone.
    """
    plan = store.plan()
    if not plan.num_rows:
        raise StoreError(
            f"{store.uri}: no trial is planned in it; run `xlt sweep run SPACE --out {store.uri}` with the space "
            f"'{store.sweep['name']}' again: it plans anew and keeps what has finished"
        )
    is_left_out = pc.is_in(plan["trial_id"], value_set=pa.array(without, pa.string()))
    return tuple(planned_trial(row) for row in plan.filter(pc.invert(is_left_out)).to_pylist())


def read_resources(store: ResultStore) -> Resources:
    """Read the resources that the sweep's space names; the defaults where it was not begun from a space."""
    space = store.sweep.get("space") or {}
    return Resources.model_validate_json(json.dumps(space.get("resources", {})))


def resume_missing(store: ResultStore, options: LaunchOptions, console: Console) -> SweepOutcome:
    """`run_missing` for every trial that was ever planned here, if it still reads what it was planned with.

    Raises:
        StoreError: as `run_missing`; or what a trial reads has changed since it was planned; nothing has run.
        XltError: as `run_missing`; or the data or the encoder are gone.
    """
    finished, damaged = store.finished(), store.find_damaged()
    settled = {
        trial_id
        for trial_id in store.plan()["trial_id"].to_pylist()
        if finished.get(trial_id, PENDING) not in {PENDING, *options.rerun} and trial_id not in damaged
    }
    trials = read_planned_trials(store, without=settled)
    _check_unchanged(trials)
    return run_missing(store, trials, options, console, settled=settled)


def _find_missing(
    finished: Mapping[str, str], trials: Sequence[PlannedTrial], options: LaunchOptions
) -> list[PlannedTrial]:
    """Trials without a row, or with one of a status to be run again."""
    wanted = {PENDING, *options.rerun}
    return [trial for trial in trials if finished.get(trial.trial_id, PENDING) in wanted]


def run_missing(
    store: ResultStore,
    trials: Sequence[PlannedTrial],
    options: LaunchOptions,
    console: Console,
    *,
    settled: Collection[str] = (),
) -> SweepOutcome:
    """Run the trials that have no row, or one of a status to be run again; leave deltas behind.

    Args:
        store: of the sweep; its plan must hold `trials`.
        trials: in the order in which they are to be run, as far as they are equally urgent.
        options: where and how.
        console: for progress; should write to stderr.
        settled: ids of trials of the plan that are not to be run and only counted.

    Raises:
        StoreError: another process is running this sweep.
        XltError: Ray cannot be started, or has not what the resources ask for; a logger is not there.
    """
    started = time.monotonic()
    check_loggers(options.loggers)
    with only_one_driver(store.storage):
        store.clear_unfinished()
        set_aside_damaged(store, console)
        finished = store.finished()
        missing = _find_missing(finished, trials, options)
        missing_ids = {trial.trial_id for trial in missing}
        scored = {trial_id for trial_id, status in finished.items() if status not in FAILED_STATUSES}
        place = make_place(store, options)
        clear_remains(place, scored - missing_ids)
        if place.is_remote:
            store.storage.remove_folder(SCRATCH)
        kept = {*settled, *(trial.trial_id for trial in trials)} - missing_ids
        display = Display(
            console=console,
            num_trials=len(kept) + len(missing),
            before=Counter(finished.get(trial_id, PENDING) for trial_id in kept),
            heartbeats=store.storage.below(f"{SCRATCH}/{PROGRESS_FOLDER}"),
            quiet=options.quiet,
            find_extremes=partial(find_extremes, store.storage),
            scratch=place.scratch,
            launch_id=place.launch_id,
            stages_folder=place.stages_folder,
        )
        space = read_space(store)
        work = Work(
            store=store,
            place=place,
            resources=options.resources,
            display=display,
            scheduler=space.scheduler if space else Scheduler(),
            former={trial_id: finished[trial_id] for trial_id in missing_ids & finished.keys()},
        )
        cells = open_cell_source(space, store, missing_ids) if space else None
        stopped: StopSweep | None = None
        with display, uploading(place, [f"{SCRATCH}/{NOTE_FILE}"]):
            try:
                if missing or cells:
                    run_units(Dispatcher(work, missing, cells), options)
            except StopSweep as stop:
                stopped = stop
            except KeyboardInterrupt:  # before our own handlers were in place
                stopped = StopSweep("stopped by Ctrl-C", is_user_request=True)
        try:
            with writing_rows():
                store.write_deltas()
        except StopSweep as stop:
            stopped = stopped or stop
    ended = store.finished()
    planned = kept | missing_ids | work.trials.keys()
    return SweepOutcome(
        store=store,
        counts=Counter(ended.get(trial_id, PENDING) for trial_id in planned),
        num_run=sum(display.counts.values()),
        seconds=time.monotonic() - started,
        stopped=stopped,
    )


def run_units(dispatcher: Dispatcher, options: LaunchOptions) -> None:
    """Run all that a dispatcher has, on Ray or in this process.

    Raises:
        StopSweep: interrupted, or the disk is full; what is published stays.
        SpecError: the sweep's scheduler, or a logger, needs Ray.
        XltError: Ray cannot be started, or has not what the resources ask for.
    """
    if options.inline:
        if dispatcher.work.scheduler.chosen is not None:
            raise SpecError(
                "this sweep has a scheduler, which stops trials on Ray only; leave --inline out, or give "
                "--set scheduler=none to run every trial to its end"
            )
        if options.loggers:
            raise SpecError("loggers follow Ray Tune: leave --inline out, or --logger")
        from sweeps.inline import run_inline

        run_inline(dispatcher)
    else:
        prepare_ray()
        from sweeps.runner import run_on_ray

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


def set_aside_damaged(store: ResultStore, console: Console) -> None:
    """Take finished trials whose files cannot be read for unfinished; the files are kept under `damaged/`."""
    for trial_id, reason in store.find_damaged().items():
        store.set_aside(trial_id)
        console.print(f"trial {trial_id} runs again: {reason}", highlight=False, soft_wrap=True, markup=False)


def clear_remains(place: Place, settled_ids: Collection[str]) -> None:
    """Remove what killed processes left: scratch, half-written stages, checkpoints of trials that have scores."""
    shutil.rmtree(place.scratch, ignore_errors=True)
    if place.stages_folder is None:  # in a shared one others may be writing
        remove_partial_folders(place.stages)
    for temporary in (place.work_folder / "tokens").glob(".*"):
        temporary.unlink(missing_ok=True)
    for trial_id in settled_ids:
        shutil.rmtree(place.work_folder / "checkpoints" / trial_id, ignore_errors=True)


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
